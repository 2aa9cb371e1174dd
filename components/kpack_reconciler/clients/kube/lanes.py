"""How many writes to the API server are under way at once: as many as it bears.

Owns the number, and waiting where the server asks for it (429). Leaves sending to the client.

Rules:
- Additive increase, multiplicative decrease, as TCP does it: each write that is taken adds a fraction of a lane, each
  429 halves them. At least one stays, and never are there more than `MOST`.
- `Retry-After` holds for all writes, not only for the one that was refused. Without it a second passes.
- A refused write was not carried out (Kubernetes, API Priority and Fairness), so it is sent again; after `TRIES` it is
  given up as a fault that may pass.
- Reads, watches and the Lease's renewal do not wait: they are few, and without them nothing is decided.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kpack_reconciler.errors import TransientError

MOST = 64
TRIES = 5
_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class BusyError(TransientError):
    """429: the API server asks for fewer requests."""


class Lanes:
    """The lanes of one client. `sleep` and `now` are the event loop's."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._sleep, self._now = sleep, now
        self._width = float(MOST)
        self._busy = self._halved = 0
        self._closed_until = float("-inf")
        self._freed = asyncio.Condition()

    @property
    def width(self) -> int:
        """How many writes may be under way at once."""
        return int(self._width)

    async def carry(self, send: Callable[[], Awaitable[bytes]]) -> bytes:
        """Send a write when there is a lane for it, again where the server was too busy for it."""
        for _ in range(TRIES - 1):
            try:
                return await self._once(send)
            except BusyError:
                continue
        return await self._once(send)

    async def _once(self, send: Callable[[], Awaitable[bytes]]) -> bytes:
        async with self._lane():
            halved = self._halved
            try:
                answer = await send()
            except BusyError as refusal:
                self._close(refusal.retry_after)
                if halved == self._halved:
                    self._halve()
                raise
            self._width = min(self._width + 1 / self._width, float(MOST))
            return answer

    @asynccontextmanager
    async def _lane(self) -> AsyncIterator[None]:
        async with self._freed:
            await self._freed.wait_for(lambda: self._busy < self.width)
            self._busy += 1
        try:
            while (left := self._closed_until - self._now()) > 0:
                await self._sleep(left)
            yield
        finally:
            self._busy -= 1
            async with self._freed:
                self._freed.notify_all()

    def _close(self, retry_after: float | None) -> None:
        pause = _PAUSE if retry_after is None else min(retry_after, _LONGEST_PAUSE)
        self._closed_until = max(self._closed_until, self._now() + pause)

    def _halve(self) -> None:
        """Once for all writes that were refused together, that is, sent before the last time."""
        self._halved += 1
        self._width = max(self._width / 2, 1.0)
