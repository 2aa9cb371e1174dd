"""A thin async client for OCI registries (distribution spec v1.1) on aiohttp.

Owns requests, schemes and the translation of errors. Leaves credentials to `authorization`, meaning to `model`.

Rules:
- Manifest bytes are kept as received, and checked against the digest they were asked for.
- Plain http is spoken to loopback and private addresses, and to names ending in `.local` or `localhost`; everything
  else gets https. (go-containerregistry tries https first with those, too; this client does not.)
- A login goes to the registry's own host only, also when an upload continues elsewhere.
- Errors: a refusal is a PermanentError with the next step, everything that may pass a TransientError.
"""

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from kpack_reconciler.clients.registry.authorization import PULL, PULL_AND_PUSH, Authorizer
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain
from kpack_reconciler.model.references import DEFAULT_REGISTRY, ImageReference

MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_INDEX_TYPES: Final = (MANIFEST_TYPES[0], MANIFEST_TYPES[2])
_TIMEOUT: Final = aiohttp.ClientTimeout(total=300, connect=10)
_CHUNK: Final = 1 << 20
_T = TypeVar("_T")


class _Platform(msgspec.Struct):
    os: str = ""
    architecture: str = ""


class _Descriptor(msgspec.Struct):
    digest: str = ""
    platform: _Platform | None = None


