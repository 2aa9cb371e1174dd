"""Times as Kubernetes writes them (RFC 3339, seconds, UTC), and conditions as they are written.

Rules:
- `lastTransitionTime` moves only when a condition's status flips (kpack: on any write).
- A message is cut at `LONGEST_MESSAGE` characters: it may quote what a user wrote or a server answered.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from kpack_api.wire import Condition, find_condition

LONGEST_MESSAGE = 4000
_CUT = "…"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def write_time(moment: datetime) -> str:
    """`2026-06-09T04:05:06Z`."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def read_time(text: str) -> datetime:
    """The moment in UTC. Raises ValueError where the text is no such time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def created_at(creation_timestamp: str | None, now: datetime) -> datetime:
    """When an object was created; `now` where the API server has not said so."""
    return now if creation_timestamp is None else read_time(creation_timestamp)


def with_times(wanted: tuple[Condition, ...], before: tuple[Condition, ...], now: datetime) -> tuple[Condition, ...]:
    """The wanted conditions, each with the time at which its status last flipped. A time already set stays."""
    return tuple(_with_time(_brief(condition), before, now) for condition in wanted)


def _brief(condition: Condition) -> Condition:
    if len(condition.message) <= LONGEST_MESSAGE:
        return condition
    return replace(condition, message=condition.message[: LONGEST_MESSAGE - len(_CUT)] + _CUT)


def _with_time(condition: Condition, before: tuple[Condition, ...], now: datetime) -> Condition:
    if condition.last_transition_time is not None:
        return condition
    known = find_condition(before, condition.type)
    if known is not None and known.status == condition.status:
        return replace(condition, last_transition_time=known.last_transition_time)
    return replace(condition, last_transition_time=write_time(now))
