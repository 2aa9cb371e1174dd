"""Reading Builds: their order, whether they ended, and their result's digest reference.

Rules:
- A missing `Succeeded` condition counts as Unknown, that is running.
- Builds are ordered by number, then creation time, then name, since creation times have a grain of one second.
"""

from collections.abc import Iterable

from kpack_api.names import ConditionType
from kpack_api.types import Build, LatestSuccess
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.model.numbers import build_number


def succeeded_condition(build: Build) -> Condition:
    """The Build's `Succeeded` condition; Unknown where it has none."""
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    return condition or Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN)


def is_running(build: Build) -> bool:
    """Whether the Build has no final result yet."""
    return succeeded_condition(build).status == ConditionStatus.UNKNOWN


def has_succeeded(build: Build) -> bool:
    """Whether the Build ended well."""
    return succeeded_condition(build).status == ConditionStatus.TRUE


def has_failed(build: Build) -> bool:
    """Whether the Build ended badly."""
    return succeeded_condition(build).status == ConditionStatus.FALSE


def as_success(build: Build) -> LatestSuccess:
    """What a Build that ended well was made of."""
    git = build.spec.source.git
    return LatestSuccess(
        build_ref=build.metadata.name,
        revision=git.revision if git is not None else "",
        build_metadata=build.status.build_metadata,
        stack=build.status.stack,
        completion_time=succeeded_condition(build).last_transition_time or "",
    )


def in_order(builds: Iterable[Build], *, owner_uid: str) -> tuple[Build, ...]:
    """The numbered Builds, oldest first, without those that another owner than this one controls."""
    owned = (build for build in builds if _may_belong_to(build, owner_uid) and build_number(build))
    return tuple(sorted(owned, key=_position))


def _may_belong_to(build: Build, owner_uid: str) -> bool:
    controller = build.metadata.controller
    return controller is None or controller.uid == owner_uid


def _position(build: Build) -> tuple[int, str, str]:
    return build_number(build), build.metadata.creation_timestamp or "", build.metadata.name
