"""The answer of every decision: orders, when to look again, and why."""

from dataclasses import dataclass
from datetime import timedelta

from kpack_reconciler.model.actions import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Actions in order; the first that fails ends the look. `look_again` None waits for an event.

    `look_again` zero means at once: an action yields a fact that the next look needs.
    """

    actions: tuple[Action, ...] = ()
    look_again: timedelta | None = None
    reason: str
