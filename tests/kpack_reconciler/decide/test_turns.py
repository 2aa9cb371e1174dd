"""What a Build does, says and asks for while builds at once are limited."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import PodStatus
from kpack_api.types import Build, BuildStatus
from kpack_api.wire import Condition
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.model.actions import (
    CreatePod,
    GiveTurnBack,
    PatchStatus,
    ReadServiceAccount,
    RebaseImage,
    RecordEvent,
    TakeTurn,
)
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.turns import QUEUED, Turn
from kpack_reconciler.model.worlds import BuildWorld
from tests import make
from tests.kpack_reconciler.decide.test_rebase_build import rebase

_MINUTE = timedelta(minutes=1)
_HELD, _FREE = Turn(held=True), Turn(free=True)
_FAULT = Fault(reason="RegistryUnavailable", message="no answer", permanent=False)


def behind(position: int, waiting: int = 12) -> Turn:
    return Turn(position=position, waiting=waiting, running=40)


def told_queued(position: int, *, since: str = make.CREATED) -> Build:
    message = f"waits for its turn: {position}th of 12 in namespace team at {make.CREATED}; 40 builds run"
    condition = replace(make.condition("Succeeded", "Unknown", QUEUED, message), last_transition_time=since)
    return replace(make.running_build(), status=BuildStatus(observed_generation=1, conditions=(condition,)))


def world(turn: Turn | None, build: Build | None = None) -> BuildWorld:
    return dataclasses.replace(make.build_world(build), turn=turn)


def kinds(decision: Decision) -> list[type]:
    return [type(action) for action in decision.actions]


def told(decision: Decision) -> Condition:
    (status,) = (action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus)
    return status.conditions[0]


@pytest.mark.parametrize(
    ("turn", "actions"),
    [
        pytest.param(None, [CreatePod, PatchStatus], id="nothing is limited"),
        pytest.param(_HELD, [CreatePod, PatchStatus], id="it has its turn"),
        pytest.param(_FREE, [TakeTurn, CreatePod, PatchStatus], id="a turn is free"),
        pytest.param(behind(3), [PatchStatus, RecordEvent], id="none is"),
    ],
)
def test_a_pod_is_made_in_turn(turn: Turn | None, actions: list[type]) -> None:
    """A turn is taken before the pod is made, and without one there is no pod."""
    assert kinds(decide_build(world(turn), make.NOW)) == actions


def test_a_build_that_begins_to_wait_says_where_it_stands() -> None:
    """In its condition, whose time says since when, and once in an Event; it looks again in a minute."""
    decision = decide_build(world(behind(3)), make.NOW)

    message = (
        "waits for its turn: 3rd of 12 in namespace team at 2026-06-09T04:05:06Z; 40 builds run, as many as"
        " max_concurrent_builds allows"
    )
    condition = told(decision)
    assert (condition.status, condition.reason, condition.message) == ("Unknown", QUEUED, message)
    assert condition.last_transition_time == "2026-06-09T04:05:06Z"
    event = decision.actions[1]
    assert isinstance(event, RecordEvent)
    assert (event.type, event.reason, event.message) == ("Normal", "BuildQueued", message)
    assert decision.look_again == _MINUTE


@pytest.mark.parametrize(
    ("before", "now", "writes"),
    [
        pytest.param(12, 12, 0, id="nothing moved"),
        pytest.param(12, 4, 0, id="a little nearer"),
        pytest.param(12, 3, 1, id="a quarter is left"),
        pytest.param(4, 1, 1, id="the next"),
        pytest.param(1, 1, 0, id="still the next"),
    ],
)
def test_a_position_is_told_anew_when_it_is_down_to_a_quarter(before: int, now: int, writes: int) -> None:
    """Without an Event, without asking anybody for anything, and the time stays that of the wait's beginning."""
    waiting = dataclasses.replace(world(behind(now), told_queued(before)), credentials=None, builder_image=None)

    decision = decide_build(waiting, make.NOW)

    assert kinds(decision) == [PatchStatus] * writes
    assert decision.look_again == _MINUTE
    if writes:
        assert told(decision).last_transition_time == make.CREATED


