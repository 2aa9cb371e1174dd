"""Rebase: an application image put onto another run image, without a container and without its layers.

Owns the composition: which layers, labels and metadata the new image has, and which blobs it needs from where. Bytes
in, bytes out. Leaves the checks to `rebase_checks`, the registry to `effects.rebase`.

Rules (lifecycle v0.20 and v0.21 with imgutil; the same images give the same digest):
- All layers of the new run image, then those of the application above the first one that is `runImage.topLayer`.
- The container config stays the application's: environment, user and entry point of the run image do not arrive.
- Labels `io.buildpacks.stack.*` come from the run image; from platform API 0.12 on `io.buildpacks.base.*` do, too.
- From platform API 0.12 on the run image must have a name that the application knows.
- Layers are paired by place, not by history: the reference damages images whose history is incomplete.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from kpack_reconciler.model.image_documents import (
    ImageDocuments,
    ImageLayer,
    digest_of,
    read_documents,
    write_config,
    write_manifest,
)
from kpack_reconciler.model.lifecycle_metadata import METADATA_LABEL, LifecycleMetadata
from kpack_reconciler.model.rebase_checks import TARGETS_SINCE, NotRebasableError, check, read_label
from kpack_reconciler.model.references import ImageReference

_STACK_PREFIX, _BASE_PREFIX = "io.buildpacks.stack.", "io.buildpacks.base."


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImage:
    """An image as a registry has it: where (by the digest of this manifest), its manifest and its config."""

    reference: ImageReference
    manifest: bytes
    config: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededBlob:
    """A layer of the new image, and the image in whose repository it lies."""

    digest: str
    size: int
    source: ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class RebasedImage:
    """The new image: what is pushed, its digest, its labels, and the layers that must be there first."""

    config: bytes
    manifest: bytes
    digest: str
    labels: Mapping[str, str]
    blobs: tuple[NeededBlob, ...]


def documents_of(image: RemoteImage) -> ImageDocuments:
    """Read an image. Raises NotRebasableError where it is none."""
    try:
        return read_documents(image.manifest, image.config)
    except ValueError as error:
        raise NotRebasableError("UnreadableImage", f"{image.reference}: {error}") from error


def rebase(app: RemoteImage, base: RemoteImage, *, run_image: str, platform_api: tuple[int, int]) -> RebasedImage:
    """Put `app` onto `base`, the image behind the name `run_image`, as a rebaser at this platform API does.

    Raises NotRebasableError.
    """
    old, new = documents_of(app), documents_of(base)
    check(old, new)
    metadata = read_label(old.labels, METADATA_LABEL, LifecycleMetadata, subject="image metadata")
    metadata = metadata or LifecycleMetadata()
    upper = _above(old.layers, metadata.run_image.top_layer)
    if not new.layers:
        raise NotRebasableError("UnreadableImage", "get rebase run image top layer SHA: image has no layers")
    moved = metadata.moved(top_layer=new.layers[-1].diff_id, reference=str(base.reference))
    if platform_api >= TARGETS_SINCE:
        _check_name(moved, run_image)
    labels = _labels({**old.labels, METADATA_LABEL: moved.label()}, new.labels, platform_api)
    result = dataclasses.replace(
        old,
        layers=(*new.layers, *upper),
        labels=labels,
        os=new.os,
        architecture=new.architecture,
        os_version=new.os_version,
    )
    held = {layer.digest for layer in old.layers}
    needed = (layer for layer in result.layers if layer.is_distributable)
    return _written(result, tuple(_needed(layer, app if layer.digest in held else base) for layer in needed))


def _above(layers: tuple[ImageLayer, ...], top: str) -> tuple[ImageLayer, ...]:
    for place, layer in enumerate(layers):
        if layer.diff_id == top:
            return layers[place + 1 :]
    raise NotRebasableError("BaseLayerNotFound", "rebase app image: could not find base layer in image")


def _check_name(metadata: LifecycleMetadata, run_image: str) -> None:
    if not metadata.names(run_image):
        raise NotRebasableError(
            "UnknownRunImage",
            f"rebase app image: new base image '{run_image}' not found in existing run image metadata:"
            f" {metadata.told_names()}; please provide -force to override",
        )


def _labels(app: Mapping[str, str], base: Mapping[str, str], platform_api: tuple[int, int]) -> dict[str, str]:
    """The application's labels, with those that tell of the run image taken from it."""
    prefixes = (_STACK_PREFIX, _BASE_PREFIX) if platform_api >= TARGETS_SINCE else (_STACK_PREFIX,)
    kept = {name: value for name, value in app.items() if not name.startswith(prefixes)}
    return kept | {name: value for name, value in base.items() if name.startswith(prefixes)}


def _needed(layer: ImageLayer, holder: RemoteImage) -> NeededBlob:
    return NeededBlob(digest=layer.digest, size=layer.size, source=holder.reference)


def _written(image: ImageDocuments, blobs: tuple[NeededBlob, ...]) -> RebasedImage:
    config = write_config(image)
    manifest = write_manifest(image, config)
    return RebasedImage(
        config=config,
        manifest=manifest,
        digest=digest_of(manifest),
        labels=image.labels,
        blobs=tuple({blob.digest: blob for blob in blobs}.values()),
    )
