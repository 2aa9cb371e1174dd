"""What a SourceResolver shows: the resolved source, or why it cannot be resolved.

Leaves asking the git server to the poller, which looks again whenever an answer changes.

Rules:
- A resolved source is Ready True; `ActivePolling` is True for branches and tags (kpack v0.0.9).
- Unlike kpack, a definite refusal is Ready False with the server's words, and is asked again all the same.
- A fault that may pass changes nothing once this generation is resolved.
- Where its Image has an interval of polling of its own (ours), `ActivePolling` says what came of it: False for `off`.
"""

from datetime import datetime

from msgspec.structs import replace

from kpack_api.names import SOURCE_POLLING_ANNOTATION, ConditionType
from kpack_api.paces import OFF, SHORTEST, is_pace, pace_text
from kpack_api.types import GitType, Source, SourceResolver, SourceResolverStatus
from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.decide.readiness import ready_condition
from kpack_reconciler.decide.status_write import status_write
from kpack_reconciler.decide.times import with_times
from kpack_reconciler.decide.unreadable import REASON, unreadable_spec
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.worlds import SourceResolverWorld

_POLLED = frozenset({GitType.BRANCH, GitType.TAG})
_PACES = f"annotate the Image with {SOURCE_POLLING_ANNOTATION}: off, or 90s, 10m, 12h, at least {SHORTEST.seconds}s"
_OTHERS = 2
"""Of three kinds of source, one is given."""
_NO_SOURCE = Fault(
    reason="InvalidSource", message="invalid source type: set one of git, blob and registry", permanent=True
)


def decide_source_resolver(world: SourceResolverWorld, now: datetime) -> Decision:
    """Look at one SourceResolver."""
    resolver = world.source_resolver
    if resolver.metadata.deletion_timestamp is not None:
        return Decision(reason="the SourceResolver is being deleted")
    answer = _answer(world)
    if answer is None:
        return Decision(reason="the git server was not asked yet")
    if isinstance(answer, Fault):
        return _fault(resolver, answer, now)
    polled = answer.git is not None and answer.git.type in _POLLED
    conditions = (_ready(ConditionStatus.TRUE), _active_polling(resolver, polled=polled))
    return _decision(
        resolver, SourceResolverStatus(conditions=conditions, source=answer), "the source is resolved", now
    )


def _answer(world: SourceResolverWorld) -> Source | Fault | None:
    """The resolved source; blob and registry sources are taken as they are written (kpack v0.0.9)."""
    unreadable = world.source_resolver.unreadable
    if unreadable:
        return Fault(reason=REASON, message=unreadable_spec(unreadable), permanent=True)
    source = world.source_resolver.spec.source
    if [source.git, source.blob, source.registry].count(None) != _OTHERS:
        return _NO_SOURCE
    if source.git is None:
        return source
    if world.resolved is None:
        return None
    answer = world.resolved.answer
    if isinstance(answer, Fault):
        return answer
    return replace(source, git=replace(source.git, revision=answer.revision, type=answer.type))


def _fault(resolver: SourceResolver, fault: Fault, now: datetime) -> Decision:
    said = ready_condition(resolver).status
    if not fault.permanent and said != ConditionStatus.UNKNOWN:
        return Decision(reason=f"{fault.reason}: {fault.message}")
    status = ConditionStatus.FALSE if fault.permanent else ConditionStatus.UNKNOWN
    conditions = (
        replace(_ready(status), reason=fault.reason, message=fault.message),
        _active_polling(resolver, polled=resolver.spec.source.git is not None, answered=False),
    )
    shown = SourceResolverStatus(conditions=conditions, source=resolver.status.source)
    return _decision(resolver, shown, f"{fault.reason}: {fault.message}", now)


def _ready(status: ConditionStatus) -> Condition:
    return Condition(type=ConditionType.READY, status=status)


def _active_polling(resolver: SourceResolver, *, polled: bool, answered: bool = True) -> Condition:
    status = ConditionStatus.TRUE if polled else ConditionStatus.FALSE
    condition = Condition(type=ConditionType.ACTIVE_POLLING, status=status)
    pace = pace_text(resolver.metadata.annotations)
    if not polled or not pace:
        return condition
    if not is_pace(pace):
        message = f"{pace!r} is no interval, the service's own holds: {_PACES}"
        return replace(condition, reason="InvalidSourcePolling", message=message)
    if pace == OFF and answered:
        message = "switched off for this Image: a push hook asks, or a change of its source"
        return replace(condition, status=ConditionStatus.FALSE, reason="SourcePollingOff", message=message)
    return condition


def _decision(resolver: SourceResolver, shown: SourceResolverStatus, reason: str, now: datetime) -> Decision:
    conditions = with_times(shown.conditions, resolver.status.conditions, now)
    return Decision(actions=status_write(resolver, replace(shown, conditions=conditions), reason), reason=reason)
