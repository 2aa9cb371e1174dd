"""A thin async client for OCI registries (distribution spec v1.1) on aiohttp.

Owns the requests of each operation. Leaves how they are sent to `transport`, documents to `documents`, meaning to
`model`.

Rules:
- Manifest bytes are kept as received, and checked against the digest they were asked for; so are configs.
- An image is always one for linux/amd64: of an index its entry is read, and the entry's digest is told (kpack).
- Whether a blob is there may be refused where nothing is yet: the write itself judges (go-containerregistry).
- Errors: a refusal is a PermanentError with the next step, everything that may pass a TransientError.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from kpack_reconciler.clients.registry.answers import CONFIG_BYTES, MANIFEST_BYTES, read_bounded
from kpack_reconciler.clients.registry.authorization import pull_scope, push_scope
from kpack_reconciler.clients.registry.documents import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    ImageConfig,
    Manifest,
    config_of,
    image_in,
    media_type_of,
    read_config,
)
from kpack_reconciler.clients.registry.known import KnownRegistries
from kpack_reconciler.clients.registry.transport import Call, Transport
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain
from kpack_reconciler.model.references import DIGEST, ImageReference

_ACCEPT: Final = {"Accept": ", ".join(MANIFEST_TYPES)}
_BINARY: Final = "application/octet-stream"
_CHUNK: Final = 1 << 20
_MISSING: Final = frozenset({403, 404})
_CREATED: Final = 201


class RegistryClient:
    """Requests to any number of registries with one keychain; `known` is what the process knows of them."""

    def __init__(
        self, http: aiohttp.ClientSession, keychain: Keychain = ANONYMOUS, known: KnownRegistries | None = None
    ) -> None:
        self._known = known or KnownRegistries()
        self._transport = Transport(http, keychain, self._known)

    async def digest(self, reference: ImageReference) -> str:
        """The digest of the image behind a reference, by HEAD; what an index holds is read once."""
        call = Call(method="HEAD", path=f"manifests/{reference.identifier}", headers=_ACCEPT)
        async with self._transport.request(reference, call) as response:
            found, media_type = response.headers.get("Docker-Content-Digest", ""), response.content_type
        if not DIGEST.fullmatch(found) or media_type not in MANIFEST_TYPES:
            return (await self.image(reference)).digest
        _check(reference, found)
        return await self._image_in(reference.with_digest(found)) if media_type in INDEX_TYPES else found

    async def manifest(self, reference: ImageReference) -> Manifest:
        """The manifest or index behind a reference."""
        call = Call(method="GET", path=f"manifests/{reference.identifier}", headers=_ACCEPT)
        async with self._transport.request(reference, call) as response:
            raw = await read_bounded(response, limit=MANIFEST_BYTES, what=f"the manifest of {reference}")
            told = response.content_type
        digest = _sha256(raw)
        _check(reference, digest)
        return Manifest(raw=raw, media_type=media_type_of(raw, told, reference), digest=digest)

    async def image(self, reference: ImageReference) -> Manifest:
        """The manifest of the image behind a reference."""
        top = await self.manifest(reference)
        return await self.manifest(reference.with_digest(image_in(top, reference))) if top.is_index else top

    async def config(self, reference: ImageReference) -> ImageConfig:
        """The config of the image behind a reference."""
        manifest = await self.image(reference)
        raw = await self.blob(reference, config_of(manifest, reference))
        return read_config(raw, manifest, reference)

    async def blob(self, reference: ImageReference, digest: str) -> bytes:
        """A small blob (a config) as bytes."""
        call = Call(method="GET", path=f"blobs/{digest}")
        async with self._transport.request(reference, call) as response:
            raw = await read_bounded(response, limit=CONFIG_BYTES, what=f"blob {digest} of {reference}")
        if _sha256(raw) != digest:
            raise TransientError(f"blob {digest} of {reference} came with other bytes than its digest says")
        return raw

    @asynccontextmanager
    async def read_blob(self, reference: ImageReference, digest: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A large blob in chunks, as they come; the caller checks size and digest."""
        call = Call(method="GET", path=f"blobs/{digest}", is_long=True)
        async with self._transport.request(reference, call) as response:
            yield response.content.iter_chunked(_CHUNK)

    async def has_blob(self, reference: ImageReference, digest: str) -> bool:
        """Whether the repository to push to holds a blob; asked with the rights of a push."""
        call = Call(method="HEAD", path=f"blobs/{digest}", scopes=_pushing(reference), fine=_MISSING)
        async with self._transport.request(reference, call) as response:
            return response.status not in _MISSING

    async def mount(self, reference: ImageReference, digest: str, *, source: str) -> bool:
        """Mount a blob of another repository of this registry; False when it has to be uploaded."""
        call = Call(
            method="POST",
            path="blobs/uploads/",
            query={"mount": digest, "from": source},
            scopes=(*_pushing(reference), pull_scope(source)),
        )
        try:
            async with self._transport.request(reference, call) as response:
                return response.status == _CREATED
        except PermanentError:
            return False  # what forbids an upload as well is told there

    async def push_blob(self, reference: ImageReference, digest: str, content: bytes | Path) -> None:
        """Have a blob in the repository; one that is there is not sent again."""
        if await self.has_blob(reference, digest):
            return
        if isinstance(content, bytes):
            await self._upload(reference, digest, Call(method="PUT", body=lambda: content), size=len(content))
        else:
            call = Call(method="PUT", body=lambda: _chunks(content))
            await self._upload(reference, digest, call, size=_size(content))

    async def push_blob_stream(
        self, reference: ImageReference, digest: str, *, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """Upload a blob of so many bytes while it is being read; nothing is kept, so nothing can be sent twice."""
        await self._upload(reference, digest, Call(method="PUT", body=lambda: chunks, is_single=True), size=size)

    async def push_manifest(self, reference: ImageReference, raw: bytes, *, media_type: str) -> str:
        """Write a manifest under the reference's tag or digest; its digest comes back."""
        call = Call(
            method="PUT",
            path=f"manifests/{reference.identifier}",
            headers={"Content-Type": media_type},
            body=lambda: raw,
            scopes=_pushing(reference),
        )
        async with self._transport.request(reference, call):
            return _sha256(raw)

    async def check_pull(self, reference: ImageReference) -> None:
        """Raise PermanentError when the image cannot be read with this keychain."""
        await self.digest(reference)

    async def check_push(self, reference: ImageReference) -> None:
        """Raise PermanentError when this keychain may not write to the repository; no image is left there."""
        async with self._transport.request(reference, _beginning(reference)) as response:
            location = _location(response)
        if location is None:
            return
        # Cancelling may need another right, or be unknown to the registry; uploads expire by themselves.
        with suppress(PermanentError, TransientError):
            async with self._transport.send(location, reference, Call(method="DELETE", scopes=_pushing(reference))):
                return

    async def _image_in(self, index: ImageReference) -> str:
        digest = index.identifier
        found = self._known.image_of_index(digest)
        if found is None:
            found = image_in(await self.manifest(index), index)
            self._known.keep_image_of_index(digest, found)
        return found

    async def _upload(self, reference: ImageReference, digest: str, call: Call, *, size: int) -> None:
        async with self._transport.request(reference, _beginning(reference)) as response:
            location = _location(response)
        if location is None:
            raise TransientError(f"registry {reference.registry} does not say where to upload to")
        query = f"{location.raw_query_string}&" if location.raw_query_string else ""
        target = URL(f"{location.with_query(None)}?{query}digest={digest}", encoded=True)
        headers = {"Content-Type": _BINARY, "Content-Length": str(size)}
        async with self._transport.send(
            target, reference, call.with_upload(headers=headers, scopes=_pushing(reference))
        ):
            return


def _pushing(reference: ImageReference) -> tuple[str, ...]:
    return (push_scope(reference.repository),)


def _beginning(reference: ImageReference) -> Call:
    return Call(method="POST", path="blobs/uploads/", scopes=_pushing(reference))


def _location(response: aiohttp.ClientResponse) -> URL | None:
    """Where an upload goes on: at another host, perhaps; a query is part of it. None where it is not told."""
    try:
        return response.url.join(URL(response.headers["Location"], encoded=True))
    except (KeyError, ValueError):
        return None


def _check(reference: ImageReference, digest: str) -> None:
    if reference.digest not in {None, digest}:
        raise TransientError(f"{reference} came with other bytes than its digest says")


def _sha256(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
