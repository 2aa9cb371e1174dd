"""Having blobs in a repository: those that another one holds are mounted or, where that cannot be, copied as a stream.

Rules (distribution spec v1.1; go-containerregistry `pkg/v1/remote`):
- What an image of the repository itself is made of is there: nobody asks.
- Mounting is asked for before existence is: it also succeeds with a blob that is there, so it is the only request.
- A registry that refuses to mount, for whatever reason, is given the bytes, a chunk at a time.
- A stream that is longer, shorter or another than its descriptor says is cut off, and nothing of it is kept.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kpack_reconciler.clients.registry.client import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.rebase import NeededBlob
from kpack_reconciler.model.references import ImageReference

PARALLEL: Final = 4
"""How many blobs of an image are asked for at once, as in the reference."""


class Copied(StrEnum):
    """How a blob came to be in a repository."""

    PRESENT = "present"
    MOUNTED = "mounted"
    STREAMED = "streamed"


async def copy_blobs(client: RegistryClient, blobs: Iterable[NeededBlob], target: ImageReference) -> None:
    """Have all blobs in the target's repository. Raises the first error, after all are done or refused."""
    limit = asyncio.Semaphore(PARALLEL)

    async def copy(blob: NeededBlob) -> Copied:
        async with limit:
            return await copy_blob(client, blob, target)

    ends = await asyncio.gather(*(copy(blob) for blob in blobs), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


async def copy_blob(client: RegistryClient, blob: NeededBlob, target: ImageReference) -> Copied:
    """Have one blob in the target's repository, and say how."""
    if blob.source.repository_name == target.repository_name:
        return Copied.PRESENT
    if blob.source.registry == target.registry and await _mounted(client, blob, target):
        return Copied.MOUNTED
    if await client.has_blob(target, blob.digest):
        return Copied.PRESENT
    await _stream(client, blob, target)
    return Copied.STREAMED


async def _mounted(client: RegistryClient, blob: NeededBlob, target: ImageReference) -> bool:
    try:
        return await client.mount(target, blob.digest, source=blob.source.repository)
    except TransientError:
        return False


async def _stream(client: RegistryClient, blob: NeededBlob, target: ImageReference) -> None:
    async with client.read_blob(blob.source, blob.digest) as chunks:
        checked = _Checked(blob)
        try:
            await client.push_blob_stream(target, blob.digest, size=blob.size, chunks=checked.passing(chunks))
        except (PermanentError, TransientError) as error:
            raise (TransientError(checked.fault) if checked.fault else error) from error


@dataclass(slots=True)
class _Checked:
    """Passes a blob's bytes on as long as they can be what its descriptor says; `fault` tells what was wrong."""

    blob: NeededBlob
    fault: str = ""
    _size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def passing(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._size += len(chunk)
            self._hash.update(chunk)
            if self._size > self.blob.size:
                self._cut_off(f"is longer than the {self.blob.size} bytes it should have")
            yield chunk
        if self._size < self.blob.size:
            self._cut_off(f"ended after {self._size} of {self.blob.size} bytes")
        if f"sha256:{self._hash.hexdigest()}" != self.blob.digest:
            self._cut_off("came with other bytes than its digest says")

    def _cut_off(self, what: str) -> None:
        self.fault = (
            f"blob {self.blob.digest} of {self.blob.source.repository_name} {what}; it is asked for again later"
        )
        raise TransientError(self.fault)
