"""A folder that foreign entries are written into, and never out of: the one place where archives and layers meet files.

Rules:
- An entry's name is cleaned first; one that leads out of the folder, or over a link out of it, ends the unpacking.
- Links are made where they lead to a place inside the folder, and all of them are looked at again at the end.
- What an entry replaces goes first: nothing is written through a file or link that is there.
- Devices and pipes are refused; set-uid, set-gid and sticky bits are dropped; owner and times are not applied (kpack).
- Number of entries, bytes, and bytes against the size of what is unpacked have limits.
"""

import os
import posixpath
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kpack_reconciler.steps.report import StepError

_CHUNK = 1 << 20
_PERMISSIONS = 0o777
_OWNER = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is unpacked at most. `ratio` counts from `ratio_from` bytes on: small things may shrink well."""

    packed: int = 4 << 30
    unpacked: int = 10 << 30
    entries: int = 1_000_000
    ratio: int = 100
    ratio_from: int = 1 << 30


LIMITS = Limits()


class UnsafeEntryError(StepError):
    """A link or device that is not made; the message names the entry."""


class Target:
    """The folder. `packed` are the bytes of what is unpacked into it; they may grow."""

    def __init__(self, root: Path, *, limits: Limits, packed: int = 0) -> None:
        self.root, self.packed = root.resolve(), packed
        self._limits = limits
        self._entries = self._bytes = 0
        self._links: list[Path] = []

    def folder(self, name: str, mode: int) -> None:
        """Have a folder; one that is there keeps its mode."""
        path = self._place(name)
        if path == self.root or (path.is_dir() and not path.is_symlink()):
            return
        self._clear(path)
        path.mkdir(mode=mode & _PERMISSIONS | _OWNER)

    def file(self, name: str, mode: int, content: IO[bytes]) -> None:
        """Have a file with this content, which is read to its end."""
        path = self._new(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode & _PERMISSIONS)
        with os.fdopen(descriptor, "wb") as file:
            while chunk := content.read(_CHUNK):
                self._count(len(chunk))
                file.write(chunk)

    def symbolic_link(self, name: str, target: str) -> None:
        """Have a symbolic link to a place inside the folder. Raises UnsafeEntryError."""
        path = self._place(name)
        if posixpath.isabs(target) or not self._is_inside(path.parent / target):
            raise UnsafeEntryError(f"{name!r} is a link to {target!r}, outside of the source")
        self._new(name).symlink_to(target)
        self._links.append(path)

    def hard_link(self, name: str, target: str) -> None:
        """Have another name for a file that was unpacked before. Raises UnsafeEntryError."""
        source = self._find(target)
        if not source.is_file() or source.is_symlink():
            raise UnsafeEntryError(f"{name!r} is a link to {target!r}, which is no file of the source")
        if self._find(name) != source:
            os.link(source, self._new(name))

    def remove(self, name: str) -> None:
        """Have nothing under this name."""
        path = self._find(name)
        if path != self.root:
            self._clear(path)

    def empty(self, name: str) -> None:
        """Have nothing in this folder."""
        path = self._find(name)
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                self._clear(entry)

    def check_links(self) -> None:
        """Look at all links again, now that everything is in its place."""
        for path in self._links:
            if path.is_symlink() and not self._is_inside(path):
                raise UnsafeEntryError(f"{str(path.relative_to(self.root))!r} is a link out of the source")

    def _new(self, name: str) -> Path:
        path = self._place(name)
        if path == self.root:
            raise StepError(f"{name!r} is no name for a file of the source")
        self._clear(path)
        return path

    def _place(self, name: str) -> Path:
        """Where an entry belongs, its parent made."""
        path = self._find(name)
        self._count(0, entries=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _find(self, name: str) -> Path:
        """Where an entry belongs, without links on the way there."""
        clean = cleaned(name)
        parent = (self.root / clean).parent
        if clean == ".":
            return self.root
        if ".." in clean.split("/") or not self._is_inside(parent):
            raise StepError(f"{name!r} would be unpacked outside of the source's folder; the archive is refused")
        return parent.resolve() / posixpath.basename(clean)

    def _is_inside(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # a link to itself
            return False

    def _clear(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _count(self, size: int, *, entries: int = 0) -> None:
        limits = self._limits
        self._bytes += size
        self._entries += entries
        if self._entries > limits.entries:
            raise StepError(f"the source has more than {limits.entries} entries; make it smaller")
        if self._bytes > limits.unpacked:
            raise StepError(f"the source is larger than {_size(limits.unpacked)} when unpacked; make it smaller")
        if self._bytes > max(limits.ratio_from, limits.ratio * self.packed):
            raise StepError(
                f"the source unpacks to more than {limits.ratio} times its {self.packed} bytes; it is not unpacked,"
                " since it would fill the disk"
            )


def cleaned(name: str) -> str:
    """The name without `.`, `..` inside and slashes around; "." for the folder itself."""
    return posixpath.normpath(name.strip("/") or ".")


def stripped(name: str, components: int) -> str | None:
    """The name without its leading components, an empty one counted as well (kpack); None for an entry to skip."""
    if not components:
        return name
    rest = "/".join(name.split("/")[components:])
    return rest or None


def _size(count: int) -> str:
    return f"{count >> 20} MiB"
