"""Servers that are left alone for a while: those that asked for it, and those that do not answer.

Owns for how long. Leaves the asking to pollers.

Rules:
- `Retry-After` and its like hold for the host, whoever was told.
- From the second failure in a row the host is left alone, for the interval at first, then for twice as long each time,
  up to `LONGEST` intervals. One answer ends that: a host of which only one repository is broken is not slowed down.
- Failures of requests that were under way together count once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kpack_reconciler.model.facts import Fault

LONGEST = 4
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quiet:
    """How often a host has failed since its last answer, and until when it is left alone."""

    failures: int = 0
    until: datetime = _NEVER


class Hosts:
    """The hosts of one poller that failed; all others are as if they had just answered."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval
        self._quiet: dict[str, _Quiet] = {}

    def fault(self, host: str, now: datetime, *, reason: str) -> Fault | None:
        """What to answer instead of asking; None where the host may be asked."""
        quiet = self._quiet.get(host)
        if quiet is None or quiet.until <= now or quiet.until - now > self._longest:
            return None
        at = f"{quiet.until:%H:%M:%S} UTC"
        return Fault(reason=reason, message=f"{host} is left alone until {at}: it was too busy", permanent=False)

    def answered(self, host: str) -> None:
        """The host gave an answer, good or bad."""
        self._quiet.pop(host, None)

    def failed(self, host: str, now: datetime, retry_after: float | None) -> None:
        """The host gave no answer, or asked to be left alone for so many seconds."""
        quiet = self._quiet.get(host, _Quiet())
        asked = now + timedelta(seconds=retry_after or 0)
        if now < quiet.until:
            self._quiet[host] = _Quiet(failures=quiet.failures, until=max(quiet.until, asked))
            return
        self._quiet[host] = _Quiet(
            failures=quiet.failures + 1, until=max(asked, now + self._interval * _intervals(quiet.failures))
        )

    @property
    def _longest(self) -> timedelta:
        """More than this is no pause but a clock that was set back."""
        return max(self._interval * LONGEST, timedelta(hours=1))


def _intervals(failures: int) -> int:
    """For how many intervals a host is left alone that fails after so many failures."""
    return min(1 << min(failures - 1, LONGEST), LONGEST) if failures else 0
