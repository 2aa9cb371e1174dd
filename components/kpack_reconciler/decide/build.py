"""What to do about a Build: make its pod once everything for it is known, then tell what the pod comes to.

Leaves to others: what must be known (`preconditions`), the pod (`build_pod`), the pod's meaning (`pod_state`).

Rules (kpack v0.0.9):
- A Build with a final result is never touched again but for `observedGeneration`; its pod is not looked at.
- Only a pod that this Build controls counts. One of a predecessor with the same name must go first.
- A permanent fault fails the Build with its text; everything else is waited for and told meanwhile.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.core import Pod
from kpack_api.names import ConditionType
from kpack_api.types import Build, BuildStatus, Kind
from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.decide.build_pod import build_pod
from kpack_reconciler.decide.builds import is_running
from kpack_reconciler.decide.pod_state import built_image, failure, pod_condition, step_states, steps_completed
from kpack_reconciler.decide.preconditions import Awaited, Known, Refused, preconditions
from kpack_reconciler.decide.times import with_times
from kpack_reconciler.model.actions import Action, CreatePod, PatchStatus, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.worlds import BuildWorld

_PREDECESSOR_GONE = timedelta(seconds=5)
_ROOT = 0


def decide_build(world: BuildWorld, now: datetime) -> Decision:
    """Look at one Build."""
    build, pod = world.build, world.pod
    if build.metadata.deletion_timestamp is not None:
        return Decision(reason="the Build is being deleted")
    if not is_running(build):
        return Decision(actions=_patch(build, build.status, "observed", now), reason="the Build has ended")
    if pod is None:
        return _decide_pod(world, now)
    if not _is_controlled_by(pod, build):
        return Decision(look_again=_PREDECESSOR_GONE, reason=f"pod {pod.metadata.name} belongs to another Build")
    return _decide_status(build, pod, now)


def _decide_pod(world: BuildWorld, now: datetime) -> Decision:
    """There is no pod: make it, or say what is missing."""
    build = world.build
    found = preconditions(world, now)
    if isinstance(found, Refused):
        return _fail(build, failure(found.message, reason=found.reason), now)
    if isinstance(found, Awaited):
        return _wait(build, found, now)
    return _make_pod(world, found, now)


def _make_pod(world: BuildWorld, known: Known, now: datetime) -> Decision:
    build = world.build
    if known.image.user_id == _ROOT:
        message = "the builder image's CNB_USER_ID is 0; use a builder that does not build as root"
        return _fail(build, failure(message, reason="BuilderRunsAsRoot"), now)
    try:
        pod = build_pod(build, known.image, known.credentials, world.settings)
    except ValueError as error:
        return _fail(build, failure(str(error), reason="PodRefused"), now)
    status = replace(build.status, pod_name=pod.metadata.name, conditions=(_executing(),))
    actions = (CreatePod(pod=pod, reason="the Build has no pod"), *_patch(build, status, "the pod was created", now))
    return Decision(actions=actions, reason="the pod is made")


def _wait(build: Build, awaited: Awaited, now: datetime) -> Decision:
    """Ask; what is worth telling, that is anything but the first look, is told in the condition."""
    told: tuple[Action, ...] = ()
    if awaited.reason != "Preparing":
        condition = replace(_executing(), reason=awaited.reason, message=awaited.message)
        told = _patch(build, replace(build.status, conditions=(condition,)), awaited.message, now)
    return Decision(actions=(*awaited.actions, *told), look_again=awaited.look_again, reason=awaited.message)


def _decide_status(build: Build, pod: Pod, now: datetime) -> Decision:
    """There is a pod: tell its state."""
    status = replace(
        build.status,
        pod_name=pod.metadata.name,
        step_states=step_states(pod),
        steps_completed=steps_completed(pod),
    )
    condition = pod_condition(pod)
    try:
        result = built_image(pod)
    except ValueError as error:
        condition = failure(f"build failed: its result cannot be read: {error}", reason="ResultUnreadable")
    else:
        if result is not None:
            status = replace(
                status, latest_image=result.latest_image, stack=result.stack, build_metadata=result.build_metadata
            )
    return _tell(build, replace(status, conditions=(condition,)), now)


def _fail(build: Build, condition: Condition, now: datetime) -> Decision:
    return _tell(build, replace(build.status, conditions=(condition,)), now)


def _tell(build: Build, status: BuildStatus, now: datetime) -> Decision:
    """Write the status, and an Event once it is final."""
    condition = status.conditions[0]
    reason = condition.message or (
        "the build runs" if condition.status == ConditionStatus.UNKNOWN else "the build succeeded"
    )
    patch = _patch(build, status, reason, now)
    return Decision(actions=(*patch, *_event(build, condition)), reason=reason)


def _event(build: Build, condition: Condition) -> tuple[Action, ...]:
    if condition.status == ConditionStatus.UNKNOWN:
        return ()
    succeeded = condition.status == ConditionStatus.TRUE
    return (
        RecordEvent(
            kind=Kind.BUILD,
            subject=build.metadata,
            type="Normal" if succeeded else "Warning",
            reason="BuildSucceeded" if succeeded else "BuildFailed",
            message=condition.message or f"Build {build.metadata.name} succeeded",
        ),
    )


def _executing() -> Condition:
    return Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN)


def _is_controlled_by(pod: Pod, build: Build) -> bool:
    controller = pod.metadata.controller
    return controller is not None and controller.uid == build.metadata.uid


def _patch(build: Build, status: BuildStatus, reason: str, now: datetime) -> tuple[Action, ...]:
    """The write of a status that differs from the present one."""
    metadata = build.metadata
    conditions = with_times(status.conditions, build.status.conditions, now)
    wanted = replace(status, observed_generation=metadata.generation, conditions=conditions)
    if wanted == build.status:
        return ()
    key = Key(Kind.BUILD, metadata.namespace, metadata.name)
    return (PatchStatus(key=key, resource_version=metadata.resource_version, status=wanted, reason=reason),)
