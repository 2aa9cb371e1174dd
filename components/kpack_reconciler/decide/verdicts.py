"""What an Image's state is called: each state as a verdict, from which `conditions` makes the conditions.

Facts of kpack v0.0.9: the texts of `BuilderNotFound`, `BuilderNotReady` and `<build> is executing`; the reasons and
messages of the other states are ours, where kpack leaves them empty.
"""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta

from kpack_api.types import Build, Builder, SourceResolver
from kpack_api.wire import ConditionStatus
from kpack_reconciler.decide.builds import has_succeeded, succeeded_condition
from kpack_reconciler.decide.readiness import ready_condition
from kpack_reconciler.decide.unreadable import REASON, unreadable_spec
from kpack_reconciler.model.facts import Fault

RESOLVER_NOT_READY = "ResolverNotReady"
_NAME_FREE = timedelta(seconds=30)
_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One state of an Image.

    `state` is the reason of `Settled`, `reason` that of `Ready`. `builder_message` None means that the builder is
    ready, `builder_exists` False that nothing can be said of it. `patience` means that the state may pass by itself
    soon: it settles only after a while. `look_again` is for states whose end wakes nobody.
    """

    state: str
    ready: ConditionStatus
    reason: str = ""
    message: str = ""
    settled: bool = False
    patience: bool = False
    builder_exists: bool = True
    builder_message: str | None = None
    look_again: timedelta | None = None


def builder_missing(name: str) -> Verdict:
    """The builder that the Image names is not there."""
    return Verdict(
        state="BuilderNotFound",
        ready=_FALSE,
        reason="BuilderNotFound",
        message=f"Unable to find builder {name}.",
        patience=True,
        builder_exists=False,
    )


def build_running(build: str, *, detail: str = "", builder_message: str | None = None) -> Verdict:
    """The newest Build has no result yet; `detail` is what its pod waits for."""
    executing = f"{build} is executing"
    return Verdict(
        state="BuildRunning",
        ready=_UNKNOWN,
        message=f"{executing}: {detail}" if detail else executing,
        builder_message=builder_message,
    )


def build_queued(build: str, *, place: str, builder_message: str | None = None) -> Verdict:
    """The newest Build waits for its turn to run; `place` is what it says of that."""
    return Verdict(state="BuildRunning", ready=_UNKNOWN, message=f"{build} {place}", builder_message=builder_message)


def builder_not_ready(builder: Builder) -> Verdict:
    """The builder's image was not read yet, or cannot be."""
    short = f"Builder {builder.metadata.name} is not ready"
    fault = ready_condition(builder).message
    return Verdict(
        state="BuilderNotReady",
        ready=_UNKNOWN,
        reason="BuilderNotReady",
        message=f"{short}: {fault}" if fault else short,
        patience=True,
        builder_message=short,
    )


def resolver_not_ready(resolver: SourceResolver | None, name: str) -> Verdict:
    """The source is not resolved yet, or its server refuses; a definite refusal settles."""
    condition = None if resolver is None else ready_condition(resolver)
    refused = condition is not None and condition.status == _FALSE
    return Verdict(
        state=RESOLVER_NOT_READY,
        ready=_FALSE if refused else _UNKNOWN,
        reason=RESOLVER_NOT_READY,
        message=(condition.message if condition else "") or f"SourceResolver {name} is not ready",
        settled=refused,
    )


def invalid_spec(unreadable: tuple[str, ...]) -> Verdict:
    """Parts of the spec cannot be understood; only a cluster without the admission webhook lets that pass."""
    message = unreadable_spec(unreadable)
    return Verdict(state=REASON, ready=_FALSE, reason=REASON, message=message, settled=True, builder_exists=False)


def invalid_tag(message: str) -> Verdict:
    """The Image's tag is none; only a cluster without the admission webhook lets that pass."""
    return Verdict(state="InvalidTag", ready=_FALSE, reason="InvalidTag", message=message, settled=True)


def name_taken(build: Build) -> Verdict:
    """The next Build's name is that of an object which is no Build of this Image; it must go first."""
    name, namespace = build.metadata.name, build.metadata.namespace
    message = (
        f"Build {name} is not of this Image, but has the name of its next one: kubectl delete build -n {namespace}"
    )
    return Verdict(
        state="BuildNameTaken",
        ready=_FALSE,
        reason="BuildNameTaken",
        message=f"{message} {name}",
        settled=True,
        look_again=_NAME_FREE,
    )


def refused(fault: Fault, *, builder_message: str | None) -> Verdict:
    """The API server refuses what the Image needs: a quota, a policy, a value that it does not accept."""
    return Verdict(
        state="Refused",
        ready=_FALSE,
        reason=fault.reason,
        message=fault.message,
        patience=True,
        builder_message=builder_message,
    )


def with_cache_fault(verdict: Verdict, fault: Fault | None) -> Verdict:
    """The verdict, with a word on a cache that could not be changed, unless there is more to say."""
    if fault is None or verdict.message:
        return verdict
    return dataclasses.replace(verdict, message=f"the cache keeps its size and labels: {fault.message}")


def newest_ended(build: Build) -> Verdict:
    """Nothing is due: the Image is what its newest Build came to."""
    if has_succeeded(build):
        return Verdict(state="UpToDate", ready=_TRUE, settled=True)
    message = succeeded_condition(build).message or f"Build {build.metadata.name} failed"
    return Verdict(state="BuildFailed", ready=_FALSE, reason="BuildFailed", message=message, settled=True)
