"""Writes that the API server refused: a quota, a policy, a missing right, a value that it does not accept.

Rules:
- A refusal is known by the object it is about, so that whoever would write it again can tell why it does not exist.
- Only a refusal of kind `Invalid` is final: the same object would be refused for ever (kpack v0.0.9 and later).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kpack_api.types import Kind
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.actions import (
    Action,
    CreateBuild,
    CreateCacheClaim,
    CreatePod,
    CreateSourceResolver,
    UpdateCacheClaim,
    UpdateSourceResolver,
)
from kpack_reconciler.model.facts import Fault

_INVALID = "Invalid"
_HEARD = timedelta(minutes=10)
"""A refused write is tried again earlier than that; a refusal that was not repeated is over."""


@dataclass(frozen=True, slots=True)
class Written:
    """An object that is to be created or changed."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRefused:
    """The API server refused to write an object, `at` this time (UTC)."""

    question: Written
    answer: Fault
    at: datetime

    def is_heard(self, now: datetime) -> bool:
        """Whether it still counts."""
        return now - self.at < _HEARD


def written_by(action: Action) -> Written | None:
    """The object that an action creates or changes; None for the actions whose refusal holds nothing up."""
    match action:
        case CreatePod(pod=pod):
            return Written("Pod", pod.metadata.namespace, pod.metadata.name)
        case CreateBuild(build=build):
            return Written(Kind.BUILD, build.metadata.namespace, build.metadata.name)
        case CreateSourceResolver(source_resolver=resolver) | UpdateSourceResolver(source_resolver=resolver):
            return Written(Kind.SOURCE_RESOLVER, resolver.metadata.namespace, resolver.metadata.name)
        case CreateCacheClaim(claim=claim) | UpdateCacheClaim(claim=claim):
            return Written("PersistentVolumeClaim", claim.metadata.namespace, claim.metadata.name)
        case _:
            return None


def refusal(action: Action, error: PermanentError, at: datetime) -> WriteRefused | None:
    """The fact that an action was refused; None where nothing needs it."""
    written = written_by(action)
    if written is None:
        return None
    fault = Fault(reason=error.reason, message=str(error), permanent=error.reason == _INVALID)
    return WriteRefused(question=written, answer=fault, at=at)


def refusal_of(action: Action, refusals: tuple[WriteRefused, ...], now: datetime) -> Fault | None:
    """Why this action was refused of late; None where it was not."""
    written = written_by(action)
    known = (refused for refused in refusals if refused.question == written and refused.is_heard(now))
    return next((refused.answer for refused in known), None)
