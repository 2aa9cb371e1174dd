"""An event loop whose time passes only where nothing is left to do: an hour of waiting takes as long as its work.

Rule: before time jumps to the next timer, sockets get a moment, since what was sent to a server of the same process may
still be in the kernel.
"""

import asyncio
import selectors

_MOMENT = 0.001


class _PatientSelector(selectors.DefaultSelector):
    """Never waits for a timer: it is told how long the loop would wait, and adds it up."""

    waited = 0.0
    moment = _MOMENT

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; where nothing is, the timeout has passed."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        ready = super().select(self.moment if timeout is not None else None)
        if not ready and timeout is not None:
            self.waited += timeout
        return ready


class SwiftLoop(asyncio.SelectorEventLoop):
    """An event loop on that selector's time, which begins at 0. `moment` is 0 where no socket is used."""

    def __init__(self, *, moment: float = _MOMENT) -> None:
        self._waits = _PatientSelector()
        self._waits.moment = moment
        super().__init__(self._waits)

    def time(self) -> float:
        """Seconds that were waited for."""
        return self._waits.waited
