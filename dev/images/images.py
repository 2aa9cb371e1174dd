"""Composed images: layers and a config, and how they are pushed.

Owns the manifest's and config's shape (Docker schema 2, which every tool of the field reads).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from dev.errors import DevError
from dev.images.layers import Layer
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.references import ImageReference, parse_tag

MANIFEST_TYPE: Final = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE: Final = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CREATED: Final = "1980-01-01T00:00:01Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedImage:
    """An image to push: layers from the bottom up, and what its config says."""

    layers: tuple[Layer, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    working_directory: str = ""

    def with_layers(self, layers: Sequence[Layer], *, labels: Mapping[str, str]) -> "ComposedImage":
        """The image with more layers on top and more labels."""
        return ComposedImage(
            layers=(*self.layers, *layers),
            environment=self.environment,
            labels={**self.labels, **labels},
            user=self.user,
            entrypoint=self.entrypoint,
            working_directory=self.working_directory,
        )

    def config(self) -> bytes:
        """Give the config's bytes."""
        container = {
            "Env": [f"{name}={value}" for name, value in self.environment.items()],
            "Labels": dict(self.labels),
            "User": self.user,
            "Entrypoint": list(self.entrypoint),
            "WorkingDir": self.working_directory,
        }
        body = {
            "architecture": "amd64",
            "os": "linux",
            "created": CREATED,
            "config": container,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
            "history": [{"created": CREATED} for _ in self.layers],
        }
        return json.dumps(body, sort_keys=True).encode()

    def manifest(self, config: bytes) -> bytes:
        """Give the manifest's bytes."""
        layers = [{"mediaType": LAYER_TYPE, "size": layer.size, "digest": layer.digest} for layer in self.layers]
        descriptor = {"mediaType": CONFIG_TYPE, "size": len(config), "digest": sha256(config)}
        body = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": descriptor, "layers": layers}
        return json.dumps(body, sort_keys=True).encode()


async def push(image: ComposedImage, tag: str) -> str:
    """Have the image in the registry under this tag; gives its digest reference. What is there is not sent again."""
    reference = parse_tag(tag)
    config = image.config()
    manifest = image.manifest(config)
    try:
        async with aiohttp.ClientSession() as http:
            client = RegistryClient(http)
            if await _is_there(client, reference, sha256(manifest)):
                return str(reference.with_digest(sha256(manifest)))
            for layer in image.layers:
                await client.push_blob(reference, layer.digest, layer.path)
            await client.push_blob(reference, sha256(config), config)
            digest = await client.push_manifest(reference, manifest, media_type=MANIFEST_TYPE)
    except (PermanentError, TransientError) as error:
        raise DevError(f"{tag} could not be pushed: {error}") from error
    return str(reference.with_digest(digest))


def sha256(content: bytes) -> str:
    """Give the digest of bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


async def _is_there(client: RegistryClient, reference: ImageReference, digest: str) -> bool:
    try:
        return await client.digest(reference) == digest
    except PermanentError:
        return False
