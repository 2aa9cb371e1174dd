"""An image as its manifest and config tell it, Docker's and OCI's form alike, and how both are written again.

Owns which members there are and their order (go-containerregistry `pkg/v1`, Docker image specification v1.2). Leaves
what becomes of them to `rebase`.

Rules:
- A manifest's layers and a config's `diff_ids` are paired by their place; images where they differ are refused.
- Descriptors are kept with their own media types: a Docker manifest with OCI layers is valid.
- What go-containerregistry does not know is not written again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from kpack_reconciler.model.go_json import encode
from kpack_reconciler.model.references import DIGEST

DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
CREATED: Final = "1980-01-01T00:00:01Z"
"""The time that buildpacks give to everything."""

_DESCRIPTOR = ("mediaType", "size", "digest", "data", "urls", "annotations", "platform", "artifactType")
_ALWAYS = frozenset({"mediaType", "size", "digest"})
_CONTAINER = (
    *("AttachStderr", "AttachStdin", "AttachStdout", "Cmd", "Healthcheck", "Domainname", "Entrypoint", "Env"),
    *("Hostname", "Image", "Labels", "OnBuild", "OpenStdin", "StdinOnce", "Tty", "User", "Volumes", "WorkingDir"),
    *("ExposedPorts", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "Shell"),
)
_HEALTHCHECK = ("Test", "Interval", "Timeout", "StartPeriod", "Retries")
_SETS = ("Volumes", "ExposedPorts")
_TOLD = 100
_NOT_DISTRIBUTABLE = ("foreign", "nondistributable")


class _Descriptor(msgspec.Struct):
    media_type: str = msgspec.field(name="mediaType")
    size: int
    digest: str
    annotations: dict[str, str] | None = None


class _Manifest(msgspec.Struct):
    config: dict[str, Any]
    layers: list[dict[str, Any]]


class _Container(msgspec.Struct, rename="pascal"):
    """What is read or written anew of a container config; the rest is passed on as it is."""

    labels: dict[str, str] | None = None
    env: list[str] | None = None
    healthcheck: dict[str, Any] | None = None
    volumes: dict[str, Any] | None = None
    exposed_ports: dict[str, Any] | None = None


class _RootFs(msgspec.Struct):
    diff_ids: list[str]


class _Config(msgspec.Struct):
    rootfs: _RootFs
    config: dict[str, Any] | None = None
    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = msgspec.field(name="os.version", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLayer:
    """A layer: its descriptor as the manifest has it, and the digest of what it holds uncompressed."""

    descriptor: Mapping[str, Any]
    media_type: str
    digest: str
    size: int
    diff_id: str

    @property
    def is_distributable(self) -> bool:
        """Whether registries hold it; others are fetched from where their vendor keeps them."""
        return not any(word in self.media_type for word in _NOT_DISTRIBUTABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDocuments:
    """An image's layers from the bottom up, its container config, and what it runs on."""

    layers: tuple[ImageLayer, ...]
    container: Mapping[str, Any]
    labels: Mapping[str, str]
    environment: Sequence[str]
    os: str
    architecture: str
    variant: str
    os_version: str


def read_documents(manifest: bytes, config: bytes) -> ImageDocuments:
    """Read both. Raises ValueError where they are no image's manifest and config or do not fit each other."""
    try:
        layers = msgspec.json.decode(manifest, type=_Manifest).layers
        image = msgspec.json.decode(config, type=_Config)
        container = msgspec.convert(image.config or {}, _Container)
        paired = tuple(_layer(*pair) for pair in zip(layers, image.rootfs.diff_ids, strict=True))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"manifest and config do not describe one container image: {error}") from error
    return ImageDocuments(
        layers=paired,
        container=image.config or {},
        labels=container.labels or {},
        environment=container.env or (),
        os=image.os,
        architecture=image.architecture,
        variant=image.variant,
        os_version=image.os_version,
    )


def write_config(image: ImageDocuments) -> bytes:
    """The config, without the members that say who made the image, how, and when."""
    document = {
        "architecture": image.architecture,
        "created": CREATED,
        "history": [{"created": CREATED} for _ in image.layers],
        "os": image.os,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in image.layers]},
        "config": _container(image),
        **({"os.version": image.os_version} if image.os_version else {}),
    }
    return encode(document)


def write_manifest(image: ImageDocuments, config: bytes) -> bytes:
    """The manifest, in Docker's form whatever form the images were read in."""
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": DOCKER_CONFIG, "size": len(config), "digest": digest_of(config)},
        "layers": [_descriptor(layer.descriptor) for layer in image.layers],
    }
    return encode(document)


def digest_of(content: bytes) -> str:
    """The digest of bytes, as registries write it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _layer(descriptor: dict[str, Any], diff_id: str) -> ImageLayer:
    known = msgspec.convert(descriptor, _Descriptor)
    if not DIGEST.fullmatch(known.digest) or known.size < 0:
        raise ValueError(f"a layer has digest {known.digest[:_TOLD]!r} and size {known.size}")
    return ImageLayer(
        descriptor=descriptor, media_type=known.media_type, digest=known.digest, size=known.size, diff_id=diff_id
    )


def _descriptor(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: descriptor.get(name) for name in _DESCRIPTOR if name in _ALWAYS or descriptor.get(name)}
    if annotations := written.get("annotations"):
        written["annotations"] = _sorted(annotations)
    return written


def _container(image: ImageDocuments) -> dict[str, Any]:
    """The container config with the image's labels; empty members are left out."""
    present = {**image.container, "Labels": _sorted(image.labels)}
    written = {name: present[name] for name in _CONTAINER if present.get(name)}
    if healthcheck := written.get("Healthcheck"):
        written["Healthcheck"] = {name: healthcheck[name] for name in _HEALTHCHECK if healthcheck.get(name)}
    for name in _SETS:
        if name in written:
            written[name] = {key: {} for key in sorted(written[name])}
    return written


def _sorted(members: Mapping[str, str]) -> dict[str, str]:
    return {key: members[key] for key in sorted(members)}
