"""Which Builds history no longer keeps.

Rules (kpack v0.0.9): failed and successful Builds are counted apart, the oldest beyond each limit go. Unlike kpack all
of them go at once, and the newest Build always stays, whatever the limits, since the next decision is made against it.
"""

from kpack_api.types import Build, ImageSpec
from kpack_reconciler.decide.builds import has_failed, has_succeeded
from kpack_reconciler.model.actions import DeleteBuild


def trim_history(builds: tuple[Build, ...], spec: ImageSpec) -> tuple[DeleteBuild, ...]:
    """Orders to delete what is beyond the limits; `builds` are all of the Image's, oldest first."""
    failed = tuple(build for build in builds if has_failed(build))
    succeeded = tuple(build for build in builds if has_succeeded(build))
    newest = builds[-1:]
    return (
        *_beyond(failed, spec.failed_build_history_limit, newest, "failed"),
        *_beyond(succeeded, spec.success_build_history_limit, newest, "successful"),
    )


def _beyond(builds: tuple[Build, ...], limit: int, kept: tuple[Build, ...], word: str) -> tuple[DeleteBuild, ...]:
    surplus = builds[: max(0, len(builds) - max(0, limit))]
    return tuple(
        DeleteBuild(
            namespace=build.metadata.namespace,
            name=build.metadata.name,
            uid=build.metadata.uid,
            reason=f"more than {limit} {word} builds",
        )
        for build in surplus
        if build not in kept and build.metadata.deletion_timestamp is None
    )
