"""Who comes next, and what is said to those who wait."""

import pytest

from kpack_reconciler.model.turns import (
    UNLIMITED,
    Limits,
    Line,
    Load,
    has_room,
    next_namespace,
    told_position,
    turn_text,
    waiting_turn,
)

AT = "2026-06-09T04:05:06Z"


def line(namespace: str, running: int, oldest: str) -> Line:
    return Line(namespace=namespace, running=running, oldest=(oldest, "app-build-1", "uid"))


@pytest.mark.parametrize(
    ("limits", "load", "room"),
    [
        pytest.param(UNLIMITED, Load(total=9, in_namespace=9), True, id="no limit"),
        pytest.param(Limits(total=2), Load(total=1, in_namespace=1), True, id="below the limit"),
        pytest.param(Limits(total=2), Load(total=2, in_namespace=0), False, id="at the limit"),
        pytest.param(Limits(total=2), Load(total=3, in_namespace=3), False, id="above a limit that was lowered"),
        pytest.param(Limits(per_namespace=2), Load(total=9, in_namespace=1), True, id="below the namespace's limit"),
        pytest.param(Limits(total=9, per_namespace=2), Load(total=2, in_namespace=2), False, id="at the namespace's"),
    ],
)
def test_there_is_room_below_both_limits(limits: Limits, load: Load, *, room: bool) -> None:
    """A limit that is not given limits nothing."""
    assert has_room(limits, load) is room


@pytest.mark.parametrize(
    ("lines", "limits", "total", "chosen"),
    [
        pytest.param([], Limits(total=3), 0, None, id="nobody waits"),
        pytest.param([line("a", 2, "1"), line("b", 1, "9")], Limits(total=4), 3, "b", id="fewest running"),
        pytest.param([line("a", 1, "2"), line("b", 1, "1")], Limits(total=4), 2, "b", id="longest wait"),
        pytest.param([line("b", 1, "1"), line("a", 1, "1")], Limits(total=4), 2, "a", id="same second: by name"),
        pytest.param([line("a", 1, "1")], Limits(total=4), 4, None, id="no room"),
        pytest.param(
            [line("a", 2, "1"), line("b", 3, "2")], Limits(total=9, per_namespace=2), 5, None, id="namespaces at limit"
        ),
        pytest.param(
            [line("a", 2, "1"), line("b", 1, "2")], Limits(per_namespace=2), 3, "b", id="one namespace at its limit"
        ),
    ],
)
def test_the_namespace_with_the_fewest_running_builds_comes_next(
    lines: list[Line], limits: Limits, total: int, chosen: str | None
) -> None:
    """Among equals the longest wait; whoever is at a limit of its own is passed over."""
    assert next_namespace(lines, limits, total) == chosen


@pytest.mark.parametrize(
    ("position", "text"),
    [
        *[(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")],
        *[(111, "111th"), (102, "102nd"), (10_000, "10000th")],
    ],
)
def test_a_position_is_told_and_read_back(position: int, text: str) -> None:
    """What was told decides when it is told anew."""
    turn = waiting_turn(Limits(total=40), Load(total=40, in_namespace=5), position=position, waiting=20_000)

    said = turn_text(turn, "team", AT)

    assert said == (
        f"waits for its turn: {text} of 20000 in namespace team at {AT}; 40 builds run, as many as"
        " max_concurrent_builds allows"
    )
    assert told_position(said) == position


def test_the_limit_that_holds_a_build_up_is_named() -> None:
    """A namespace at its own limit waits for itself, whatever the others do."""
    limits = Limits(total=40, per_namespace=5)

    own = waiting_turn(limits, Load(total=40, in_namespace=5), position=1, waiting=1)
    others = waiting_turn(limits, Load(total=40, in_namespace=4), position=1, waiting=1)

    assert turn_text(own, "team", AT).endswith(
        "; 5 builds of namespace team run, as many as max_concurrent_builds_per_namespace allows"
    )
    assert turn_text(others, "team", AT).endswith("; 40 builds run, as many as max_concurrent_builds allows")


def test_other_words_tell_no_position() -> None:
    """Somebody else may have written them."""
    assert told_position("waits") == 0
