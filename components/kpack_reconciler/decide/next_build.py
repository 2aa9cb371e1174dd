"""The Build that an Image makes next.

Rules (kpack v0.0.9):
- Its number is the newest Build's plus one. Its name is computed, so a second look at stale data meets AlreadyExists.
- After a success `lastBuild` is that result; after a failure the failed Build's own, so the last success is kept.
- The builder's run image is kept with the Build (ours), which is put onto that one and is compared by it.
- The Image's labels are passed on, and its annotations but those that belong to tools or would trigger builds for ever.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from kpack_api.names import (
    BUILD_NEEDED_ANNOTATION,
    BUILD_NUMBER_LABEL,
    BUILD_REASON_ANNOTATION,
    IMAGE_GENERATION_LABEL,
    IMAGE_LABEL,
    RUN_IMAGE_ANNOTATION,
    BuildReason,
    build_name,
)
from kpack_api.types import Build, Builder, BuildSpec, Image, LastBuild, Source
from kpack_reconciler.decide.builds import has_succeeded
from kpack_reconciler.decide.children import child_metadata
from kpack_reconciler.decide.tags import build_tags
from kpack_reconciler.model.numbers import build_number

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KEPT_BACK = frozenset({_LAST_APPLIED, BUILD_NEEDED_ANNOTATION, BUILD_REASON_ANNOTATION, RUN_IMAGE_ANNOTATION})
_PULUMI_PREFIX = "pulumi.com/"


def next_build(image: Image, newest: Build | None, reasons: tuple[BuildReason, ...]) -> Build:
    """The metadata of the next Build; `with_inputs` adds what it is made of."""
    number = 1 if newest is None else build_number(newest) + 1
    metadata = child_metadata(image, build_name(image.metadata.name, number, uid=image.metadata.uid))
    labels = {
        **image.metadata.labels,
        IMAGE_LABEL: image.metadata.name,
        BUILD_NUMBER_LABEL: str(number),
        IMAGE_GENERATION_LABEL: str(image.metadata.generation),
    }
    annotations = {**_passed_on(image.metadata.annotations), BUILD_REASON_ANNOTATION: ",".join(reasons)}
    spec = BuildSpec(service_account=image.spec.service_account, last_build=_last_build(newest))
    return Build(metadata=replace(metadata, labels=labels, annotations=annotations), spec=spec)


def with_inputs(build: Build, image: Image, builder: Builder, source: Source, now: datetime) -> Build:
    """The Build with tags, builder, resolved source and settings. Raises InvalidReferenceError for a bad tag."""
    wanted = image.spec.build
    spec = replace(
        build.spec,
        tags=build_tags(image.spec, number=build_number(build), now=now),
        builder_image=builder.status.latest_image,
        builder_image_pull_secrets=builder.spec.image_pull_secrets,
        source=_resolved(source),
        bindings=wanted.bindings,
        env=wanted.env,
        resources=wanted.resources,
    )
    annotations = {**build.metadata.annotations, RUN_IMAGE_ANNOTATION: builder.status.stack.run_image}
    return replace(build, metadata=replace(build.metadata, annotations=annotations), spec=spec)


def with_cache(build: Build, cache_name: str) -> Build:
    """The Build with a cache's claim, "" for none."""
    return replace(build, spec=replace(build.spec, cache_name=cache_name))


def _last_build(newest: Build | None) -> LastBuild | None:
    if newest is None:
        return None
    if not has_succeeded(newest):
        return newest.spec.last_build
    return LastBuild(image=newest.status.latest_image, stack_id=newest.status.stack.id)


def _resolved(source: Source) -> Source:
    """A Build carries no git type: its revision is always resolved."""
    return source if source.git is None else replace(source, git=replace(source.git, type=None))


def _passed_on(annotations: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value for key, value in annotations.items() if key not in _KEPT_BACK and not key.startswith(_PULUMI_PREFIX)
    }
