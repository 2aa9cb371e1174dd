"""The loop: keys in, looks out, on a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from kpack_api.types import Kind
from kpack_api.wire import ObjectMeta
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.loop.worker import Looker, Run, work
from kpack_reconciler.model.actions import Action, ReadServiceAccount, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fact, ServiceAccountQuestion, ServiceAccountSeen
from kpack_reconciler.model.keys import Key
from tests.fakes.clock import START, FakeClock

KEY = Key(Kind.IMAGE, "team", "app")
OTHER = Key(Kind.IMAGE, "team", "other")
NOTHING = Decision(reason="nothing to do")


def event(reason: str) -> RecordEvent:
    return RecordEvent(kind=Kind.IMAGE, subject=ObjectMeta(name="app"), type="Normal", reason=reason, message="")


class Loop:
    """A queue with two workers; `looks` records the time and the key of each look."""

    def __init__(self, decide: Callable[[Key], Decision | None], run: Run) -> None:
        self.clock = FakeClock()
        self.queue = Queue(self.clock, jitter=lambda: 1.0, first_delay=1.0, longest_delay=8.0)
        self.looks: list[tuple[float, str]] = []
        self.facts: list[Fact] = []
        self.told: list[tuple[Key, str]] = []
        self._decide = decide
        self.looker = Looker(consider={Kind.IMAGE: self._consider}, run=run, record=self.facts.append, tell=self._tell)

    def _consider(self, key: Key, now: datetime) -> Decision | None:
        assert now == self.clock.now()
        self.looks.append((self.clock.seconds, key.name))
        return self._decide(key)

    async def _tell(self, key: Key, error: PermanentError) -> None:
        self.told.append((key, error.reason))

    async def settle(self) -> None:
        """Let the workers do all that is due."""
        for _ in range(50):
            await asyncio.sleep(0)


@asynccontextmanager
async def running(consider: Callable[[Key], Decision | None], run: Run | None = None) -> AsyncIterator[Loop]:
    loop = Loop(consider, run or no_effect)
    tasks = [asyncio.create_task(work(loop.queue, loop.looker, loop.clock)) for _ in range(2)]
    try:
        yield loop
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def no_effect(_: Action) -> Fact | None:
    return None


@pytest.mark.parametrize(
    "error",
    [TransientError("later"), PermanentError("Forbidden", "no"), ConflictError("stale"), ZeroDivisionError("a bug")],
    ids=["transient", "permanent", "conflict", "bug"],
)
async def test_an_error_backs_off_and_the_loop_lives(error: Exception) -> None:
    """After each failure the delay of the key doubles up to the longest, whatever failed."""

    async def refuse(_: Action) -> Fact | None:
        raise error

    async with running(lambda _: Decision(actions=(event("Try"),), reason="try"), refuse) as loop:
        loop.queue.add(KEY)
        await loop.settle()
        for _ in range(40):
            loop.clock.advance(0.5)
            await loop.settle()

    assert [at for at, _ in loop.looks] == [0.0, 1.0, 3.0, 7.0, 15.0]


async def test_a_refusal_is_told_to_the_owner_of_the_object() -> None:
    """A quota or a policy that refuses an action would otherwise be seen in the log only."""

    async def refuse(_: Action) -> Fact | None:
        raise PermanentError("Forbidden", "exceeded quota")

    async with running(lambda _: Decision(actions=(event("Try"),), reason="try"), refuse) as loop:
        loop.queue.add(KEY)
        await loop.settle()

    assert loop.told == [(KEY, "Forbidden")]


async def test_a_success_forgets_failures() -> None:
    """The first failure after a success waits the first delay again."""
    failing = [True, True, False, True, True]

    async def sometimes(_: Action) -> Fact | None:
        if failing.pop(0):
            raise TransientError("later")
        return None

    try_once = Decision(actions=(event("Try"),), look_again=timedelta(seconds=2), reason="try")
    async with running(lambda _: try_once, sometimes) as loop:
        loop.queue.add(KEY)
        await loop.settle()
        for _ in range(6):
            loop.clock.advance(1)
            await loop.settle()

    assert [at for at, _ in loop.looks] == [0.0, 1.0, 3.0, 5.0, 6.0]


async def test_a_key_is_never_in_two_hands_and_nothing_is_lost() -> None:
    """A key added during its own look is looked at once more afterwards, however often it was added."""
    gate, running_now, most = asyncio.Event(), 0, 0

    async def slow(_: Action) -> Fact | None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await gate.wait()
        running_now -= 1
        return None

    async with running(lambda _: Decision(actions=(event("Wait"),), reason="wait"), slow) as loop:
        loop.queue.add(KEY)
        await loop.settle()
        for _ in range(5):
            loop.queue.add(KEY)
        await loop.settle()
        assert loop.looks == [(0.0, "app")]
        gate.set()
        await loop.settle()

    assert loop.looks == [(0.0, "app"), (0.0, "app")]
    assert most == 1


async def test_a_slow_key_does_not_hold_up_the_others() -> None:
    """Different keys are looked at in parallel."""
    gate = asyncio.Event()

    async def slow(_: Action) -> Fact | None:
        await gate.wait()
        return None

    wait = Decision(actions=(event("Wait"),), reason="wait")
    async with running(lambda key: wait if key == KEY else NOTHING, slow) as loop:
        loop.queue.add(KEY)
        loop.queue.add(OTHER)
        await loop.settle()

    assert loop.looks == [(0.0, "app"), (0.0, "other")]


async def test_a_decision_says_when_to_look_again() -> None:
    """`look_again` sets one timer; an event before it replaces it."""
    async with running(lambda _: Decision(look_again=timedelta(seconds=10), reason="wait")) as loop:
        loop.queue.add(KEY)
        await loop.settle()
        loop.clock.advance(4)
        loop.queue.add(KEY)
        await loop.settle()
        loop.clock.advance(9)
        await loop.settle()
        loop.clock.advance(1)
        await loop.settle()

    assert [at for at, _ in loop.looks] == [0.0, 4.0, 14.0]


async def test_the_first_action_that_fails_ends_the_look_and_facts_before_it_are_kept() -> None:
    """Actions run in order; what was learnt before the failure is recorded, what comes after it is not tried."""
    question = ServiceAccountQuestion("team", "default")
    seen = ServiceAccountSeen(question=question, answer=None, at=START)
    tried: list[str] = []

    async def run(action: Action) -> Fact | None:
        tried.append(type(action).__name__)
        if isinstance(action, RecordEvent):
            raise TransientError("later")
        return seen

    read = ReadServiceAccount(question=question, reason="not read yet")
    async with running(lambda _: Decision(actions=(read, event("Fail"), read), reason="three"), run) as loop:
        loop.queue.add(KEY)
        await loop.settle()

    assert tried == ["ReadServiceAccount", "RecordEvent"]
    assert loop.facts == [seen]


async def test_an_object_that_is_gone_is_not_looked_at_again() -> None:
    """A key whose object no longer exists leaves no timer behind."""
    async with running(lambda _: None) as loop:
        loop.queue.add(KEY)
        await loop.settle()

    assert [timer for timer in loop.clock.timers if not timer.cancelled] == []
