"""Time, as the loop sees it: injected, so that tests need not wait."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Do not make the call."""

    def when(self) -> float:
        """When it is due, on the clock's monotonic scale."""


class Clock(Protocol):
    """Wall time for decisions, and a monotonic scale for due times."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def monotonic(self) -> float:
        """Seconds on a scale that never jumps."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Make a call after so many seconds."""


class SystemClock:
    """The machine's clock and the running event loop's timers."""

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        """Seconds on the event loop's scale."""
        return asyncio.get_running_loop().time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Make a call from the event loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)
