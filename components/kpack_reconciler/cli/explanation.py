"""Why a build was made, and why none is due or what the next one waits for. Pure.

Owns the findings as data. Leaves the comparison of builds to `differences`, the sentences to `sentences`.

Rules:
- The controller's conditions are believed: nothing is decided here that the controller decides.
- What a condition says of an older generation is not heard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from kpack_api.names import BUILD_NEEDED_ANNOTATION, BuildReason, ConditionType
from kpack_api.types import Build, Builder, Image, Kind, SourceResolver
from kpack_api.wire import Condition, ConditionStatus, ObjectMeta, find_condition
from kpack_reconciler.cli.builds import is_queued, number_of, outcome
from kpack_reconciler.cli.differences import Difference, differences
from kpack_reconciler.cli.history import BuildRow, reasons_of


class NextBuild(StrEnum):
    """What can be said of the build after the newest one."""

    NOT_SEEN = "NotSeen"
    RUNNING = "Running"
    QUEUED = "Queued"
    WAITING = "Waiting"
    ASKED_FOR = "AskedFor"
    NONE_AFTER_FAILURE = "NoneAfterFailure"
    NONE = "None"
    SOON = "Soon"


class Hindrance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object whose condition holds up a build: what it is, and its own words."""

    kind: str
    name: str
    reason: str
    message: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All that is known of why. `build` is the one explained, None where there is none.

    `first` says that no build came before it; `previous` is the number of the one before, 0 where it is not kept any
    more. `newest` is the number of the newest build; `next_build` and `hindrances` speak of the one after it.
    `latest_image` is a digest reference, `source` and `revision` what is looked at for changes.
    """

    namespace: str
    name: str
    ready: ConditionStatus
    latest_image: str
    build: BuildRow | None
    first: bool
    previous: int
    differences: tuple[Difference, ...]
    newest: int
    next_build: NextBuild
    hindrances: tuple[Hindrance, ...]
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read for an explanation: all Builds that are kept, oldest first; the rest None where it does not exist.

    `builder_hidden` says that the builder may not be read, so that nothing is known of it.
    """

    image: Image
    builds: Sequence[Build]
    builder: Builder | None = None
    builder_hidden: bool = False
    resolver: SourceResolver | None = None


def explanation(seen: Seen, subject: Build | None, row: BuildRow | None) -> Explanation:
    """Explain `subject`, which is one of the builds and has this row, and what comes after the newest build."""
    newest = seen.builds[-1] if seen.builds else None
    previous = _previous(seen, subject)
    status = seen.image.status
    hindrances = tuple(_hindrances(seen, newest))
    source = seen.resolver.status.source if seen.resolver else None
    return Explanation(
        namespace=seen.image.metadata.namespace,
        name=seen.image.metadata.name,
        ready=_condition(seen.image.metadata, status.observed_generation, status.conditions).status,
        latest_image=status.latest_image,
        build=row,
        first=subject is not None and number_of(subject) == 1,
        previous=number_of(previous) if previous else 0,
        differences=_told(subject, previous, seen.builder if subject is newest else None),
        newest=number_of(newest) if newest else 0,
        next_build=_next_build(seen, newest, hindrances),
        hindrances=hindrances,
        revision=source.git.revision if source and source.git else "",
    )


def _previous(seen: Seen, subject: Build | None) -> Build | None:
    if subject is None:
        return None
    number = number_of(subject) - 1
    return next((build for build in seen.builds if number_of(build) == number), None)


def _told(subject: Build | None, previous: Build | None, builder: Builder | None) -> tuple[Difference, ...]:
    """The differences, under their reason only where the controller gave that reason."""
    if subject is None or previous is None:
        return ()
    reasons = reasons_of(subject)
    asked = previous.metadata.annotations.get(BUILD_NEEDED_ANNOTATION, "")
    found = [
        difference if difference.reason in reasons else msgspec.structs.replace(difference, reason="")
        for difference in differences(previous, subject, builder)
    ]
    if BuildReason.TRIGGER in reasons:
        found.append(Difference(reason=BuildReason.TRIGGER, subject="request for another build", new=asked))
    return tuple(sorted(found, key=lambda difference: not difference.reason))


def _next_build(seen: Seen, newest: Build | None, hindrances: Sequence[Hindrance]) -> NextBuild:
    image = seen.image
    if image.status.observed_generation != image.metadata.generation:
        return NextBuild.NOT_SEEN
    if newest is not None and outcome(newest) is None:
        return NextBuild.QUEUED if is_queued(newest) else NextBuild.RUNNING
    if hindrances:
        return NextBuild.WAITING
    if newest is not None and BUILD_NEEDED_ANNOTATION in newest.metadata.annotations:
        return NextBuild.ASKED_FOR
    settled = find_condition(image.status.conditions, ConditionType.SETTLED)
    if newest is None or settled is None or settled.status != ConditionStatus.TRUE:
        return NextBuild.SOON
    failed = find_condition(newest.status.conditions, ConditionType.SUCCEEDED)
    return NextBuild.NONE_AFTER_FAILURE if failed and failed.status == ConditionStatus.FALSE else NextBuild.NONE


def _hindrances(seen: Seen, newest: Build | None) -> Iterator[Hindrance]:
    """What stands in the way, cause before effect: builder, source, the Image itself, the newest Build."""
    image, reference = seen.image, seen.image.spec.builder
    kind = Kind.CLUSTER_BUILDER if reference.kind == Kind.CLUSTER_BUILDER else Kind.BUILDER
    if seen.builder is not None:
        yield from _unready(kind, seen.builder)
    elif not seen.builder_hidden:
        yield Hindrance(kind=kind, name=reference.name, reason="NotFound", message="it does not exist: create it")
    if seen.resolver is not None:
        yield from _unready(Kind.SOURCE_RESOLVER, seen.resolver)
    if newest is not None and outcome(newest) is None:
        yield from _running(newest)
    status = image.status
    ready = _condition(image.metadata, status.observed_generation, status.conditions)
    if ready.status != ConditionStatus.TRUE and ready.reason not in _SAID_OTHERWISE:
        yield _hindrance(Kind.IMAGE, image.metadata, ready)


_SAID_OTHERWISE = frozenset(
    {"", "BuildFailed", "BuildRunning", "BuilderNotFound", "BuilderNotReady", "ResolverNotReady"}
)


def _unready(kind: Kind, subject: Builder | SourceResolver) -> Iterator[Hindrance]:
    condition = _condition(subject.metadata, subject.status.observed_generation, subject.status.conditions)
    if condition.status != ConditionStatus.TRUE:
        yield _hindrance(kind, subject.metadata, condition)


def _running(build: Build) -> Iterator[Hindrance]:
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    if condition is not None and (condition.reason or condition.message):
        yield _hindrance(Kind.BUILD, build.metadata, condition)


def _hindrance(kind: Kind, metadata: ObjectMeta, condition: Condition) -> Hindrance:
    return Hindrance(kind=kind, name=metadata.name, reason=condition.reason, message=condition.message)


def _condition(metadata: ObjectMeta, observed: int, conditions: Sequence[Condition]) -> Condition:
    """The `Ready` condition for the present generation; Unknown where there is none yet."""
    found = find_condition(conditions, ConditionType.READY) if observed == metadata.generation else None
    unknown = Condition(
        type=ConditionType.READY, status=ConditionStatus.UNKNOWN, message="the controller has not looked at it yet"
    )
    return found or unknown
