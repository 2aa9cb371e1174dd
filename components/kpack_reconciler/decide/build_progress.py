"""How far a Build is: which attempt it is at, whether another is due, or what its present pod tells.

Owns attempts and back-off. Leaves the pod's meaning to `pod_state`, `pod_failure` and `pod_obstacle`.

Rules:
- The present attempt is the newest pod, or the one that the status names, should that be newer: a cache may not have
  seen it yet.
- The next attempt is due only when the last one is known to have ended: its pod failed, or it was seen going away and
  is gone. A pod that was never seen going away is made again under its own name, and counts once.
- The pause counts from the end of the last pod, so that a restarted controller neither hurries nor waits anew.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.core import Pod
from kpack_api.types import Build, BuildStatus
from kpack_api.wire import Condition
from kpack_reconciler.decide.build_status import executing, failed, succeeded
from kpack_reconciler.decide.builds import succeeded_condition
from kpack_reconciler.decide.hints import hint_for
from kpack_reconciler.decide.pod_failure import pod_failure
from kpack_reconciler.decide.pod_obstacle import Obstacle, pod_obstacle
from kpack_reconciler.decide.pod_state import FAILED, built_image, step_states, steps_completed
from kpack_reconciler.decide.pod_times import finished_at
from kpack_reconciler.decide.times import write_time
from kpack_reconciler.model.attempts import MAXIMUM_ATTEMPTS, attempt_of, pause_after
from kpack_reconciler.model.failures import RETRYING, Failure, Reason, is_retried
from kpack_reconciler.model.worlds import BuildWorld

_UNREADABLE = Reason.RESULT_UNREADABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """This attempt needs a pod. `after` is why the one before ended, "" for a first pod."""

    attempt: int
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """There is nothing to make: this is the status, final where its condition is."""

    status: BuildStatus
    look_again: timedelta | None = None


def progress(world: BuildWorld, now: datetime) -> Due | Told:
    """Where a Build stands that has no result yet. `world.pod` is the Build's own, or None."""
    build, pod = world.build, world.pod
    told = attempt_of(build.metadata.name, build.status.pod_name)
    present = 0 if pod is None else attempt_of(build.metadata.name, pod.metadata.name)
    if pod is None or present < told:
        return _without_pod(build, told)
    return _with_pod(world, pod, present, now)


def attempt_condition(attempt: int, after: str) -> Condition:
    """The condition of a Build whose pod runs undisturbed."""
    if attempt == 1:
        return executing()
    return executing(reason=RETRYING, message=f"{_number(attempt)} after {after}" if after else _number(attempt))


def _without_pod(build: Build, attempt: int) -> Due | Told:
    condition = succeeded_condition(build)
    if not attempt or not is_retried(condition.reason):
        return Due(attempt=max(attempt, 1))
    if attempt < MAXIMUM_ATTEMPTS:
        return Due(attempt=attempt + 1, after=condition.reason)
    message = f"build failed: pod {build.status.pod_name} is gone: {condition.message}"
    return Told(status=replace(build.status, conditions=(failed(message, reason=condition.reason),)))


def _with_pod(world: BuildWorld, pod: Pod, attempt: int, now: datetime) -> Due | Told:
    status = replace(
        world.build.status,
        pod_name=pod.metadata.name,
        step_states=step_states(pod),
        steps_completed=steps_completed(pod),
    )
    try:
        result = built_image(pod)
    except ValueError as error:
        told = f"its result cannot be read: {error}"
        return _final(status, Failure(reason=_UNREADABLE, told=told, hint=hint_for(_UNREADABLE)))
    if result is not None:
        return Told(
            status=replace(
                status,
                latest_image=result.latest_image,
                stack=result.stack,
                build_metadata=result.build_metadata,
                conditions=(succeeded(),),
            )
        )
    if pod.status.phase == FAILED:
        return _after_failure(pod, attempt, status, now)
    return _running(pod, attempt, replace(status, conditions=(_undisturbed(world, attempt),)), now)


def _after_failure(pod: Pod, attempt: int, status: BuildStatus, now: datetime) -> Due | Told:
    failure = pod_failure(pod)
    if not is_retried(failure.reason):
        return _final(status, failure)
    if attempt >= MAXIMUM_ATTEMPTS:
        return _final(status, dataclasses.replace(failure, told=f"{failure.told} ({_number(attempt)})"))
    pause = pause_after(attempt)
    due = finished_at(pod, now) + pause
    if now >= due:
        return Due(attempt=attempt + 1, after=_after(failure))
    message = f"{_number(attempt)}: {failure.told}; the next one starts at {write_time(due)}"
    condition = executing(reason=failure.reason, message=message)
    return Told(status=replace(status, conditions=(condition,)), look_again=min(due - now, pause))


def _running(pod: Pod, attempt: int, status: BuildStatus, now: datetime) -> Told:
    obstacle = pod_obstacle(pod, now)
    if obstacle is None:
        return Told(status=status)
    if obstacle.ends is not None and now >= obstacle.ends:
        return _final(status, obstacle.failure)
    if now < obstacle.told_from:
        return Told(status=status, look_again=obstacle.told_from - now)
    message = obstacle.message if attempt == 1 else f"{_number(attempt)}: {obstacle.message}"
    condition = executing(reason=obstacle.reason, message=message)
    return Told(status=replace(status, conditions=(condition,)), look_again=_left(obstacle, now))


def _undisturbed(world: BuildWorld, attempt: int) -> Condition:
    """What is told while nothing holds the pod up: for a later attempt, what it follows."""
    name, condition = world.build.metadata.name, succeeded_condition(world.build)
    before = world.earlier[-1] if world.earlier else None
    if before is not None and before.status.phase == FAILED and attempt_of(name, before.metadata.name) == attempt - 1:
        return attempt_condition(attempt, _after(pod_failure(before)))
    return condition if attempt > 1 and condition.reason == RETRYING else attempt_condition(attempt, "")


def _final(status: BuildStatus, failure: Failure) -> Told:
    return Told(status=replace(status, conditions=(failed(failure.message, reason=failure.reason),)))


def _left(obstacle: Obstacle, now: datetime) -> timedelta | None:
    return None if obstacle.ends is None else obstacle.ends - now


def _number(attempt: int) -> str:
    return f"attempt {attempt} of {MAXIMUM_ATTEMPTS}"


def _after(failure: Failure) -> str:
    return f"{failure.reason}: {failure.told.splitlines()[0]}"
