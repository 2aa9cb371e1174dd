"""When to ask the outside world again, and what an error says: the part that all pollers share.

Owns the loop, the times and which questions are being asked. Leaves the questions, the asking and the meaning of
answers to each poller.

Rules:
- A question that was never asked is due at once, whatever the clock says.
- Questions of one group are asked together: when one of them is due, the others that will be are asked with it, so
  that they are due together from then on.
- A new question is asked at once, also while a slow server is waited for; one that is being asked is not asked again.
  Only in a burst of new questions do they wait a moment for one look at all of them.
- When the clock was set back, all is asked once at once: times that were noted before would come too late.
- An unexpected error is logged and counts as a fault that may pass.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from time import thread_time
from typing import Generic, TypeVar

import structlog

from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.observe.hurry import AT_ONCE, Hurry

log = structlog.get_logger(__name__)

PARALLEL = 16
"""How many requests a poller has under way at once."""

_POINTS = 1 << 32
_ROUNDING = 0.001
_SHORTEST_PAUSE = 0.2
"""Seconds from one look at all questions to the next: what a burst of wake-ups costs at most."""
_REST = 10
"""How much longer than a look at all questions the pause after it is: with ten thousand of them, too, looking takes a
tenth of a processor at most."""

Question = TypeVar("Question", bound=Hashable)


class Schedule(Generic[Question]):
    """Asks what is due, again and again.

    `due` tells for each open question when to ask it: `AT_ONCE`, a time, or None for never. `ask` asks a set of
    questions and returns with their answers recorded.
    """

    def __init__(
        self,
        *,
        due: Callable[[], Mapping[Question, datetime | None]],
        ask: Callable[[frozenset[Question]], Awaitable[None]],
        interval: timedelta,
        now: Callable[[], datetime],
        hurry: Hurry[Question],
        group: Callable[[Question], Hashable] = lambda question: question,
    ) -> None:
        self._due, self._ask, self._interval, self._now = due, ask, interval, now
        self._hurry, self._group = hurry, group
        self._woken = asyncio.Event()
        self._asking: set[Question] = set()
        self._latest = AT_ONCE

    def wake(self) -> None:
        """Look for new questions now."""
        self._woken.set()

    def hurry(self, questions: Collection[Question]) -> None:
        """Ask these before their time, since the answers may be others now."""
        self._hurry.tell(questions, self._now())
        self.wake()

    async def run(self) -> None:
        """Ask what is due, then wait for the next due question or a wake-up; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                began = thread_time()
                due = self._open()
                if reached := self._take(due):
                    tasks.create_task(self._ask_taken(reached))
                pause, looked = self._pause(due).total_seconds(), asyncio.get_running_loop().time()
                rest = max(_SHORTEST_PAUSE, _REST * (thread_time() - began))
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(rest, pause)):
                        await self._woken.wait()
                await asyncio.sleep(looked + rest - asyncio.get_running_loop().time())

    async def ask_due(self) -> None:
        """Ask every question that is due and is not being asked; return with the answers."""
        await self._ask_taken(self._take(self._open()))

    def _open(self) -> Mapping[Question, datetime]:
        """The questions that will be asked some day and are not being asked, with their times."""
        due = self._due()
        self._hurry.keep(due.keys())
        return {question: at for question, at in due.items() if at is not None and question not in self._asking}

    def _take(self, due: Mapping[Question, datetime]) -> frozenset[Question]:
        now, before = self._now(), self._latest
        self._latest = now
        if now < before:
            due = dict.fromkeys(due, AT_ONCE)
        groups = {self._group(question) for question, at in due.items() if at <= now}
        reached = frozenset(question for question in due if self._group(question) in groups)
        self._asking |= reached
        return reached

    async def _ask_taken(self, questions: frozenset[Question]) -> None:
        self._hurry.begin(questions, self._now())
        try:
            await self._ask(questions)
        finally:
            self._hurry.end(questions, self._now())
            self._asking -= questions
            if self._hurry:
                self.wake()

    def _pause(self, due: Mapping[Question, datetime]) -> timedelta:
        now = self._now()
        waiting = (at - now for question, at in due.items() if question not in self._asking)
        return min((*waiting, self._interval))


def turn_after(at: datetime, interval: timedelta, *, subject: str) -> datetime:
    """When to ask again about something that was asked about: once an interval, at a point of it that is its own.

    The first time comes early, so that all points of the interval are taken alike, whenever questions appear; after
    that it is an interval from one time to the next.
    """
    seconds = interval.total_seconds()
    point = zlib.crc32(subject.encode(errors="replace")) / _POINTS * seconds
    left = seconds - (at.timestamp() - point) % seconds
    return at + timedelta(seconds=left if left > _ROUNDING else left + seconds)


def fault_of(error: Exception, *, unavailable: str, subject: str) -> Fault:
    """What an error of a client says; `unavailable` is the reason of those that may pass.

    Anything else is a bug: it is logged with `subject`, and may pass.
    """
    match error:
        case PermanentError():
            return Fault(reason=error.reason, message=str(error), permanent=True)
        case TransientError():
            return Fault(reason=unavailable, message=str(error), permanent=False)
    log.error("bug while polling", subject=subject, exc_info=error)
    return Fault(reason="InternalError", message="the controller has a bug; its log tells more", permanent=False)
