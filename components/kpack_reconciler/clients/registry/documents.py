"""The documents of an image as far as the registry client reads them: which image an index has for us, and its config.

Rules:
- Of an index the image for linux/amd64 is taken; an entry without platform counts as such (kpack's registry library).
- A media type that a server does not tell is taken from the document itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from kpack_reconciler.clients.registry.answers import UNREADABLE, one_line
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.references import DIGEST, ImageReference

MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEX_TYPES: Final = (MANIFEST_TYPES[0], MANIFEST_TYPES[2])
_PLATFORM = ("linux", "amd64")
_T = TypeVar("_T")


class _Platform(msgspec.Struct):
    os: str = ""
    architecture: str = ""


class _Descriptor(msgspec.Struct):
    digest: str = ""
    platform: _Platform | None = None


class _Document(msgspec.Struct):
    media_type: str = msgspec.field(name="mediaType", default="")
    config: _Descriptor | None = None
    manifests: tuple[_Descriptor, ...] | None = None


class _Container(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)
    env: tuple[str, ...] | None = msgspec.field(name="Env", default=None)


class _Config(msgspec.Struct):
    config: _Container | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest or index: bytes as received, their media type and digest."""

    raw: bytes
    media_type: str
    digest: str

    @property
    def is_index(self) -> bool:
        """Whether it lists images, rather than being one's."""
        return self.media_type in INDEX_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """An image's config: its labels, its environment as `NAME=value`, and the digest of its manifest."""

    raw: bytes
    labels: Mapping[str, str]
    env: tuple[str, ...]
    digest: str


def media_type_of(raw: bytes, told: str, reference: ImageReference) -> str:
    """The media type of a manifest, by its server or by itself. Raises PermanentError where it is none."""
    if told in MANIFEST_TYPES:
        return told
    if "html" in told:
        raise PermanentError(
            "NotARegistry",
            f"{reference}: registry {reference.registry} answered a web page ({one_line(told)}), no manifest:"
            " check the name of the image",
        )
    own = _decode(raw, _Document, reference).media_type
    if own not in MANIFEST_TYPES:
        raise PermanentError(
            "UnsupportedImage",
            f"{reference} is no container image that can be used: its manifest is of type"
            f" {one_line(own or told) or 'unknown'}; push it again in OCI or Docker (schema 2) form",
        )
    return own


def image_in(index: Manifest, reference: ImageReference) -> str:
    """The digest of an index's image for linux/amd64. Raises PermanentError."""
    for descriptor in _decode(index.raw, _Document, reference).manifests or ():
        platform = descriptor.platform
        if platform is None or (platform.os, platform.architecture) == _PLATFORM:
            return _checked(descriptor, reference)
    raise PermanentError(
        "UnsupportedPlatform", f"no child with platform linux/amd64 in index {reference}: push the image for it, too"
    )


def config_of(manifest: Manifest, reference: ImageReference) -> str:
    """The digest of an image's config. Raises PermanentError."""
    descriptor = _decode(manifest.raw, _Document, reference).config
    if descriptor is None:
        raise PermanentError("UnsupportedImage", f"{reference} is no container image: its manifest has no config")
    return _checked(descriptor, reference)


def read_config(raw: bytes, manifest: Manifest, reference: ImageReference) -> ImageConfig:
    """An image's config. Raises PermanentError where it is none."""
    container = _decode(raw, _Config, reference).config or _Container()
    return ImageConfig(raw=raw, labels=container.labels or {}, env=container.env or (), digest=manifest.digest)


def _checked(descriptor: _Descriptor, reference: ImageReference) -> str:
    if not DIGEST.fullmatch(descriptor.digest):
        raise PermanentError(
            "UnsupportedImage", f"{reference} is no container image: it refers to {one_line(descriptor.digest)!r}"
        )
    return descriptor.digest


def _decode(raw: bytes, shape: type[_T], reference: ImageReference) -> _T:
    try:
        return msgspec.json.decode(raw, type=shape)
    except UNREADABLE as error:
        raise PermanentError("UnsupportedImage", f"{reference} is no container image: {error}") from error
