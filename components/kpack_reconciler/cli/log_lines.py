"""The lines of one container's log over several connections: none twice, none lost. Pure.

Kubernetes can go on with a log from a time (`sinceTime`), but only to the second, so the lines of that second come
again. Each line is asked for with its timestamp (`timestamps=true`: RFC 3339 with nanoseconds, a space, the line).

Rule: after a break, lines older than the last one shown are passed over, and as many of its very time as were shown.
"""

import re

_STAMPED = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")
_NANOSECONDS = 9


class LogLines:
    """What was shown of a log, and which of the lines that come are new."""

    def __init__(self, *, with_times: bool) -> None:
        """`with_times` leaves each line's time before it."""
        self._with_times = with_times
        self._last: bytes = b""
        self._second = ""
        self._shown_at_last = 0
        self._to_skip = 0
        self._resuming = False

    def resume(self) -> dict[str, str]:
        """The parameters that open the log for the next connection."""
        self._resuming, self._to_skip = bool(self._last), self._shown_at_last
        return {"timestamps": "true"} | ({"sinceTime": self._second} if self._last else {})

    def take(self, line: bytes) -> bytes | None:
        """The line as it is to be shown; None where it was shown before."""
        found = _STAMPED.match(line)
        time = _comparable(found) if found else self._last
        if self._resuming and self._was_shown(time):
            return None
        self._resuming = False
        self._shown_at_last = self._shown_at_last + 1 if time == self._last else 1
        self._last = time
        if found:
            self._second = (found[1] + found[3]).decode()
        return line if self._with_times or not found else line[found.end() :]

    def _was_shown(self, time: bytes) -> bool:
        if time == self._last and self._to_skip:
            self._to_skip -= 1
            return True
        return time < self._last


def _comparable(stamp: re.Match[bytes]) -> bytes:
    """A stamp that sorts by time; the zone is the node's, one and the same for all lines of a container."""
    return stamp[1] + b"." + (stamp[2] or b"").ljust(_NANOSECONDS, b"0")
