"""When a condition changed, and how long what it says may be."""

from datetime import timedelta

import pytest

from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.decide.times import LONGEST_MESSAGE, created_at, read_time, with_times, write_time
from tests import make

SINCE = "2026-06-09T04:00:00Z"
BEFORE = Condition(type="Ready", status=ConditionStatus.TRUE, last_transition_time=SINCE)


def ready(status: ConditionStatus, *, message: str = "", at: str | None = None) -> Condition:
    return Condition(type="Ready", status=status, message=message, last_transition_time=at)


@pytest.mark.parametrize(
    ("wanted", "before", "expected"),
    [
        pytest.param(ready(ConditionStatus.TRUE), (BEFORE,), SINCE, id="same status"),
        pytest.param(ready(ConditionStatus.TRUE, message="new"), (BEFORE,), SINCE, id="same status, other message"),
        pytest.param(ready(ConditionStatus.FALSE), (BEFORE,), write_time(make.NOW), id="flipped"),
        pytest.param(ready(ConditionStatus.TRUE), (), write_time(make.NOW), id="new"),
        pytest.param(ready(ConditionStatus.FALSE, at=SINCE), (), SINCE, id="time already set"),
    ],
)
def test_a_time_moves_when_the_status_flips(wanted: Condition, before: tuple[Condition, ...], expected: str) -> None:
    """Another message is no transition."""
    (condition,) = with_times((wanted,), before, make.NOW)

    assert condition.last_transition_time == expected


@pytest.mark.parametrize("at", [None, SINCE])
def test_a_message_is_cut_where_it_grows_too_long(at: str | None) -> None:
    """It may quote what a user wrote or a server answered; a cut is seen, and cutting again changes nothing."""
    (fits,) = with_times((ready(ConditionStatus.TRUE, message="x" * LONGEST_MESSAGE, at=at),), (), make.NOW)
    (cut,) = with_times((ready(ConditionStatus.TRUE, message="x" * 10**6, at=at),), (), make.NOW)

    assert fits.message == "x" * LONGEST_MESSAGE
    assert cut.message == "x" * (LONGEST_MESSAGE - 1) + "…"
    assert with_times((cut,), (cut,), make.NOW) == (cut,)


def test_times_are_utc_with_seconds() -> None:
    """What is written is read back; an object that says nothing was created just now."""
    assert read_time(write_time(make.NOW)) == make.NOW
    assert created_at(None, make.NOW) == make.NOW
    assert created_at(SINCE, make.NOW) == make.NOW - timedelta(minutes=5, seconds=6)
