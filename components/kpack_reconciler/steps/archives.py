"""Archives: which form a file has, and its entries, one after the other, for `unpacking`.

Rules (kpack):
- The content tells the form, never the name: zip (also jar, war), gzip with a tar in it, tar.
- A tar is known by its header's checksum, whatever its first entry is called.
- Entries of a zip made on FAT have no modes and get all of them (0777).
"""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.unpacking import Limits, Target, UnsafeEntryError, stripped

UNEXPECTED: Final = "unexpected blob file type, must be one of .zip, .tar.gz, .tar, .jar"

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b\x08"
_ON_FAT = frozenset({0, 14})
_ALL, _FOLDER_MODE, _FILE_MODE = 0o777, 0o755, 0o644
_MOST_HEADER_BYTES = 1 << 20
_HEADERS = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)
BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, RuntimeError, ValueError)
"""What reading a broken or hostile archive may raise, besides OSError."""

Each = Callable[[tarfile.TarInfo, IO[bytes] | None], None]


def unpack(archive: IO[bytes], folder: Path, *, strip: int = 0, limits: Limits) -> None:
    """Unpack an archive, a file that can be read anywhere, into a folder. Raises StepError."""
    target = Target(folder, limits=limits, packed=_length(archive))
    head = archive.read(tarfile.BLOCKSIZE)
    archive.seek(0)
    try:
        if head.startswith(_ZIP):
            _unpack_zip(archive, target, strip)
        elif head.startswith(_GZIP) or _is_tar(head):
            each_tar_entry(archive, lambda entry, content: _write(target, entry, content, strip))
        else:
            raise StepError(UNEXPECTED)
        target.check_links()
    except (*BROKEN, NotImplementedError) as error:
        raise StepError(f"the archive is broken, or of a form that is not known: {error}") from error
    except OSError as error:
        raise StepError(f"the archive cannot be unpacked: {error.strerror or error}") from error


def each_tar_entry(file: IO[bytes], each: Each) -> None:
    """Call `each` with the entries of a tar, packed with gzip or not; with the content of regular files."""
    head = file.read(len(_GZIP))
    file.seek(0)
    stream: IO[bytes] = gzip.GzipFile(fileobj=file) if head == _GZIP else file  # type: ignore[assignment]
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Entry) as tar:
        for entry in tar:
            each(entry, tar.extractfile(entry) if entry.isreg() else None)
            tar.members = []  # type: ignore[attr-defined]  # typeshed leaves it out; a stream needs no memory of them


class _Entry(tarfile.TarInfo):
    """A header that is not read into memory when it is larger than any honest one."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Entry":
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _HEADERS and entry.size > _MOST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {entry.size} bytes")
        return entry


def write_entry(target: Target, entry: tarfile.TarInfo, content: IO[bytes] | None, name: str) -> None:
    """Have an entry of a tar in the folder, under a name of its own. Raises UnsafeEntryError for what is not made."""
    if entry.isdir():
        target.folder(name, entry.mode)
    elif content is not None:
        target.file(name, entry.mode, content)
    elif entry.issym():
        target.symbolic_link(name, entry.linkname)
    elif entry.islnk():
        target.hard_link(name, entry.linkname)
    else:
        raise UnsafeEntryError(f"{name!r} is a device or pipe")


def _write(target: Target, entry: tarfile.TarInfo, content: IO[bytes] | None, strip: int) -> None:
    name = stripped(entry.name, strip)
    if name is None:
        return
    if entry.islnk():
        link = stripped(entry.linkname, strip)
        entry = entry.replace(linkname=link or "", deep=False)
    write_entry(target, entry, content, name)


def _unpack_zip(archive: IO[bytes], target: Target, strip: int) -> None:
    with zipfile.ZipFile(archive) as file:
        for entry in file.infolist():
            name = stripped(entry.filename, strip)
            if name is None:
                continue
            mode = entry.external_attr >> 16
            if entry.is_dir():
                target.folder(name, _permissions(entry, mode, _FOLDER_MODE))
                continue
            with file.open(entry) as content:
                if stat.S_ISLNK(mode):
                    target.symbolic_link(name, content.read(_MOST_HEADER_BYTES).decode(errors="surrogateescape"))
                else:
                    target.file(name, _permissions(entry, mode, _FILE_MODE), content)


def _permissions(entry: zipfile.ZipInfo, mode: int, default: int) -> int:
    if entry.create_system in _ON_FAT:
        return _ALL
    return stat.S_IMODE(mode) or default


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _length(file: IO[bytes]) -> int:
    length = file.seek(0, 2)
    file.seek(0)
    return length
