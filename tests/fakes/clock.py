"""A clock that stands still until a test moves it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass(eq=False)
class FakeTimer:
    """A call that is due when the clock reaches its time."""

    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Make no call."""
        self.cancelled = True

    def when(self) -> float:
        """When it is due."""
        return self.due


class FakeClock:
    """Time that passes in `advance`, which makes the calls that become due, in order."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.timers: list[FakeTimer] = []

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.seconds

    def call_later(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        """Make a call in `advance`."""
        timer = FakeTimer(self.seconds + seconds, callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        end = self.seconds + seconds
        while due := [timer for timer in self.timers if not timer.cancelled and timer.due <= end]:
            timer = min(due, key=FakeTimer.when)
            self.timers.remove(timer)
            self.seconds = timer.due
            timer.callback()
        self.seconds = end
