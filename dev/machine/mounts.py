"""Mounts below a directory.

Owns finding and undoing them. A directory that still holds a mount must never be removed: a mount may show
files of the machine, which would go with it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from dev.errors import DevError
from dev.machine.commands import attempt


def mounts_below(directory: Path, *, mountinfo: Path = Path("/proc/self/mountinfo")) -> tuple[Path, ...]:
    """List mount points at or below a directory, innermost and newest first."""
    points = [_unescape(line.split(" ")[4]) for line in mountinfo.read_text().splitlines()]
    return tuple(point for point in reversed(points) if point.is_relative_to(directory))


def unmount_below(directory: Path) -> None:
    """Undo every mount at or below a directory, lazily where something still uses it."""
    for point in mounts_below(directory):
        if attempt(["umount", str(point)]).returncode != 0:
            attempt(["umount", "--lazy", str(point)])
    _refuse_left(mounts_below(directory))


def remove_tree(directory: Path) -> None:
    """Remove a directory that holds no mounts; DevError when it does."""
    _refuse_left(mounts_below(directory))
    if directory.exists():
        shutil.rmtree(directory)


def _refuse_left(left: Sequence[Path]) -> None:
    if left:
        raise DevError(f"{left[0]} is still mounted; end what uses it (`fuser -vm {left[0]}`) and run `down` again")


def _unescape(field: str) -> Path:
    """Decode a path of mountinfo, where blanks and the like are written as octal numbers."""
    return Path(field.encode().decode("unicode_escape").encode("latin-1").decode())
