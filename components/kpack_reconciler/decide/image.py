"""What to do about an Image: keep its SourceResolver, cache and history, make the Build that is due, say how it stands.

Leaves to others why a build is due (`changes`), what it is made of (`next_build`), and the words (`verdicts`,
`conditions`).

Rules (kpack v0.0.9):
- The state is computed anew from builder, newest Build and SourceResolver, in this order; none of it is stored.
- While a Build runs nothing else happens; what changed meanwhile is decided once, when it has ended.
- A write that may be impossible (a claim's growth, trimming) comes after the status. What the API server refused is
  told before it is tried again.
- Of a new Image nothing is told while its source is being resolved, for `_QUIET` at most: no status says the same. An
  Event tells of later Builds only: the first needs no explanation (ours). So a first Build costs six writes, not eight:
  SourceResolver and its status, Build and its status, the pod, the Image's status.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.names import BUILD_REASON_ANNOTATION, source_resolver_name
from kpack_api.types import Build, Builder, Image, ImageStatus, Kind, SourceResolver
from kpack_reconciler.decide import verdicts
from kpack_reconciler.decide.builds import as_success, has_succeeded, in_order, is_running, succeeded_condition
from kpack_reconciler.decide.changes import Inputs, build_reasons
from kpack_reconciler.decide.children import cache_change, resolver_actions
from kpack_reconciler.decide.conditions import image_conditions, patience_left
from kpack_reconciler.decide.next_build import next_build, with_cache, with_inputs
from kpack_reconciler.decide.readiness import is_ready, ready_condition
from kpack_reconciler.decide.retention import trim_history
from kpack_reconciler.decide.status_write import status_write
from kpack_reconciler.decide.times import created_at
from kpack_reconciler.decide.verdicts import Verdict
from kpack_reconciler.model.actions import Action, CreateBuild, Premise, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.keys import key_of
from kpack_reconciler.model.numbers import build_number, image_generation
from kpack_reconciler.model.references import InvalidReferenceError
from kpack_reconciler.model.refusals import refusal_of
from kpack_reconciler.model.turns import QUEUED
from kpack_reconciler.model.worlds import ImageWorld

_QUIET = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an Image stands, and the Build to make, if one is due."""

    verdict: Verdict
    build: Build | None = None


def decide_image(world: ImageWorld, now: datetime) -> Decision:
    """Look at one Image."""
    image = world.image
    if image.metadata.deletion_timestamp is not None:
        return Decision(reason="the Image is being deleted")
    if image.unreadable:
        verdict = verdicts.invalid_spec(image.unreadable)
        return _decision(image, verdict, _patch(image, image.status, verdict, now), now)
    builds = in_order(world.builds, owner_uid=image.metadata.uid)
    if world.builder is None:
        verdict = verdicts.builder_missing(image.spec.builder.name)
        return _decision(image, verdict, _patch(image, image.status, verdict, now), now)
    if builds and is_running(builds[-1]):
        verdict = _running(builds[-1], world.builder)
        status = _status(image, builds, cache_name=image.status.build_cache_name)
        return _decision(image, verdict, _patch(image, status, verdict, now), now)
    return _decide_idle(world, world.builder, builds, now)


def _decide_idle(world: ImageWorld, builder: Builder, builds: tuple[Build, ...], now: datetime) -> Decision:
    """No Build runs: keep the children, decide on the next Build."""
    image = world.image
    cache = cache_change(image, world.cache_claim)
    outcome = _outcome(world, builder, builds, now)
    needed = (*cache.first, *resolver_actions(image, world.source_resolver))
    after = builds
    if outcome.build is not None:
        build = with_cache(outcome.build, cache.name)
        needed = (*needed, *_create(world, build))
        after = (*builds, build)
    if fault := _refused(needed, world, now):
        status = _status(image, builds, cache_name=image.status.build_cache_name)
        verdict = verdicts.refused(fault, builder_message=outcome.verdict.builder_message)
        return _decision(image, verdict, (*_patch(image, status, verdict, now), *needed), now)
    verdict = verdicts.with_cache_fault(outcome.verdict, _refused(cache.last, world, now))
    quiet, kept = _quiet(world, verdict, now), trim_history(after, image.spec)
    if quiet is not None:
        return Decision(actions=(*needed, *cache.last, *kept), look_again=quiet, reason=verdict.message)
    actions = (
        *needed,
        *_patch(image, _status(image, after, cache_name=cache.name), verdict, now),
        *cache.last,
        *kept,
    )
    return _decision(image, verdict, actions, now)


def _quiet(world: ImageWorld, verdict: Verdict, now: datetime) -> timedelta | None:
    """For how long nothing needs to be told yet; None where there is something to tell."""
    image, resolver = world.image, world.source_resolver
    if image.status.conditions or verdict.state != verdicts.RESOLVER_NOT_READY:
        return None
    if resolver is not None and ready_condition(resolver).message:
        return None
    left = _QUIET - (now - created_at(image.metadata.creation_timestamp, now))
    return left if left > timedelta(0) else None


