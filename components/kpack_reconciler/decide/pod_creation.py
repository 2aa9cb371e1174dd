"""The order to create a Build's pod, and what becomes of the Build where that cannot be.

Rules:
- A pod that the API server finds invalid fails the Build with its text (kpack v0.0.9 does so for any refusal).
- Any other refusal, a quota or a policy, is told and tried again for `FAULT_PATIENCE`, then it fails the Build too.
- Names alone do not keep two pods apart once there is more than one name: a pod after the first has a premise.
- What is told of a refusal comes before the next try: should that be refused too, the status is written all the same.
"""

from datetime import datetime

from msgspec.structs import replace

from kpack_api.names import build_pod_name
from kpack_api.types import Build, Kind
from kpack_reconciler.decide.build_pod import build_pod
from kpack_reconciler.decide.build_progress import Due, attempt_condition
from kpack_reconciler.decide.build_status import event, executing, fail, failed, patch_status
from kpack_reconciler.decide.preconditions import FAULT_PATIENCE, Known, waiting_since
from kpack_reconciler.decide.times import created_at
from kpack_reconciler.model.actions import Action, CreatePod, Premise
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.failures import Reason
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.refusals import refusal_of
from kpack_reconciler.model.worlds import BuildWorld

_ROOT = 0


def make_pod(world: BuildWorld, due: Due, known: Known, now: datetime) -> Decision:
    """Create the pod of the attempt that is due, for which everything is known."""
    build = world.build
    if known.image.user_id == _ROOT:
        message = "the builder image's CNB_USER_ID is 0; use a builder that does not build as root"
        return fail(build, failed(message, reason=Reason.BUILDER_RUNS_AS_ROOT), now)
    try:
        pod = build_pod(build, known.image, known.credentials, world.settings)
    except ValueError as error:
        return fail(build, failed(str(error), reason=Reason.POD_REFUSED), now)
    name = build_pod_name(build.metadata.name, attempt=due.attempt)
    pod = replace(pod, metadata=replace(pod.metadata, name=name))
    create = CreatePod(pod=pod, premises=_premises(build), reason=f"attempt {due.attempt}")
    fault = _refusal(create, world, now)
    return _create(world, due, create, now) if fault is None else _again(world, create, fault, now)


def _create(world: BuildWorld, due: Due, create: CreatePod, now: datetime) -> Decision:
    build, name = world.build, create.pod.metadata.name
    condition = attempt_condition(due.attempt, due.after)
    status = replace(build.status, pod_name=name, conditions=(condition,), step_states=(), steps_completed=())
    actions: tuple[Action, ...] = (create, *patch_status(build, status, "the pod was created", now))
    if due.after:
        actions = (*actions, event(build, reason="BuildRetried", message=condition.message, warning=True))
    return Decision(actions=actions, reason="the pod is made")


def _premises(build: Build) -> tuple[Premise, ...]:
    """A pod after the first is made only if the Build is as it was seen: somebody else may have made the next one."""
    metadata = build.metadata
    key = Key(Kind.BUILD, metadata.namespace, metadata.name)
    return (Premise(key=key, resource_version=metadata.resource_version),) if build.status.pod_name else ()


def _refusal(create: CreatePod, world: BuildWorld, now: datetime) -> Fault | None:
    """Why the API server refused this pod, unless it was that of a predecessor of the same name."""
    created = created_at(world.build.metadata.creation_timestamp, now)
    return refusal_of(create, tuple(refused for refused in world.refusals if refused.at >= created), now)


def _again(world: BuildWorld, create: CreatePod, fault: Fault, now: datetime) -> Decision:
    build = world.build
    if fault.permanent or now - waiting_since(world, now) >= FAULT_PATIENCE:
        return fail(build, failed(f"the build pod is refused: {fault.message}", reason=Reason.POD_REFUSED), now)
    condition = executing(reason=fault.reason, message=f"the build pod is refused: {fault.message}")
    told = patch_status(build, replace(build.status, conditions=(condition,)), condition.message, now)
    return Decision(actions=(*told, create), reason=condition.message)
