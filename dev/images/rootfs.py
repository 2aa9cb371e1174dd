"""Debian root file systems, made by debootstrap once and kept in the cache as layers.

Owns which packages a root has, what is left out of it (caches, documentation, devices), and how far the making is.
"""

import errno
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.errors import DevError, tail
from dev.images.layers import Entry, Layer, make_layer, tree
from dev.machine.commands import run
from dev.toolchain.failures import file_failure
from dev.toolchain.progress import duration

RELEASE: Final = "bookworm"
SECONDS: Final = 1200.0
LEFT_OUT: Final = (
    "var/cache/apt/",
    "var/lib/apt/lists/",
    "var/log/",
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/locale/",
    "usr/share/info/",
    "usr/lib/python3.11/test/",
    "dev/",
    "proc/",
    "sys/",
)
_KNOWN_PACE: Final = 0.2
"""Share of the work from which on this machine's pace tells more than the typical time."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianRoot:
    """A root file system: Debian's smallest with these packages.

    `lines` is how many lines debootstrap writes for it, `seconds` how long that takes on two cores: for the forecast.
    """

    name: str
    packages: tuple[str, ...] = ()
    lines: int
    seconds: float


BUILD_ROOT: Final = DebianRoot(name="Debian for builds", lines=456, seconds=60)
RECONCILER_ROOT: Final = DebianRoot(
    name="Debian with Python", packages=("python3", "ca-certificates", "git"), lines=613, seconds=100
)


def debian_layer(cache: Path, root: DebianRoot, *, user: int, report: Report) -> Layer:
    """Give the root with one user of this id, whose home is /home/cnb; DevError when it cannot be made."""
    key = f"debian {RELEASE} {' '.join(sorted(root.packages))} user {user} v2"
    log = cache / "logs" / "debootstrap.log"
    return make_layer(cache / "layers", key, lambda work: _entries(work / "root", root, user=user, log=log, say=report))


def forecast(root: DebianRoot, *, lines: int, elapsed: float) -> str:
    """Tell how long a root of which debootstrap has written so many lines took (seconds) and how long is left."""
    share = min(lines / root.lines, 1.0)
    pace = elapsed / (root.seconds * share) if share >= _KNOWN_PACE else 1.0
    return f"{duration(elapsed)} so far, about {duration(root.seconds * (1 - share) * pace)} left"


def _entries(target: Path, root: DebianRoot, *, user: int, log: Path, say: Report) -> Iterator[Entry]:
    _debootstrap(target, root, log, say)
    _add_user(target, user)
    if "python3" in root.packages:
        _compile_python(target)
    yield from tree(target, keep=_is_kept)
    home = [Entry(name="home/cnb", owner=user), Entry(name="workspace", owner=user), Entry(name="layers", owner=user)]
    yield from home


def _debootstrap(target: Path, root: DebianRoot, log: Path, report: Report) -> None:
    include = [f"--include={','.join(root.packages)}"] if root.packages else []
    command = ["debootstrap", "--variant=minbase", *include, RELEASE, str(target)]
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        for number, line in enumerate(process.stdout or (), start=1):
            file.write(line)
            told = forecast(root, lines=number, elapsed=time.monotonic() - began)
            report(f"{root.name}: {line.removeprefix('I: ').strip()}, {told}")
    if process.returncode != 0:
        raise _failure(log)


def _failure(log: Path) -> DevError:
    if "No space left on device" in "\n".join(tail(log)):
        return file_failure(OSError(errno.ENOSPC, "no space"), cache=log.parent.parent)
    return DevError("debootstrap could not make a Debian root; see what it says and run `make up` again", log)


def _add_user(root: Path, user: int) -> None:
    with (root / "etc/passwd").open("a") as file:
        file.write(f"cnb:x:{user}:{user}::/home/cnb:/bin/sh\n")
    with (root / "etc/group").open("a") as file:
        file.write(f"cnb:x:{user}:\n")


def _compile_python(root: Path) -> None:
    """Compile the standard library for any file time: a layer's times are not those of the installation."""
    compiler = [
        "python3",
        "-m",
        "compileall",
        "-q",
        "-f",
        "--invalidation-mode",
        "unchecked-hash",
        "/usr/lib/python3.11",
    ]
    run(["chroot", str(root), *compiler], timeout=SECONDS)


def _is_kept(path: str) -> bool:
    return not any(path.startswith(left_out) for left_out in LEFT_OUT)
