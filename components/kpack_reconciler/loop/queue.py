"""Keys that are due, now or later.

Owns the order of work. The semantics are those of client-go's work queue.

Rules:
- A key waits at most once, and is in at most one worker's hands.
- A key that is added while a worker has it is handed out once more after `done`.
- A key that is added now needs no timer any more: whoever looks at it says anew when to look again.
- Failures of a key double its delay, from `first_delay` to `longest_delay` seconds, times a jitter that is passed in.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from kpack_reconciler.loop.clock import Clock, Timer
from kpack_reconciler.metrics import queue_counts
from kpack_reconciler.model.keys import Key

_LARGEST_EXPONENT = 30


class Queue:
    """A queue of keys. `jitter` gives a factor around 1 for each delay after a failure."""

    def __init__(
        self, clock: Clock, *, jitter: Callable[[], float], first_delay: float = 0.5, longest_delay: float = 300.0
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._first_delay = first_delay
        self._longest_delay = longest_delay
        self._ready: deque[Key] = deque()
        self._waiting: dict[Key, float] = {}
        self._busy: dict[Key, float] = {}
        self._timers: dict[Key, Timer] = {}
        self._failures: dict[Key, int] = {}
        self._wake = asyncio.Event()

    def depth(self, kind: str) -> int:
        """How many keys of a kind wait for a worker."""
        return sum(key.kind == kind for key in self._ready)

    def longest(self, kind: str = "") -> float:
        """For how many seconds the oldest key, of a kind or of any, has been in a worker's hands; 0.0 for none."""
        began = [at for key, at in self._busy.items() if not kind or key.kind == kind]
        return self._clock.monotonic() - min(began) if began else 0.0

    def add(self, key: Key) -> None:
        """The key is due now."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key not in self._waiting:
            self._waiting[key] = self._clock.monotonic()
            queue_counts(key.kind).added()
            if key not in self._busy:
                self._hand_out(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """The key is due in so many seconds, unless it is due earlier already."""
        queue_counts(key.kind).retried()
        earlier = self._timers.get(key)
        if earlier and earlier.when() <= self._clock.monotonic() + seconds:
            return
        if earlier:
            earlier.cancel()
        self._timers[key] = self._clock.call_later(seconds, lambda: self.add(key))

    def retry(self, key: Key) -> float:
        """The key failed: it is due after its delay, which is returned in seconds."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = self._first_delay * 2.0 ** min(failures - 1, _LARGEST_EXPONENT)
        delay = min(self._longest_delay, delay) * self._jitter()
        self.add_after(key, delay)
        return delay

    def forget_failures(self, key: Key) -> None:
        """The key was looked at without failure."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """The next key that is due; it is the caller's until `done`."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key = self._ready.popleft()
        self._busy[key] = now = self._clock.monotonic()
        queue_counts(key.kind).waited(now - self._waiting.pop(key))
        return key

    def done(self, key: Key) -> None:
        """The caller of `get` has finished with this key."""
        queue_counts(key.kind).worked(self._clock.monotonic() - self._busy.pop(key))
        if key in self._waiting:
            self._hand_out(key)

    def _hand_out(self, key: Key) -> None:
        self._ready.append(key)
        self._wake.set()
