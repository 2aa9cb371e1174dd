from ipaddress import IPv4Network
from pathlib import Path

import pytest

from dev.errors import DevError
from dev.machine import slots
from dev.machine.addresses import SLOTS, Addresses


def make_state(tmp_path: Path, name: str) -> Path:
    state = tmp_path / name
    state.mkdir()
    return state


def test_two_states_get_two_slots(tmp_path: Path) -> None:
    """Two checkouts of one machine do not collide."""
    first, second = make_state(tmp_path, "a"), make_state(tmp_path, "b")

    claimed = [slots.claim(state, directory=tmp_path / "slots") for state in (first, second)]

    assert claimed == [0, 1]


def test_a_state_keeps_its_slot(tmp_path: Path) -> None:
    """A second `up` finds the addresses of the first."""
    state = make_state(tmp_path, "a")
    first = slots.claim(state, directory=tmp_path / "slots")

    again = slots.claim(state, directory=tmp_path / "slots")

    assert again == first == slots.find(state, directory=tmp_path / "slots")


def test_a_released_slot_is_free_again(tmp_path: Path) -> None:
    """`down` gives the slot back."""
    first, second = make_state(tmp_path, "a"), make_state(tmp_path, "b")
    slots.claim(first, directory=tmp_path / "slots")

    slots.release(first, directory=tmp_path / "slots")

    assert slots.claim(second, directory=tmp_path / "slots") == 0


def test_the_last_release_leaves_nothing(tmp_path: Path) -> None:
    """The shared folder goes with the last claim."""
    state = make_state(tmp_path, "a")
    slots.claim(state, directory=tmp_path / "slots")

    slots.release(state, directory=tmp_path / "slots")

    assert not (tmp_path / "slots").exists()


def test_the_slot_of_a_vanished_state_is_taken_over(tmp_path: Path) -> None:
    """A checkout that was removed by hand does not hold its slot for ever."""
    gone = make_state(tmp_path, "gone")
    slots.claim(gone, directory=tmp_path / "slots")
    gone.rmdir()

    assert slots.claim(make_state(tmp_path, "a"), directory=tmp_path / "slots") == 0


def test_the_slot_of_a_vanished_state_stays_while_something_of_it_runs(tmp_path: Path) -> None:
    """Running processes keep their addresses, even when their state was removed."""
    gone = make_state(tmp_path, "gone")
    slots.claim(gone, directory=tmp_path / "slots")
    gone.rmdir()

    taken = slots.claim(make_state(tmp_path, "a"), directory=tmp_path / "slots", in_use=lambda slot: slot == 0)

    assert taken == 1


@pytest.mark.parametrize("route", ["10.201.0.0/16", "10.201.7.0/24", "10.200.0.0/15"])
def test_a_network_that_is_routed_elsewhere_is_passed_over(tmp_path: Path, route: str) -> None:
    """The machine's own networks stay reachable."""
    taken = slots.claim(make_state(tmp_path, "a"), directory=tmp_path / "slots", routes=[IPv4Network(route)])

    assert not Addresses(slot=taken).network.overlaps(IPv4Network(route))


def test_a_route_to_the_whole_private_range_keeps_nobody_out(tmp_path: Path) -> None:
    """Many machines route 10.0.0.0/8 to a VPN; a narrower route of ours goes before it."""
    routes = [IPv4Network("10.0.0.0/8")]

    assert slots.claim(make_state(tmp_path, "a"), directory=tmp_path / "slots", routes=routes) == 0


def test_a_full_machine_says_what_to_do(tmp_path: Path) -> None:
    """With all slots taken, the message tells how to free one."""
    for number in range(SLOTS):
        slots.claim(make_state(tmp_path, f"s{number}"), directory=tmp_path / "slots")

    with pytest.raises(DevError, match="python -m dev down"):
        slots.claim(make_state(tmp_path, "late"), directory=tmp_path / "slots")