def _refused(actions: tuple[Action, ...], world: ImageWorld, now: datetime) -> Fault | None:
    """Why the API server lately refused the first of these actions that it refused. They are tried all the same."""
    faults = (refusal_of(action, world.refusals, now) for action in actions)
    return next((fault for fault in faults if fault is not None), None)


def _outcome(world: ImageWorld, builder: Builder, builds: tuple[Build, ...], now: datetime) -> Outcome:
    image, resolver = world.image, world.source_resolver
    newest = builds[-1] if builds else None
    if not is_ready(builder):
        return Outcome(verdict=verdicts.builder_not_ready(builder))
    if resolver is None or not _speaks_for(resolver, image) or not is_ready(resolver):
        current = resolver if resolver is not None and _speaks_for(resolver, image) else None
        name = source_resolver_name(image.metadata.name)
        return Outcome(verdict=verdicts.resolver_not_ready(current, name))
    if resolver.status.source is None:
        return Outcome(verdict=verdicts.resolver_not_ready(None, resolver.metadata.name))
    inputs = Inputs(spec=image.spec, source=resolver.status.source, builder=builder.status)
    reasons = build_reasons(inputs, newest)
    if newest is not None and not reasons:
        return Outcome(verdict=verdicts.newest_ended(newest))
    try:
        build = with_inputs(next_build(image, newest, reasons), image, builder, inputs.source, now)
    except InvalidReferenceError as error:
        return Outcome(verdict=verdicts.invalid_tag(str(error)))
    return _due(build, world.namesake)


def _due(build: Build, namesake: Build | None) -> Outcome:
    """This Build is to be made, unless its name is taken."""
    if namesake is not None and namesake.metadata.name == build.metadata.name:
        return Outcome(verdict=verdicts.name_taken(namesake))
    return Outcome(verdict=verdicts.build_running(build.metadata.name), build=build)


def _speaks_for(resolver: SourceResolver, image: Image) -> bool:
    """Whether the SourceResolver was asked what the Image asks now."""
    return resolver.spec.source == image.spec.source and resolver.spec.service_account == image.spec.service_account


def _running(build: Build, builder: Builder) -> Verdict:
    message = None if is_ready(builder) else verdicts.builder_not_ready(builder).builder_message
    condition = succeeded_condition(build)
    if condition.reason == QUEUED:
        return verdicts.build_queued(build.metadata.name, place=condition.message, builder_message=message)
    return verdicts.build_running(build.metadata.name, detail=condition.message, builder_message=message)


def _create(world: ImageWorld, build: Build) -> tuple[Action, ...]:
    image = world.image
    reasons = build.metadata.annotations[BUILD_REASON_ANNOTATION]
    if build_number(build) == 1:
        return (CreateBuild(build=build, seen=_seen(world, build), reason=reasons),)
    return (
        CreateBuild(build=build, premises=_premises(world), seen=_seen(world, build), reason=reasons),
        RecordEvent(
            kind=Kind.IMAGE,
            subject=image.metadata,
            type="Normal",
            reason="BuildCreated",
            message=f"Build {build.metadata.name} was created: {reasons}",
        ),
    )


def _premises(world: ImageWorld) -> tuple[Premise, ...]:
    """What the decision was made from; the newest Build is not among it, since the next one's name depends on it."""
    found = (world.image, world.builder, world.source_resolver)
    return tuple(
        Premise(
            key=key_of(value),
            resource_version=value.metadata.resource_version,
        )
        for value in found
        if value is not None
    )


def _seen(world: ImageWorld, build: Build) -> frozenset[str] | None:
    """The Builds that were seen, where the Image's status says that this one's number was given already."""
    if world.image.status.build_counter < build_number(build):
        return None
    return frozenset(seen.metadata.uid for seen in world.builds)


def _status(image: Image, builds: tuple[Build, ...], *, cache_name: str) -> ImageStatus:
    """The status fields that tell of Builds; `latestImage` is the last success's, even after its Build is gone."""
    newest = builds[-1] if builds else None
    succeeded = [build for build in builds if has_succeeded(build)]
    return ImageStatus(
        latest_build_ref=newest.metadata.name if newest else "",
        latest_build_image_generation=image_generation(newest) if newest else 0,
        latest_image=succeeded[-1].status.latest_image if succeeded else image.status.latest_image,
        latest_stack=newest.status.stack.id if newest and has_succeeded(newest) else "",
        build_counter=build_number(newest) if newest else 0,
        build_cache_name=cache_name,
        latest_success=as_success(succeeded[-1]) if succeeded else image.status.latest_success,
    )


def _patch(image: Image, status: ImageStatus, verdict: Verdict, now: datetime) -> tuple[Action, ...]:
    """The write of a status that differs from the present one."""
    return status_write(image, replace(status, conditions=image_conditions(image, verdict, now)), verdict.state)


def _decision(image: Image, verdict: Verdict, actions: tuple[Action, ...], now: datetime) -> Decision:
    reason = f"{verdict.state}: {verdict.message}" if verdict.message else verdict.state
    again = [after for after in (patience_left(image, verdict, now), verdict.look_again) if after is not None]
    return Decision(actions=actions, look_again=min(again, default=None), reason=reason)