def test_a_long_wait_is_told_a_few_times() -> None:
    """From position 10,000 to the first, the status is written seven times: 1 + log4 of the position."""
    build, writes = make.running_build(), 0
    for position in range(10_000, 0, -1):
        decision = decide_build(world(behind(position, 10_000), build), make.NOW)
        for action in decision.actions:
            if isinstance(action, PatchStatus) and isinstance(action.status, BuildStatus):
                build, writes = replace(build, status=action.status), writes + 1

    assert writes == 7
    assert kinds(decide_build(world(_HELD, build), make.NOW)) == [CreatePod, PatchStatus]


def test_a_build_that_could_never_run_does_not_wait() -> None:
    """It fails at once."""
    hopeless = dataclasses.replace(
        world(behind(3)), builder_image=make.build_seen(make.running_build(), make.builder_image(user_id=0))
    )

    assert told(decide_build(hopeless, make.NOW)).status == "False"


def test_a_rebase_takes_no_turn() -> None:
    """No pod runs for it."""
    decision = decide_build(world(behind(3), rebase()), make.NOW)

    assert kinds(decision) == [RebaseImage]


def test_the_wait_does_not_count_as_patience() -> None:
    """What is missing when the turn comes is waited for as long as for a Build that is new, and the turn given back."""
    build = told_queued(1)
    later = make.NOW + timedelta(hours=5)
    unanswered = dataclasses.replace(
        world(_HELD, build),
        builder_image=make.build_seen(build, _FAULT, later),
        credentials=make.account_seen(build, make.credentials(), later),
    )

    decision = decide_build(unanswered, later)

    assert kinds(decision) == [PatchStatus, GiveTurnBack]
    assert (told(decision).reason, told(decision).last_transition_time) == (
        "RegistryUnavailable",
        "2026-06-09T09:05:06Z",
    )


def test_a_missing_account_has_its_grace_after_the_wait() -> None:
    """Fifteen seconds from the turn, as for a Build that is new."""
    build = told_queued(1)
    later = make.NOW + timedelta(hours=5)
    missing = dataclasses.replace(world(_HELD, build), credentials=make.account_seen(build, None, later))

    assert told(decide_build(missing, later)).status == "Unknown"


def test_asking_gives_no_turn_back() -> None:
    """What the pod needs is asked for when the turn has come, and anew: the Secrets may be others by then."""
    build = told_queued(1)
    minutes_ago = dataclasses.replace(
        world(_HELD, build),
        credentials=make.account_seen(build, make.credentials(), make.NOW - timedelta(minutes=3)),
    )

    for waited in (minutes_ago, dataclasses.replace(minutes_ago, credentials=None)):
        assert kinds(decide_build(waited, make.NOW)) == [ReadServiceAccount]


def test_an_attempt_keeps_its_place() -> None:
    """A Build that has had a pod gives nothing back."""
    build = make.running_build()
    condition = make.condition("Succeeded", "Unknown", "Evicted", "attempt 1 of 3")
    build = replace(build, status=BuildStatus(pod_name=make.pod(build).metadata.name, conditions=(condition,)))
    unanswered = dataclasses.replace(world(_HELD, build), builder_image=make.build_seen(build, _FAULT))

    assert GiveTurnBack not in kinds(decide_build(unanswered, make.NOW))


def test_the_pod_ends_the_wait() -> None:
    """The condition's time is that of the turn, so that the wait can be read off."""
    decision = decide_build(world(_HELD, told_queued(1)), make.NOW)

    assert kinds(decision) == [CreatePod, PatchStatus]
    condition = told(decision)
    assert (condition.reason, condition.last_transition_time) == ("", "2026-06-09T04:05:06Z")


def test_a_pod_that_runs_is_told_of_whatever_the_condition_said() -> None:
    """A status that could not be written when the turn came is written later."""
    build = told_queued(1)
    running = dataclasses.replace(world(_HELD, build), pod=make.pod(build, PodStatus(phase="Running")))

    assert told(decide_build(running, make.NOW)).reason != QUEUED


def test_an_image_says_that_its_build_waits() -> None:
    """With the place, and not that it is executing."""
    build = told_queued(3)

    decision = decide_image(dataclasses.replace(make.image_world(), builds=(build,)), make.NOW)

    (patch,) = decision.actions
    assert isinstance(patch, PatchStatus)
    ready = patch.status.conditions[0]
    assert ready.message == f"{build.metadata.name} {build.status.conditions[0].message}"
