import shutil
from pathlib import Path

import pytest

from dev.errors import DevError
from dev.state import LONGEST_PATH, State, default_state, locked


def test_two_checkouts_have_two_states() -> None:
    """Checkouts on one machine do not share anything by accident."""
    one, other = (default_state({}, checkout=Path(path), is_root=True) for path in ("/src/a", "/src/b"))

    assert one.root != other.root
    assert one == default_state({}, checkout=Path("/src/a"), is_root=True)


def test_the_default_leaves_room_for_sockets() -> None:
    """Unix sockets below the state have 107 characters at most."""
    long = Path("/src/with/a/very/long/path/that/goes/on/and/on/and/on/and/on")

    state = default_state({}, checkout=long, is_root=True)

    assert len(str(state.root)) <= LONGEST_PATH


def test_the_state_can_be_chosen() -> None:
    """Tests bring up an environment of their own beside the one people work with."""
    assert default_state({"PULUMI_KPACK_STATE": "/var/tmp/kpack"}).root == Path("/var/tmp/kpack")


@pytest.mark.parametrize(
    ("environment", "root"),
    [({"HOME": "/home/me"}, "/home/me/.local/state"), ({"XDG_STATE_HOME": "/data"}, "/data")],
)
def test_who_is_not_root_has_a_state_at_home(environment: dict[str, str], root: str) -> None:
    """An existing cluster can be worked on without root."""
    state = default_state(environment, checkout=Path("/src/a"), is_root=False)

    assert state.root.parent == Path(root) / "pulumi-kpack"


def test_a_state_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The message has the path and the variable that chooses another."""
    (tmp_path / "file").touch()

    with (
        pytest.raises(DevError, match="choose another PULUMI_KPACK_STATE"),
        locked(State(root=tmp_path / "file" / "x")),
    ):
        pass


def test_one_command_at_a_time_works_on_a_state(tmp_path: Path) -> None:
    """A second `up` or `down` is told to wait, not let in."""
    state = State(root=tmp_path / "state")

    with (
        locked(state),
        pytest.raises(DevError, match="another `python -m dev` is working"),
        locked(state),
    ):
        pass


def test_a_lock_can_be_taken_after_the_state_was_removed(tmp_path: Path) -> None:
    """`down` removes the state with the lock in it; `up` afterwards begins anew."""
    state = State(root=tmp_path / "state")
    with locked(state):
        shutil.rmtree(state.root)

    with locked(state):
        assert (state.root / "lock").exists()


def test_the_state_is_passable_but_not_readable(tmp_path: Path) -> None:
    """Pods reach their volumes through it as other users; nobody lists it."""
    state = State(root=tmp_path / "state")

    state.create()

    assert state.root.stat().st_mode & 0o777 == 0o711
