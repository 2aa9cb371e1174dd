"""What an application image's labels say: its buildpacks, its stack, the run image it lies on.

Owns how the labels become a Build's result (kpack v0.0.9 `pkg/cnb`). Leaves fetching to whoever has a client.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_reconciler.model.references import ImageReference, parse_image

BUILD_METADATA_LABEL: Final = "io.buildpacks.build.metadata"
LIFECYCLE_METADATA_LABEL: Final = "io.buildpacks.lifecycle.metadata"
STACK_LABEL: Final = "io.buildpacks.stack.id"


class _BuildMetadata(msgspec.Struct):
    buildpacks: list[BuildpackMetadata] | None = None


class _RunImageName(msgspec.Struct):
    image: str = ""


class _Stack(msgspec.Struct, rename="camel"):
    run_image: _RunImageName = msgspec.field(default_factory=_RunImageName)


class _RunImage(msgspec.Struct):
    image: str = ""
    reference: str = ""


class _LifecycleMetadata(msgspec.Struct, rename="camel"):
    run_image: _RunImage = msgspec.field(default_factory=_RunImage)
    stack: _Stack = msgspec.field(default_factory=_Stack)


def read_built_image(reference: ImageReference, labels: Mapping[str, str]) -> BuiltImage:
    """The result of the build that made this image, a digest reference. Raises ValueError for foreign labels."""
    try:
        build = msgspec.json.decode(labels.get(BUILD_METADATA_LABEL, "{}"), type=_BuildMetadata)
        lifecycle = msgspec.json.decode(labels.get(LIFECYCLE_METADATA_LABEL, "{}"), type=_LifecycleMetadata)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"{reference} has labels that the lifecycle does not write: {error}") from error
    return BuiltImage(
        latest_image=str(reference),
        stack=BuildStack(run_image=_run_image(lifecycle), id=labels.get(STACK_LABEL, "")),
        build_metadata=tuple(build.buildpacks or ()),
    )


def _run_image(metadata: _LifecycleMetadata) -> str:
    """`<repository of the run image's name>@<digest that the application lies on>`, as kpack writes it."""
    name = metadata.stack.run_image.image or metadata.run_image.image
    reference = parse_image(metadata.run_image.reference) if metadata.run_image.reference else None
    if reference is None or reference.digest is None:
        return metadata.run_image.reference
    return str(parse_image(name).with_digest(reference.digest)) if name else str(reference)
