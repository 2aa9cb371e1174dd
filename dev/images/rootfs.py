"""Debian root file systems, made by debootstrap once and kept in the cache as layers.

Owns which packages a root has and what is left out of it: caches, documentation, devices.
"""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dev.errors import DevError
from dev.images.layers import Entry, Layer, make_layer, tree
from dev.machine.commands import run

RELEASE: Final = "bookworm"
SECONDS: Final = 1200.0
BUILD_PACKAGES: Final = ()
RECONCILER_PACKAGES: Final = ("python3", "ca-certificates", "git")
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


def debian_layer(cache: Path, packages: Sequence[str], *, user: int, log: Path) -> Layer:
    """Give a Debian root with these packages and one user of this id, whose home is /home/cnb."""
    key = f"debian {RELEASE} {' '.join(sorted(packages))} user {user} v2"
    return make_layer(cache / "layers", key, lambda work: _entries(work / "root", packages, user=user, log=log))


def _entries(root: Path, packages: Sequence[str], *, user: int, log: Path) -> Iterator[Entry]:
    _debootstrap(root, packages, log)
    _add_user(root, user)
    if "python3" in packages:
        _compile_python(root)
    yield from tree(root, keep=_is_kept)
    home = [Entry(name="home/cnb", owner=user), Entry(name="workspace", owner=user), Entry(name="layers", owner=user)]
    yield from home


def _debootstrap(root: Path, packages: Sequence[str], log: Path) -> None:
    include = [f"--include={','.join(packages)}"] if packages else []
    command = ["debootstrap", "--variant=minbase", *include, RELEASE, str(root)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        result = subprocess.run(command, stdout=file, stderr=file, check=False, timeout=SECONDS)
    if result.returncode != 0:
        raise DevError("debootstrap could not make a Debian root; see what it says and run `make up` again", log)


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
