"""One look at one object: gather, decide, act, remember.

Owns the judgement of failures. Leaves what to do to decisions and how to do it to effects.

Rules:
- Actions run in order; the first that fails ends the look, and the next look starts from what is then true.
- A conflict is no failure of the object: somebody was faster. The watch brings the newer version; one look after the
  delay of a failure is only the net below that.
- A refusal is told to the object's owner, since nothing else may show it: a quota, a policy, missing rights.
- A bug is logged with its trace, the key backs off, the process lives.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
from kpack_reconciler.loop.clock import Clock
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.metrics import Outcome, looked
from kpack_reconciler.model.actions import Action
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fact
from kpack_reconciler.model.keys import Key

log = structlog.get_logger(__name__)

Consider = Callable[[Key, datetime], Decision | None]
"""Gather and decide: what to do about an object at this time; None where it no longer exists."""
Run = Callable[[Action], Awaitable[Fact | None]]
"""Carry out an action; what it learnt, if anything."""
Record = Callable[[Fact], object]
"""Remember a fact."""
Tell = Callable[[Key, PermanentError], Awaitable[None]]
"""Tell the object's owner that an action was refused; never fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """What a look needs: how to consider objects of each kind, how to act, where facts go, whom to tell of refusals."""

    consider: Mapping[str, Consider]
    run: Run
    record: Record
    tell: Tell


async def look(key: Key, looker: Looker, now: datetime) -> timedelta | None:
    """Look once at one object: gather, decide, act, remember; say when to look again."""
    decision = looker.consider[key.kind](key, now)
    if decision is None:
        return None
    for action in decision.actions:
        log.info("act", kind=key.kind, key=str(key), action=type(action).__name__, reason=action.reason)
        fact = await looker.run(action)
        if fact is not None:
            looker.record(fact)
    log.debug("looked", kind=key.kind, key=str(key), reason=decision.reason, look_again=str(decision.look_again))
    return decision.look_again


async def work(queue: Queue, looker: Looker, clock: Clock) -> None:
    """Look at one key after the other, for ever."""
    while True:
        key = await queue.get()
        started = perf_counter()
        try:
            outcome = await _look_safely(key, queue, looker, clock)
        finally:
            queue.done(key)
        looked(key.kind, outcome, perf_counter() - started)


async def _look_safely(key: Key, queue: Queue, looker: Looker, clock: Clock) -> Outcome:
    try:
        again = await look(key, looker, clock.now())
    except ConflictError as conflict:
        log.info("conflict", kind=key.kind, key=str(key), reason=str(conflict), again_in=queue.retry(key))
        return Outcome.CONFLICT
    except TransientError as error:
        log.warning("look failed", kind=key.kind, key=str(key), reason=str(error), again_in=queue.retry(key))
        return Outcome.TRANSIENT
    except PermanentError as error:
        log.error(  # noqa: TRY400 - a refusal is no bug: its message says it all
            "look refused", kind=key.kind, key=str(key), reason=f"{error.reason}: {error}", again_in=queue.retry(key)
        )
        await looker.tell(key, error)
        return Outcome.PERMANENT
    except Exception:  # a bug in one decision must not stop the others
        log.exception("look crashed", kind=key.kind, key=str(key), again_in=queue.retry(key))
        return Outcome.BUG
    queue.forget_failures(key)
    if again is None:
        return Outcome.DONE
    queue.add_after(key, again.total_seconds())
    return Outcome.AGAIN
