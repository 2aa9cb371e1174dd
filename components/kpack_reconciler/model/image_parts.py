"""What an image is made of, as its documents list it: images of an index, blobs of an image, labels of a config.

Owns reading what has to be copied. Leaves whole images, read to be written anew, to `image_documents`.

Rule: a digest that is none is refused, for it becomes part of a URL; so is a size below 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from kpack_reconciler.model.references import DIGEST

_NOT_DISTRIBUTABLE = ("foreign", "nondistributable")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A blob that an image is made of."""

    digest: str
    size: int


class _Descriptor(msgspec.Struct):
    media_type: str = msgspec.field(name="mediaType", default="")
    digest: str = ""
    size: int = -1


class _Manifest(msgspec.Struct):
    config: _Descriptor
    layers: list[_Descriptor]


class _Index(msgspec.Struct):
    manifests: list[_Descriptor]


class _Container(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _Config(msgspec.Struct):
    created: str | None = None
    config: _Container | None = None


def read_created_and_labels(config: bytes) -> tuple[str, Mapping[str, str]]:
    """What a config tells: when the image was made ("" for nothing), and its labels. Raises ValueError."""
    found = _decode(config, _Config, "an image's config")
    return found.created or "", (found.config or _Container()).labels or {}


def children_of(index: bytes) -> tuple[str, ...]:
    """The digests of the images that an index lists. Raises ValueError."""
    listed = _decode(index, _Index, "an index").manifests
    return tuple(dict.fromkeys(_checked(each).digest for each in listed))


def config_of(manifest: bytes) -> str:
    """The digest of an image's config. Raises ValueError."""
    return _checked(_decode(manifest, _Manifest, "an image's manifest").config).digest


def blobs_of(manifest: bytes) -> tuple[Blob, ...]:
    """Layers and config of an image, but for layers that registries do not hold. Raises ValueError."""
    found = _decode(manifest, _Manifest, "an image's manifest")
    held = (each for each in found.layers if not any(word in each.media_type for word in _NOT_DISTRIBUTABLE))
    blobs = (Blob(digest=each.digest, size=each.size) for each in map(_checked, (*held, found.config)))
    return tuple({blob.digest: blob for blob in blobs}.values())


def _checked(descriptor: _Descriptor) -> _Descriptor:
    if not DIGEST.fullmatch(descriptor.digest) or descriptor.size < 0:
        raise ValueError(f"it refers to {descriptor.digest[:100]!r} of size {descriptor.size}")
    return descriptor


def _decode(raw: bytes, shape: type[_T], what: str) -> _T:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"it is not {what}: {error}") from error
