"""When to ask the outside world again, and what an error says: the part that all pollers share.

Owns the loop, the times and which questions are being asked. Leaves the questions, the asking and the meaning of
answers to each poller.

Rules:
- A question that was never asked is due at once, whatever the clock says.
- Questions of one group are asked together: when one of them is due, the others that will be are asked with it, so
  that they are due together from then on.
- A new question is asked at once, also while a slow server is waited for; one that is being asked is not asked again.
  Only in a burst of new questions do they wait a moment for one look at all of them.
- An unexpected error is logged and counts as a fault that may pass.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import structlog

from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Fault

log = structlog.get_logger(__name__)

PARALLEL = 16
"""How many requests a poller has under way at once."""

AT_ONCE = datetime.min.replace(tzinfo=UTC)
_SHORTEST_PAUSE = 0.2
"""Seconds from one look at all questions to the next: what a burst of wake-ups costs at most."""

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
        group: Callable[[Question], Hashable] = lambda question: question,
    ) -> None:
        self._due, self._ask, self._interval, self._now = due, ask, interval, now
        self._group = group
        self._woken = asyncio.Event()
        self._asking: set[Question] = set()

    def wake(self) -> None:
        """Look for new questions now."""
        self._woken.set()

    async def run(self) -> None:
        """Ask what is due, then wait for the next due question or a wake-up; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                due = self._open()
                if reached := self._take(due):
                    tasks.create_task(self._ask_taken(reached))
                looked, pause = asyncio.get_running_loop().time(), self._pause(due).total_seconds()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(_SHORTEST_PAUSE, pause)):
                        await self._woken.wait()
                await asyncio.sleep(looked + _SHORTEST_PAUSE - asyncio.get_running_loop().time())

    async def ask_due(self) -> None:
        """Ask every question that is due and is not being asked; return with the answers."""
        await self._ask_taken(self._take(self._open()))

    def _open(self) -> Mapping[Question, datetime]:
        """The questions that will be asked some day and are not being asked, with their times."""
        return {question: at for question, at in self._due().items() if at is not None and question not in self._asking}

    def _take(self, due: Mapping[Question, datetime]) -> frozenset[Question]:
        now = self._now()
        groups = {self._group(question) for question, at in due.items() if at <= now}
        reached = frozenset(question for question in due if self._group(question) in groups)
        self._asking |= reached
        return reached

    async def _ask_taken(self, questions: frozenset[Question]) -> None:
        try:
            await self._ask(questions)
        finally:
            self._asking -= questions

    def _pause(self, due: Mapping[Question, datetime]) -> timedelta:
        now = self._now()
        waiting = (at - now for question, at in due.items() if question not in self._asking)
        return min(waiting, default=self._interval)


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
