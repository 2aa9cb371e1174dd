from pathlib import Path

import pytest

from dev.machine import sysctls


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Make a kernel with some of the settings: not every kernel has all of them."""
    root = tmp_path / "proc"
    for name, value in (("net/ipv4/ip_forward", "0\n"), ("vm/overcommit_memory", "2\n")):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(value)
    return root


def test_settings_are_put_back(tmp_path: Path, proc: Path) -> None:
    """What the machine had before the first `up`, it has after the last `down`."""
    remembered = tmp_path / "machine" / "sysctls.json"
    sysctls.remember(remembered, root=proc)
    sysctls.forward(root=proc)
    (proc / "vm/overcommit_memory").write_text("1")

    sysctls.restore(remembered, root=proc)

    assert not sysctls.is_forwarding(root=proc)
    assert (proc / "vm/overcommit_memory").read_text() == "2"
    assert not remembered.exists()


def test_the_first_memory_counts(tmp_path: Path, proc: Path) -> None:
    """A second environment must not take the first one's changes for the machine's own."""
    remembered = tmp_path / "sysctls.json"
    sysctls.remember(remembered, root=proc)
    sysctls.forward(root=proc)
    sysctls.remember(remembered, root=proc)

    sysctls.restore(remembered, root=proc)

    assert not sysctls.is_forwarding(root=proc)


def test_nothing_remembered_changes_nothing(tmp_path: Path, proc: Path) -> None:
    """`down` without an `up` leaves the kernel alone."""
    sysctls.forward(root=proc)

    sysctls.restore(tmp_path / "none.json", root=proc)

    assert sysctls.is_forwarding(root=proc)
