"""The schedule that all pollers share."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from kpack_reconciler.observe.hurry import AT_ONCE, Hurry
from kpack_reconciler.observe.polling import Schedule, turn_after

NOW = datetime(2026, 6, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class Poller:
    """A schedule over questions that are texts; one whose text ends in `slow` is answered when it is told to."""

    def __init__(self) -> None:
        self.due: dict[str, datetime | None] = {}
        self.asked: list[frozenset[str]] = []
        self.was_asked = asyncio.Event()
        self.answered = asyncio.Event()
        self.schedule = Schedule(
            due=lambda: self.due,
            ask=self._ask,
            interval=timedelta(hours=1),
            now=lambda: NOW,
            hurry=Hurry(lambda question: question),
            group=lambda question: question[0],
        )

    async def _ask(self, questions: frozenset[str]) -> None:
        self.asked.append(questions)
        self.was_asked.set()
        if any(question.endswith("slow") for question in questions):
            await self.answered.wait()
        self.due |= dict.fromkeys(questions, LATER)

    async def next(self) -> frozenset[str]:
        """What is asked next."""
        async with asyncio.timeout(10):
            await self.was_asked.wait()
        self.was_asked.clear()
        return self.asked[-1]


async def test_a_question_that_is_being_asked_is_not_asked_again() -> None:
    """A new one is asked meanwhile, as soon as the schedule is woken."""
    poller = Poller()
    poller.due = {"a slow": AT_ONCE}
    running = asyncio.create_task(poller.schedule.run())

    assert await poller.next() == {"a slow"}
    poller.due["b"] = AT_ONCE
    poller.schedule.wake()
    assert await poller.next() == {"b"}
    poller.answered.set()
    running.cancel()

    assert poller.asked == [{"a slow"}, {"b"}]


async def test_a_group_is_asked_together() -> None:
    """When one of it is due; what will never be due is left out, and other groups wait."""
    poller = Poller()
    poller.due = {"a1": AT_ONCE, "a2": LATER, "a3": None, "b1": LATER}

    await poller.schedule.ask_due()
    await poller.schedule.ask_due()

    assert poller.asked == [{"a1", "a2"}, frozenset()]


async def test_what_is_due_later_is_asked_without_a_wake() -> None:
    """The schedule waits for the next time by itself; when the clock stands still there, it looks again."""
    poller = Poller()
    poller.due = {"a": NOW + timedelta(milliseconds=1)}
    running = asyncio.create_task(poller.schedule.run())

    poller.schedule._now = lambda: LATER
    assert await poller.next() == {"a"}
    running.cancel()


async def test_a_clock_that_was_set_back_delays_nothing() -> None:
    """What was noted for a time that is now far away is asked at once, and then as always."""
    poller = Poller()
    poller.due = {"a": NOW - timedelta(hours=2)}
    await poller.schedule.ask_due()

    poller.schedule._now = lambda: NOW - timedelta(days=1)
    await poller.schedule.ask_due()
    await poller.schedule.ask_due()

    assert poller.asked == [{"a"}, {"a"}, frozenset()]


async def test_a_clock_that_was_set_back_is_noticed_within_an_interval() -> None:
    """However far away the next question is due."""
    poller = Poller()
    poller.schedule._interval = timedelta(milliseconds=1)
    poller.due = {"a": LATER}
    running = asyncio.create_task(poller.schedule.run())
    await asyncio.sleep(0)

    poller.schedule._now = lambda: NOW - timedelta(days=1)
    assert await poller.next() == {"a"}
    running.cancel()


def test_each_question_has_its_own_point_of_the_interval() -> None:
    """A thousand that appear at once are spread evenly from then on, each asked once an interval."""
    minute = timedelta(minutes=1)
    first = {name: turn_after(NOW, minute, subject=f"https://git.example/{name}") for name in range(1000)}
    second = {name: turn_after(at, minute, subject=f"https://git.example/{name}") for name, at in first.items()}

    in_tenths = Counter(int((at - NOW) / minute * 10) for at in first.values())

    assert all(NOW < at <= NOW + minute * 1.01 for at in first.values())
    assert all(abs(second[name] - at - minute) < timedelta(seconds=1) for name, at in first.items())
    assert min(in_tenths[tenth] for tenth in range(10)) > 70
