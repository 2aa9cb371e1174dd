from pathlib import Path

import pytest

from dev.machine.cgroups import ControlGroup, Hierarchy, read_hierarchies

V1 = """\
30 24 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
31 30 0:27 / {root}/memory rw,nosuid - cgroup cgroup rw,memory
32 30 0:28 / {root}/pids rw,nosuid - cgroup cgroup rw,pids
33 30 0:29 / {root}/unified rw,nosuid - cgroup2 cgroup2 rw
"""


def make_group(tmp_path: Path) -> ControlGroup:
    for name in ("memory", "pids"):
        (tmp_path / name).mkdir()
    hierarchies = tuple(
        Hierarchy(mount=tmp_path / name, unified=False, controllers=frozenset({name})) for name in ("memory", "pids")
    )
    return ControlGroup(name="ours", hierarchies=hierarchies)


def test_all_hierarchies_are_found(tmp_path: Path) -> None:
    """Version 1 mounts one hierarchy per controller, a hybrid machine a version 2 one beside them."""
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified" / "cgroup.controllers").write_text("cpu io\n")
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(V1.format(root=tmp_path))

    found = {h.mount.name: (h.unified, h.controllers >= {h.mount.name}) for h in read_hierarchies(mountinfo)}

    assert found == {"memory": (False, True), "pids": (False, True), "unified": (True, False)}


def test_the_group_is_made_in_every_hierarchy(tmp_path: Path) -> None:
    """The kubelet wants its root in every hierarchy; daemons are followed in `pids`."""
    group = make_group(tmp_path)

    group.ensure()

    assert group.exists()
    assert (tmp_path / "memory" / "ours").is_dir()
    assert group.daemons == tmp_path / "pids" / "ours" / "daemons"


def test_processes_are_collected_from_all_levels(tmp_path: Path) -> None:
    """Pods are deep below the group; one that is in one hierarchy alone is found as well."""
    group = make_group(tmp_path)
    group.ensure()
    deep = tmp_path / "memory" / "ours" / "kubepods" / "pod1"
    deep.mkdir(parents=True)
    (deep / "cgroup.procs").write_text("41\n42\n")
    (group.daemons / "cgroup.procs").write_text("7\n")

    assert group.processes() == {7, 41, 42}


def test_removing_takes_children_first(tmp_path: Path) -> None:
    """A cgroup can only be removed when it has no children."""
    group = make_group(tmp_path)
    group.ensure()
    (tmp_path / "pids" / "ours" / "kubepods" / "pod1" / "container").mkdir(parents=True)

    group.remove()

    assert not group.exists()
    assert list((tmp_path / "pids").iterdir()) == []


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    """`down` works after a half `up`."""
    make_group(tmp_path).remove()


def test_a_new_cpuset_inherits_its_processors(tmp_path: Path) -> None:
    """A version 1 cpuset without processors takes no process."""
    (tmp_path / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset.mems").write_text("0\n")
    (tmp_path / "ours").mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        (tmp_path / "ours" / name).write_text("\n")
    hierarchy = Hierarchy(mount=tmp_path, unified=False, controllers=frozenset({"cpuset"}))

    ControlGroup(name="ours", hierarchies=(hierarchy,)).ensure()

    assert (tmp_path / "ours" / "cpuset.cpus").read_text() == "0-1\n"
    assert (tmp_path / "ours" / "cpuset.mems").read_text() == "0\n"


@pytest.mark.parametrize("have", ["", "cpu memory"])
def test_a_unified_hierarchy_hands_its_controllers_down(tmp_path: Path, have: str) -> None:
    """On version 2 a child has only the controllers its parent hands down."""
    for folder in (tmp_path, tmp_path / "ours"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text("memory rdma\n")
        (folder / "cgroup.subtree_control").write_text(have)
    hierarchy = Hierarchy(mount=tmp_path, unified=True, controllers=frozenset({"memory", "pids"}))

    ControlGroup(name="ours", hierarchies=(hierarchy,)).ensure()

    assert (tmp_path / "ours" / "cgroup.subtree_control").read_text() == (have or "+memory")
