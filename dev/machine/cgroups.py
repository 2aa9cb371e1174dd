"""The cgroup of one environment: everything it ever started is in there.

Owns one group `/<name>` in every cgroup hierarchy of the machine (one on cgroup v2, several on v1), with
`daemons/<daemon>` for each process `dev` starts and `kubepods` below it for the pods, which the kubelet
makes. Children inherit the group, so shims and pods are found after a crash without guessing from names.
Leaves the ending of processes to `processes`.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.errors import DevError

PROCESSES_FILE: Final = "cgroup.procs"
REMOVE_SECONDS: Final = 10.0
CONTROLLERS: Final = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """A mounted cgroup hierarchy; `unified` is cgroup v2."""

    mount: Path
    unified: bool
    controllers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroup:
    """The group of one environment in all hierarchies."""

    name: str
    hierarchies: tuple[Hierarchy, ...]

    @property
    def daemons(self) -> Path:
        """The folder with one group per daemon."""
        return self._tracking.mount / self.name / "daemons"

    @property
    def _tracking(self) -> Hierarchy:
        """The hierarchy by which processes are followed: `pids` on v1, the only one on v2."""
        return next((h for h in self.hierarchies if "pids" in h.controllers), self.hierarchies[-1])

    def ensure(self) -> None:
        """Make the group where it is missing."""
        for hierarchy in self.hierarchies:
            group = hierarchy.mount / self.name
            if hierarchy.unified:
                _delegate(hierarchy.mount)
            group.mkdir(exist_ok=True)
            if hierarchy.unified:
                _delegate(group)
            if "cpuset" in hierarchy.controllers and not hierarchy.unified:
                _inherit_cpuset(group)
        self.daemons.mkdir(exist_ok=True)

    def exists(self) -> bool:
        """Tell whether the group is in every hierarchy."""
        groups_exist = all((h.mount / self.name).is_dir() for h in self.hierarchies)
        return groups_exist and self.daemons.is_dir()

    def processes(self) -> frozenset[int]:
        """Pids of everything in the group, in whatever hierarchy."""
        found: set[int] = set()
        for hierarchy in self.hierarchies:
            for file in (hierarchy.mount / self.name).rglob(PROCESSES_FILE):
                found.update(read_members(file))
        return frozenset(found)

    def remove(self) -> None:
        """Remove the group, which must hold no process any more; a group that is not there is no error."""
        deadline = time.monotonic() + REMOVE_SECONDS
        while remaining := [h for h in self.hierarchies if not _removed(h.mount / self.name)]:
            if time.monotonic() > deadline:
                users = sorted(self.processes()) or "a process that is ending"
                group = remaining[0].mount / self.name
                raise DevError(f"the cgroup {group} is in use by {users}; run `python -m dev down` again")
            time.sleep(0.05)


def read_hierarchies(mountinfo: Path = Path("/proc/self/mountinfo")) -> tuple[Hierarchy, ...]:
    """List the mounted hierarchies, each once."""
    found: dict[Path, Hierarchy] = {}
    for line in mountinfo.read_text().splitlines():
        fields, _, tail = line.partition(" - ")
        kind, _source, options = tail.split(" ", 2)
        if kind not in {"cgroup", "cgroup2"}:
            continue
        mount = Path(fields.split()[4])
        unified = kind == "cgroup2"
        names = _v2_controllers(mount) if unified else frozenset(options.split(","))
        found[mount] = Hierarchy(mount=mount, unified=unified, controllers=names)
    return tuple(found.values())


def _v2_controllers(mount: Path) -> frozenset[str]:
    try:
        return frozenset((mount / "cgroup.controllers").read_text().split())
    except FileNotFoundError:
        return frozenset()


def _delegate(group: Path) -> None:
    """Let children of a v2 group use the controllers it has."""
    control = group / "cgroup.subtree_control"
    have = set(control.read_text().split())
    for controller in sorted(_v2_controllers(group) & set(CONTROLLERS) - have):
        control.write_text(f"+{controller}")


def _inherit_cpuset(group: Path) -> None:
    """Give a new v1 cpuset the processors and memory nodes of its parent: an empty one takes no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (group / name).read_text().strip():
            (group / name).write_text((group.parent / name).read_text())


def read_members(file: Path) -> frozenset[int]:
    """Read the pids in a `cgroup.procs` file; none when the group is gone."""
    try:
        return frozenset(int(word) for word in file.read_text().split() if word != "0")
    except OSError:
        return frozenset()


def _removed(group: Path) -> bool:
    """Remove a group with its children; False when something in it is still busy."""
    if not group.exists():
        return True
    children = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
    for directory in (*children, group):
        try:
            directory.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True
