"""Image layers: deterministic tar files, compressed, in a cache.

Owns what a layer is and how it is made. Rules:
- the same content gives the same bytes: sorted entries, one time, numeric owners, no names, no gzip time;
- a layer is made once for a key that names everything it is made of; a crash leaves no half layer.
"""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dev.toolchain.failures import concerns, file_failure

MODIFIED: Final = 315532801
"""1980-01-01T00:00:01Z, the time that buildpacks give to everything."""

COMPRESSION: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A compressed layer: its file, digest, size in bytes, and the digest of what it holds uncompressed."""

    path: Path
    digest: str
    size: int
    diff_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of a layer: a folder (`content` None), a file, or a link (`link`)."""

    name: str
    content: bytes | Path | None = None
    link: str = ""
    mode: int = 0o755
    owner: int = 0


class _Hashing(io.RawIOBase):
    """Passes bytes on and hashes them."""

    def __init__(self, target: io.BufferedIOBase | gzip.GzipFile) -> None:
        self._target = target
        self.hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self.hash.update(data)
        return self._target.write(data)


def make_layer(cache: Path, key: str, entries: Callable[[Path], Iterable[Entry]]) -> Layer:
    """Give the layer of this key, made from the entries when the cache lacks it; they get a folder to work in.

    DevError when the cache cannot be written, for a full disk or otherwise.
    """
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    record, path = cache / f"{name}.json", cache / f"{name}.tar.gz"
    if record.exists() and path.exists():
        return Layer(path=path, **json.loads(record.read_text()))
    try:
        return _make(cache, record, path, entries)
    except OSError as error:
        if not concerns(error, cache):
            raise
        raise file_failure(error, cache=cache) from error


def _make(cache: Path, record: Path, path: Path, entries: Callable[[Path], Iterable[Entry]]) -> Layer:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        partial, partial_record, work = Path(folder, "layer"), Path(folder, "record"), Path(folder, "work")
        work.mkdir()
        diff_id = _write(partial, entries(work))
        layer = Layer(path=path, digest=f"sha256:{digest_of(partial)}", size=partial.stat().st_size, diff_id=diff_id)
        facts = {name: value for name, value in asdict(layer).items() if name != "path"}
        partial_record.write_text(json.dumps(facts))
        partial.rename(path)
        partial_record.rename(record)
    return layer


def digest_of(path: Path) -> str:
    """Give the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree(source: Path, *, prefix: str = "", owner: int = 0, keep: Callable[[str], bool] | None = None) -> list[Entry]:
    """List a folder's content below `prefix`, modes and links as they are; `keep` judges paths below `source`."""
    entries = []
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source).as_posix()
        if keep is not None and not keep(inside):
            continue
        name = f"{prefix}{inside}"
        mode = path.lstat().st_mode & 0o7777
        if path.is_symlink():
            entries.append(Entry(name=name, link=str(path.readlink()), mode=mode, owner=owner))
        elif path.is_dir():
            entries.append(Entry(name=name, mode=mode, owner=owner))
        elif path.is_file():
            entries.append(Entry(name=name, content=path, mode=mode, owner=owner))
    return entries


def _write(path: Path, entries: Iterable[Entry]) -> str:
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=COMPRESSION, mtime=0) as packed,
    ):
        hashing = _Hashing(packed)
        with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            for entry in sorted(entries, key=lambda entry: entry.name):
                _add(tar, entry)
    return f"sha256:{hashing.hash.hexdigest()}"


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    info = tarfile.TarInfo(entry.name)
    info.mtime, info.mode, info.uid, info.gid = MODIFIED, entry.mode, entry.owner, entry.owner
    if entry.link:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        tar.addfile(info)
    elif entry.content is None:
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif isinstance(entry.content, bytes):
        info.size = len(entry.content)
        tar.addfile(info, io.BytesIO(entry.content))
    else:
        info.size = entry.content.stat().st_size
        with entry.content.open("rb") as file:
            tar.addfile(info, file)
