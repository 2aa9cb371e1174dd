"""Turns, where the builds that run at once are limited: the limits, how a Build stands, and who comes next.

Leaves what is counted to `cache.turns`, what a Build tells of it to `decide.turns`.

Rules (ours; kpack v0.0.9 knows no limit):
- A turn goes to the namespace with the fewest running builds, among several of these to the one whose oldest Build
  waits longest, and in a namespace to the oldest Build. Who asked for a Build, and how, makes no difference.
- A namespace at its own limit is passed over, and keeps nobody else from a turn.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

QUEUED = "Queued"
"""The reason of a running Build's condition while it waits for its turn."""
TOTAL_SETTING, NAMESPACE_SETTING = "max_concurrent_builds", "max_concurrent_builds_per_namespace"

_POSITION = re.compile(r"\b(\d+)(?:st|nd|rd|th) of ")
_TEENS = range(11, 14)
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}

Age = tuple[str, str, str]
"""What orders the Builds of a line: creation time, name, UID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many builds may run at once, in all and in each namespace; None for as many as there are."""

    total: int | None = None
    per_namespace: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many builds run, in all and in the namespace that is spoken of."""

    total: int
    in_namespace: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The Builds of a namespace that wait: the oldest of them, and how many others run there."""

    namespace: str
    running: int
    oldest: Age


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How a Build stands. `held` says that it has a turn, `free` that it may take one now.

    Otherwise it waits: at `position` (from 1) of the `waiting` Builds of its namespace, while as many builds run as the
    limit called `setting` allows.
    """

    held: bool = False
    free: bool = False
    position: int = 0
    waiting: int = 0
    running: int = 0
    setting: str = TOTAL_SETTING


def has_room(limits: Limits, load: Load) -> bool:
    """Whether one more build may run."""
    total, in_namespace = limits.total, limits.per_namespace
    return (total is None or load.total < total) and (in_namespace is None or load.in_namespace < in_namespace)


def next_namespace(lines: Iterable[Line], limits: Limits, total: int) -> str | None:
    """Which line's oldest Build comes next while `total` builds run; None while nobody may."""
    eligible = (line for line in lines if has_room(limits, Load(total=total, in_namespace=line.running)))
    chosen = min(eligible, key=lambda line: (line.running, line.oldest, line.namespace), default=None)
    return None if chosen is None else chosen.namespace


def waiting_turn(limits: Limits, load: Load, *, position: int, waiting: int) -> Turn:
    """The turn of a Build that waits; the limit that is named is the namespace's own where that is reached."""
    own = limits.per_namespace is not None and load.in_namespace >= limits.per_namespace
    return Turn(
        position=position,
        waiting=waiting,
        running=load.in_namespace if own else load.total,
        setting=NAMESPACE_SETTING if own else TOTAL_SETTING,
    )


def turn_text(turn: Turn, namespace: str, at: str) -> str:
    """What a Build that waits says of it at this time."""
    place = f"{_ordinal(turn.position)} of {turn.waiting} in namespace {namespace} at {at}"
    where = f" of namespace {namespace}" if turn.setting == NAMESPACE_SETTING else ""
    return f"waits for its turn: {place}; {turn.running} builds{where} run, as many as {turn.setting} allows"


def told_position(text: str) -> int:
    """The position in what `turn_text` said; 0 where there is none."""
    found = _POSITION.search(text)
    return int(found[1]) if found else 0


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in _TEENS else _SUFFIXES.get(number % 10, "th")
    return f"{number}{suffix}"
