"""The same world with a controller that may run one build at a time, of Images that want two.

A leader that lingers beside its successor is left out: what one begins, the other counts only once it has seen it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from kpack_reconciler.cache.turns import Turns
from tests.scenarios.laws import Breach, BrokenLawError
from tests.scenarios.machine import KpackMachine
from tests.scenarios.test_state_machine import THOROUGH, search

_EXAMPLES = 200 if THOROUGH else 15
_SEARCHED = 300


class LimitedMachine(KpackMachine):
    """One build at a time."""

    limit = 1

    @rule(how=st.sampled_from(["crash", "crash after a write"]))
    def change_leader(self, how: str) -> None:
        """The process dies between two writes and is started anew."""
        self._count("change_leader")
        if how != "crash":
            self.leader.settle()
        self.leader.kill()
        self.leader = self._start()

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Whoever waits does so because another one has the turn."""
        turns = self.leader.controller.cache.turns
        if turns.waiting and turns.running < self.limit:
            raise BrokenLawError(Breach.LOST, f"{turns.waiting} builds wait, and {turns.running} run")


def test_one_build_runs_at_a_time_and_every_one_has_its_turn() -> None:
    """Whatever is delayed, lost, replayed or crashed: never two pods, and none waits for ever."""
    steps = search(_EXAMPLES, (Phase.generate, Phase.shrink), machine=LimitedMachine)

    assert steps >= 500


def _lead_to_a_line(led: LimitedMachine) -> None:
    """Two Images want a build; one runs and ends."""
    led.world.create_image("web")
    led.go_on(rounds=8, old=False, how="start")
    led.laws_hold()
    led.nobody_waits_for_nothing()
    assert led.leader.controller.cache.turns.waiting == 1
    led.go_on(rounds=4, old=False, how="succeed")
    led.nobody_waits_for_nothing()


@contextmanager
def led_by_hand() -> Iterator[LimitedMachine]:
    machine = LimitedMachine()
    try:
        yield machine
    finally:
        machine.end()


def test_a_turn_counts_before_its_pod_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of the pods that were seen would let too many run: the search meets it."""
    monkeypatch.setattr(Turns, "_give", lambda self, _namespace, uid: self._leave(uid))

    with pytest.raises(BrokenLawError) as caught:
        search(_SEARCHED, (Phase.generate,), machine=LimitedMachine)

    assert caught.value.breach is Breach.LIMIT


def test_a_turn_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a build gives its turn to the next, and only that does."""
    with led_by_hand() as machine:
        _lead_to_a_line(machine)

    monkeypatch.setattr(Turns, "give", lambda _self: ())
    with pytest.raises(BrokenLawError) as caught, led_by_hand() as machine:
        _lead_to_a_line(machine)

    assert caught.value.breach is Breach.LOST