class _Manifest(msgspec.Struct):
    config: _Descriptor | None = None
    manifests: tuple[_Descriptor, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """An image's config: its labels, its environment as `NAME=value`, and the digest of the manifest it belongs to.

    `digest` is the digest that the reference itself resolves to: the index's, where there is one.
    """

    raw: bytes
    labels: Mapping[str, str]
    env: tuple[str, ...]
    digest: str


class RegistryClient:
    """Requests to any number of registries with one keychain."""

    def __init__(self, http: aiohttp.ClientSession, keychain: Keychain = ANONYMOUS) -> None:
        self._http = http
        self._authorizer = Authorizer(http, keychain)

    async def digest(self, reference: ImageReference) -> str:
        """The digest behind a reference, by HEAD; None of the image is transferred."""
        path = f"manifests/{reference.identifier}"
        async with self._request("HEAD", reference, path, headers={"Accept": ", ".join(MANIFEST_TYPES)}) as response:
            found = response.headers.get("Docker-Content-Digest", "")
        return found or (await self.manifest(reference)).digest

    async def manifest(self, reference: ImageReference) -> Manifest:
        """The manifest or index behind a reference."""
        path = f"manifests/{reference.identifier}"
        async with self._request("GET", reference, path, headers={"Accept": ", ".join(MANIFEST_TYPES)}) as response:
            raw, media_type = await response.read(), response.content_type
        digest = _sha256(raw)
        if reference.digest not in {None, digest}:
            raise TransientError(f"{reference} came with other bytes than its digest says")
        return Manifest(raw=raw, media_type=media_type, digest=digest)

    async def config(self, reference: ImageReference) -> ImageConfig:
        """The config of the linux/amd64 image behind a reference."""
        top = await self.manifest(reference)
        manifest = top
        if top.media_type in _INDEX_TYPES:
            chosen = _choose(_decode(top.raw, _Manifest, reference), reference)
            manifest = await self.manifest(reference.with_digest(chosen))
        descriptor = _decode(manifest.raw, _Manifest, reference).config
        if descriptor is None:
            raise PermanentError("UnsupportedImage", f"{reference} is no container image: its manifest has no config")
        raw = await self.blob(reference, descriptor.digest)
        container = _decode(raw, _Config, reference).config or _Container()
        return ImageConfig(raw=raw, labels=container.labels or {}, env=container.env or (), digest=top.digest)

    async def blob(self, reference: ImageReference, digest: str) -> bytes:
        """A small blob (a config) as bytes."""
        async with self._request("GET", reference, f"blobs/{digest}") as response:
            raw = await response.read()
        if _sha256(raw) != digest:
            raise TransientError(f"blob {digest} of {reference} came with other bytes than its digest says")
        return raw

    async def has_blob(self, reference: ImageReference, digest: str) -> bool:
        """Whether the repository to push to holds a blob; asked with the rights of a push."""
        path = f"blobs/{digest}"
        async with self._request("HEAD", reference, path, actions=PULL_AND_PUSH, missing_is_fine=True) as response:
            return response.status < 400  # noqa: PLR2004 - an answer, not a refusal

    async def mount(self, reference: ImageReference, digest: str, *, source: str) -> bool:
        """Mount a blob of another repository of this registry; False when it has to be uploaded."""
        query = {"mount": digest, "from": source}
        actions = PULL_AND_PUSH
        async with self._request("POST", reference, "blobs/uploads/", params=query, actions=actions) as response:
            return response.status == 201  # noqa: PLR2004 - created

    async def push_blob(self, reference: ImageReference, digest: str, content: bytes | Path) -> None:
        """Have a blob in the repository; one that is there is not sent again."""
        if await self.has_blob(reference, digest):
            return
        location = await self._begin_upload(reference)
        size = len(content) if isinstance(content, bytes) else _size(content)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        data = content if isinstance(content, bytes) else _chunks(content)
        url = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        async with self._send("PUT", url, reference, headers=headers, data=data, actions=PULL_AND_PUSH):
            return

    async def push_manifest(self, reference: ImageReference, raw: bytes, *, media_type: str) -> str:
        """Write a manifest under the reference's tag or digest; its digest comes back."""
        headers = {"Content-Type": media_type}
        path = f"manifests/{reference.identifier}"
        async with self._request("PUT", reference, path, headers=headers, data=raw, actions=PULL_AND_PUSH):
            return _sha256(raw)

    async def check_pull(self, reference: ImageReference) -> None:
        """Raise PermanentError when the image cannot be read with this keychain."""
        await self.digest(reference)

    async def check_push(self, reference: ImageReference) -> None:
        """Raise PermanentError when this keychain may not write to the repository; no image is left there."""
        location = await self._begin_upload(reference)
        # Cancelling may need another right, or be unknown to the registry; uploads expire by themselves.
        with suppress(PermanentError, TransientError):
            async with self._send("DELETE", location, reference, actions=PULL_AND_PUSH):
                return

    async def _begin_upload(self, reference: ImageReference) -> str:
        async with self._request("POST", reference, "blobs/uploads/", actions=PULL_AND_PUSH) as response:
            location = response.headers.get("Location", "")
        return location if "://" in location else f"{_base(reference.registry)}{location}"

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        reference: ImageReference,
        path: str,
        **options: Any,  # noqa: ANN401 - what aiohttp takes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{_base(reference.registry)}/v2/{reference.repository}/{path}"
        async with self._send(method, url, reference, **options) as response:
            yield response

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        url: str,
        reference: ImageReference,
        *,
        actions: str = PULL,
        headers: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
        **options: Any,  # noqa: ANN401 - what aiohttp takes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            for may_answer in (True, False):
                login = self._authorizer.header(reference, actions) if _is_at(url, reference.registry) else {}
                sent = {**(headers or {}), **login}
                async with self._http.request(method, url, headers=sent, timeout=_TIMEOUT, **options) as response:
                    challenge = response.headers.get("WWW-Authenticate", "")
                    refused = response.status == 401  # noqa: PLR2004
                    if refused and may_answer and await self._authorizer.answer(challenge, reference, actions):
                        continue
                    if not (missing_is_fine and response.status == 404):  # noqa: PLR2004
                        _refuse(response.status, method, reference)
                    yield response
                    return
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransientError(f"registry {reference.registry} does not answer: {error}") from error


def _refuse(status: int, method: str, reference: ImageReference) -> None:
    """Raise what an answer means; nothing for a good one."""
    if status < 400:  # noqa: PLR2004 - an answer, not a refusal
        return
    verb = "read from" if method in {"GET", "HEAD"} else "write to"
    if status in {401, 403}:
        raise PermanentError(
            "Unauthorized",
            f"not allowed to {verb} {reference.repository_name} ({status}): give the service account a secret with"
            f" credentials for {reference.registry}, or correct the one it has",
        )
    if status == 404:  # noqa: PLR2004
        raise PermanentError("NotFound", f"{reference} does not exist (404): check the name of the image")
    if status == 429 or status >= 500:  # noqa: PLR2004
        raise TransientError(f"registry {reference.registry} answered {status}; it is asked again later")
    raise PermanentError("RegistryRefused", f"registry {reference.registry} answered {status} for {reference}")


def _base(registry: str) -> str:
    return f"{'http' if speaks_http(registry) else 'https'}://{registry}"


def _is_at(url: str, registry: str) -> bool:
    return urlsplit(url).netloc == registry


def speaks_http(registry: str) -> bool:
    """Whether a registry is spoken to over plain http (go-containerregistry `pkg/name.Registry.Scheme`)."""
    if registry == DEFAULT_REGISTRY:
        return False
    host = registry.rsplit(":", 1)[0].strip("[]")
    if host == "localhost" or host.endswith((".local", ".localhost")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_link_local)


def _choose(index: _Manifest, reference: ImageReference) -> str:
    for descriptor in index.manifests:
        platform = descriptor.platform
        if platform is None or (platform.os, platform.architecture) == ("linux", "amd64"):
            return descriptor.digest
    raise PermanentError("UnsupportedPlatform", f"{reference} has no image for linux/amd64")


def _decode(raw: bytes, shape: type[_T], reference: ImageReference) -> _T:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.DecodeError as error:
        raise PermanentError("UnsupportedImage", f"{reference} is no container image: {error}") from error


def _sha256(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
