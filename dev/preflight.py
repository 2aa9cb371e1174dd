"""What must be so before anything is started, told in one message.

Owns the questions asked of the machine. Rules:
- facts are gathered once, then judged by pure functions: `problems` lists everything that is wrong, not the
  first;
- whatever `up` can make by itself (packages, tools) is no problem;
- each problem ends with what to do about it.
"""

import os
import platform
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.errors import DevError
from dev.machine.cgroups import read_hierarchies
from dev.machine.packages import CLUSTER_TOOLS, missing
from dev.state import LONGEST_PATH, VARIABLE, State
from dev.toolchain import UP, ToolchainError
from dev.toolchain.ensure import Source
from dev.toolchain.golang import find_go

GIB: Final = 1024**3
LEAST_DISK: Final = 5 * GIB
LEAST_MEMORY: Final = 3 * GIB
ARCHITECTURE: Final = "x86_64"
ELSEWHERE: Final = "name an existing one with `make up CONTEXT=<context> REGISTRY=<host>/<path>`"
CONTROLLERS: Final = frozenset({"cpu", "memory", "pids"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was found. Sizes are bytes; `go` is what is wrong with Go, empty when nothing is."""

    system: str
    architecture: str
    is_root: bool
    has_apt: bool
    missing_packages: tuple[str, ...]
    controllers: frozenset[str]
    has_overlay: bool
    free_disk: int
    memory: int
    state: Path
    go: str


def look(state: State) -> Machine:
    """Gather the facts."""
    linux = platform.system() == "Linux"
    hierarchies = read_hierarchies() if linux else ()
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        is_root=os.geteuid() == 0,
        has_apt=shutil.which("apt-get") is not None,
        missing_packages=missing(CLUSTER_TOOLS),
        controllers=frozenset().union(*(hierarchy.controllers for hierarchy in hierarchies)),
        has_overlay=linux and _has_overlay(),
        free_disk=shutil.disk_usage(_existing(state.root)).free,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        state=state.root,
        go=_ask_go(),
    )


def problems(machine: Machine) -> tuple[str, ...]:
    """List what keeps a cluster from running on a machine; empty when nothing does."""
    if machine.system != "Linux":
        return (f"the cluster needs Linux, this is {machine.system}: {ELSEWHERE}",)
    judged = (*_judge_system(machine), *_judge_room(machine), (bool(machine.go), machine.go))
    return tuple(text for wrong, text in judged if wrong)


def problems_elsewhere(machine: Machine) -> tuple[str, ...]:
    """List what keeps a machine from working on a cluster that exists: its tools are made here."""
    return (machine.go,) if machine.go else ()


def _judge_system(machine: Machine) -> tuple[tuple[bool, str], ...]:
    absent = sorted(CONTROLLERS - machine.controllers)
    packages = ", ".join(machine.missing_packages)
    return (
        (
            not machine.is_root,
            f"the cluster needs root (namespaces, mounts, cgroups): run it as root, or {ELSEWHERE}",
        ),
        (
            machine.architecture != ARCHITECTURE,
            f"the samples are made for {ARCHITECTURE}, this is {machine.architecture}: use another machine",
        ),
        (
            bool(packages) and not machine.has_apt,
            f"there is no apt-get to install {packages}: install what they contain yourself",
        ),
        (
            bool(absent),
            f"the cgroup controllers {', '.join(absent)} are not mounted: use a machine that has them",
        ),
        (
            not machine.has_overlay,
            "the kernel has no overlay file system: load it (`modprobe overlay`) or use another machine",
        ),
    )


def _judge_room(machine: Machine) -> tuple[tuple[bool, str], ...]:
    disk = f"{machine.free_disk / GIB:.1f} GiB free, {LEAST_DISK // GIB} GiB are needed"
    memory = f"{machine.memory / GIB:.1f} GiB of memory, {LEAST_MEMORY // GIB} GiB are needed"
    longest = f"{LONGEST_PATH} characters at most"
    return (
        (
            machine.free_disk < LEAST_DISK,
            f"{machine.state} has {disk}: make room, or put the state elsewhere with {VARIABLE}",
        ),
        (machine.memory < LEAST_MEMORY, f"the machine has {memory}: use a larger one"),
        (
            len(str(machine.state)) > LONGEST_PATH,
            f"the path {machine.state} is too long for sockets ({longest}): choose a shorter {VARIABLE}",
        ),
    )


def check(state: State, *, own_cluster: bool = True) -> None:
    """Raise one DevError with everything that is wrong with this machine."""
    machine = look(state)
    refuse(problems(machine) if own_cluster else problems_elsewhere(machine))


def refuse(found: Sequence[str]) -> None:
    """Raise one DevError for a list of problems; none, no error."""
    if found:
        listed = "\n".join(f"  - {problem}" for problem in found)
        raise DevError(f"{socket.gethostname()} is not ready for this:\n{listed}\nNothing was started.")


def _ask_go() -> str:
    """Return what is wrong with the Go that builds the toolchain; empty when nothing is."""
    source = Source()
    try:
        find_go({source.root / tool.module for tool in source.select(UP)})
    except ToolchainError as error:
        return error.message
    return ""


def _has_overlay() -> bool:
    known = Path("/proc/filesystems").read_text().split()
    return "overlay" in known or shutil.which("modprobe") is not None


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path that exists."""
    return path if path.exists() else _existing(path.parent)
