"""Registry sources: the layers of an image, one over the other, in the order of its manifest (OCI image spec, layers).

Leaves the registry to its client, tar entries to `archives`.

Rules:
- An index means its image for linux/amd64 (kpack). Bytes that are not those of a layer's digest are not used.
- Whiteouts take away what earlier layers have, before the layer's own entries are written; v0.0.9 leaves them as files.
- A link out of the source and a device are left out, with a line in the log: images of whole systems are full of them.
"""

import asyncio
import hashlib
import posixpath
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import aiohttp
import msgspec

from kpack_reconciler.clients.outside import outside_session
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.model.references import ImageReference, parse_image
from kpack_reconciler.steps.archives import BROKEN, each_tar_entry, write_entry
from kpack_reconciler.steps.registries import client_of
from kpack_reconciler.steps.report import StepError, say
from kpack_reconciler.steps.unpacking import LIMITS, Limits, Target, UnsafeEntryError

_WHITEOUT, _OPAQUE, _RESERVED = ".wh.", ".wh..wh..opq", ".wh..wh."
_READABLE = ("tar", "gzip")


class _Layer(msgspec.Struct):
    digest: str
    media_type: str = msgspec.field(name="mediaType", default="")


class _Manifest(msgspec.Struct):
    layers: tuple[_Layer, ...] = ()


def fetch_image(image: str, folder: Path, *, keychain: Keychain, limits: Limits = LIMITS) -> tuple[str, str]:
    """Have the image's files in an empty folder; the name of its repository and its digest. Raises StepError."""
    reference = parse_image(image)
    say(f"Pulling {reference}...")
    try:
        return reference.repository_name, asyncio.run(_pull(reference, folder, keychain, limits))
    except TransientError as error:
        raise StepError(str(error), code=TRANSIENT) from error
    except PermanentError as error:
        raise StepError(str(error), code=CREDENTIALS if error.reason == "Unauthorized" else GENERIC) from error


async def _pull(reference: ImageReference, folder: Path, keychain: Keychain, limits: Limits) -> str:
    target = Target(folder, limits=limits)
    async with outside_session() as http:
        client = client_of(http, keychain)
        manifest = await client.image(reference)
        for layer in _layers(manifest.raw, reference):
            with tempfile.TemporaryFile() as file:
                target.packed += await _download(client, reference, layer, file)
                if target.packed > limits.packed:
                    raise StepError(f"the image is larger than {limits.packed >> 20} MiB; make it smaller")
                _apply(file, target)
    target.check_links()
    return manifest.digest


def _layers(raw: bytes, reference: ImageReference) -> Sequence[_Layer]:
    try:
        layers = msgspec.json.decode(raw, type=_Manifest).layers
    except msgspec.DecodeError as error:
        raise StepError(f"{reference} is no image of layers: {error}") from error
    for layer in layers:
        if layer.media_type and not layer.media_type.endswith(_READABLE):
            raise StepError(f"{reference} has a layer of type {layer.media_type}; push it with layers of type tar+gzip")
    return layers


async def _download(client: RegistryClient, reference: ImageReference, layer: _Layer, file: IO[bytes]) -> int:
    """Write a layer into the file, checked; its size."""
    checksum, size = hashlib.sha256(), 0
    try:
        async with client.read_blob(reference, layer.digest) as chunks:
            async for chunk in chunks:
                checksum.update(chunk)
                size += len(chunk)
                file.write(chunk)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"layer {layer.digest} of {reference} broke off: {error}") from error
    if f"sha256:{checksum.hexdigest()}" != layer.digest:
        raise TransientError(f"layer {layer.digest} of {reference} came with other bytes than its digest says")
    file.seek(0)
    return size


def _apply(file: IO[bytes], target: Target) -> None:
    """Whiteouts first, which are about earlier layers only, then the layer's own entries."""
    try:
        each_tar_entry(file, lambda entry, _content: _take_away(target, entry.name))
        file.seek(0)
        each_tar_entry(file, lambda entry, content: _write(target, entry, content))
    except BROKEN as error:
        raise StepError(f"a layer of the image is broken: {error}") from error
    except OSError as error:
        raise StepError(f"the image cannot be unpacked: {error.strerror or error}") from error


def _take_away(target: Target, name: str) -> None:
    folder, base = posixpath.split(name.rstrip("/"))
    hidden = base.removeprefix(_WHITEOUT)
    if base == _OPAQUE:
        target.empty(folder)
    elif base.startswith(_WHITEOUT) and not base.startswith(_RESERVED):
        if hidden in {"", ".", ".."}:
            raise StepError(f"{name!r} takes away what is no file; the image is refused")
        target.remove(posixpath.join(folder, hidden))


def _write(target: Target, entry: tarfile.TarInfo, content: IO[bytes] | None) -> None:
    if posixpath.basename(entry.name.rstrip("/")).startswith(_WHITEOUT):
        return
    try:
        write_entry(target, entry, content, entry.name)
    except UnsafeEntryError as error:
        say(f"Leaving out an entry: {error}")
