"""The conditions of an Image: `Ready` and `BuilderReady` as kpack v0.0.9 has them, and `Settled`, which is ours.

Rules:
- `Settled` is True when the controller will do nothing more until something changes; its reason names the state.
- A builder that is missing or not ready may be about to come: the Image settles only after `PATIENCE`.
- `Settled`'s time is when its reason or status last changed; a new generation starts the patience anew.
- A settled Image is never Unknown: `Ready` is then True or False.
"""

from datetime import datetime, timedelta

from kpack_api.names import ConditionType
from kpack_api.types import Image
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.decide.times import read_time, with_times, write_time
from kpack_reconciler.decide.verdicts import Verdict

PATIENCE = timedelta(seconds=10)


def image_conditions(image: Image, verdict: Verdict, now: datetime) -> tuple[Condition, ...]:
    """The conditions in kpack's order, `Settled` last."""
    settled = _settled(image, verdict, now)
    ready = verdict.ready
    if settled.status == ConditionStatus.TRUE and ready == ConditionStatus.UNKNOWN:
        ready = ConditionStatus.FALSE
    wanted = (
        Condition(type=ConditionType.READY, status=ready, reason=verdict.reason, message=verdict.message),
        *_builder_ready(verdict),
        settled,
    )
    return with_times(wanted, image.status.conditions, now)


def patience_left(image: Image, verdict: Verdict, now: datetime) -> timedelta | None:
    """How long until an unsettled state settles by time alone; None where time changes nothing."""
    if not verdict.patience or _settled(image, verdict, now).status == ConditionStatus.TRUE:
        return None
    return _since(image, verdict, now) + PATIENCE - now


def _settled(image: Image, verdict: Verdict, now: datetime) -> Condition:
    before = _unchanged(image, verdict)
    since = _since(image, verdict, now)
    done = verdict.settled or (verdict.patience and (_is_true(before) or now - since >= PATIENCE))
    if before is not None and _is_true(before) == done:
        moment = before.last_transition_time or write_time(now)
    else:
        moment = write_time(now)
    return Condition(
        type=ConditionType.SETTLED,
        status=ConditionStatus.TRUE if done else ConditionStatus.FALSE,
        reason=verdict.state,
        message=verdict.message,
        last_transition_time=moment,
    )


def _since(image: Image, verdict: Verdict, now: datetime) -> datetime:
    before = _unchanged(image, verdict)
    if before is None or before.last_transition_time is None:
        return now
    return min(read_time(before.last_transition_time), now)


def _unchanged(image: Image, verdict: Verdict) -> Condition | None:
    """The present `Settled`, if it speaks of this state and, for a state that may pass, of this generation."""
    before = find_condition(image.status.conditions, ConditionType.SETTLED)
    if before is None or before.reason != verdict.state:
        return None
    if verdict.patience and image.status.observed_generation != image.metadata.generation:
        return None
    return before


def _is_true(condition: Condition | None) -> bool:
    return condition is not None and condition.status == ConditionStatus.TRUE


def _builder_ready(verdict: Verdict) -> tuple[Condition, ...]:
    if not verdict.builder_exists:
        return ()
    if verdict.builder_message is None:
        return (Condition(type=ConditionType.BUILDER_READY, status=ConditionStatus.TRUE),)
    return (
        Condition(
            type=ConditionType.BUILDER_READY,
            status=ConditionStatus.FALSE,
            reason="BuilderNotReady",
            message=verdict.builder_message,
        ),
    )
