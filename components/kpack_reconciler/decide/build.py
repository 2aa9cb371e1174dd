"""What to do about a Build: make its pod once everything for it is known, then tell what the pod comes to.

Leaves to others: how far it is (`build_progress`), what must be known for a pod (`preconditions`), a rebase without a
pod (`rebase_build`), the pod (`pod_creation`), how things are told (`build_status`).

Rules (kpack v0.0.9, where not said otherwise):
- A Build with a final result is never touched again but for `observedGeneration`. Its pod is not looked at, unless it
  still waits for what the Build gave up on: then it is deleted (ours).
- Only a pod that this Build controls counts. One of a predecessor with the same name must go first.
- A permanent fault fails the Build with its text; everything else is waited for and told meanwhile.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.core import Pod
from kpack_api.types import Build
from kpack_reconciler.decide.build_progress import Due, progress
from kpack_reconciler.decide.build_status import executing, fail, failed, patch_status, tell
from kpack_reconciler.decide.builds import is_running, succeeded_condition
from kpack_reconciler.decide.pod_creation import make_pod
from kpack_reconciler.decide.pod_state import has_ended
from kpack_reconciler.decide.preconditions import Awaited, Refused, preconditions, wanted_since
from kpack_reconciler.decide.rebase_build import decide_rebase, with_refusal
from kpack_reconciler.decide.turns import in_turn, still_queued, turn_given_back
from kpack_reconciler.decide.unreadable import REASON, invalid_build, unreadable_spec
from kpack_reconciler.model.actions import Action, DeletePod
from kpack_reconciler.model.attempts import controls
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.failures import GIVEN_UP, Reason
from kpack_reconciler.model.worlds import BuildWorld

_PREDECESSOR_GONE = timedelta(seconds=5)
_PREDECESSOR_PATIENCE = timedelta(minutes=10)
"""A predecessor's pod goes within its grace; one that stays so long is somebody's."""


def decide_build(world: BuildWorld, now: datetime) -> Decision:
    """Look at one Build."""
    build, pod = world.build, world.pod
    if build.metadata.deletion_timestamp is not None:
        return Decision(reason="the Build is being deleted")
    if not is_running(build):
        return _decide_ended(build, pod, now)
    if build.unreadable:
        return fail(build, failed(unreadable_spec(build.unreadable), reason=REASON), now)
    if pod is not None and not controls(build.metadata, pod.metadata):
        return _decide_foreign(build, pod, now)
    state = progress(world, now)
    if isinstance(state, Due):
        return _decide_pod(world, state, now)
    return tell(build, state.status, now, look_again=state.look_again)


def _decide_ended(build: Build, pod: Pod | None, now: datetime) -> Decision:
    actions = patch_status(build, build.status, "observed", now)
    given_up = succeeded_condition(build).reason in GIVEN_UP
    if given_up and pod is not None and controls(build.metadata, pod.metadata):
        actions = (*actions, *_delete(pod))
    return Decision(actions=actions, reason="the Build has ended")


def _delete(pod: Pod) -> tuple[Action, ...]:
    metadata = pod.metadata
    if has_ended(pod) or metadata.deletion_timestamp is not None:
        return ()
    reason = "the Build gave up on it"
    return (DeletePod(namespace=metadata.namespace, name=metadata.name, uid=metadata.uid, reason=reason),)


def _decide_foreign(build: Build, pod: Pod, now: datetime) -> Decision:
    """A pod with a name of ours belongs to somebody else: wait for it to go."""
    name, namespace = pod.metadata.name, build.metadata.namespace
    message = f"pod {name} is not of this Build; it must go first: kubectl delete pod -n {namespace} {name}"
    if now - wanted_since(build, now) >= _PREDECESSOR_PATIENCE:
        return fail(build, failed(message, reason=Reason.POD_NAME_TAKEN), now)
    condition = executing(reason=Reason.POD_NAME_TAKEN, message=message)
    return tell(build, replace(build.status, conditions=(condition,)), now, look_again=_PREDECESSOR_GONE)


def _decide_pod(world: BuildWorld, due: Due, now: datetime) -> Decision:
    """A pod is due: make it, or say what is missing."""
    build = world.build
    if invalid := invalid_build(build):
        return fail(build, failed(invalid, reason=REASON), now)
    if waiting := still_queued(world, now):
        return waiting
    found = preconditions(world, now)
    if isinstance(found, Refused):
        return fail(build, failed(found.message, reason=found.reason), now)
    if isinstance(found, Awaited):
        return _wait(world, found, now)
    rebase = decide_rebase(world, found.image, now)
    return rebase or in_turn(world, with_refusal(make_pod(world, due, found, now), world), now)


def _wait(world: BuildWorld, awaited: Awaited, now: datetime) -> Decision:
    """Ask; what is worth telling, that is anything but the first look, is told in the condition."""
    build, told = world.build, tuple[Action, ...]()
    if awaited.reason != "Preparing":
        condition = executing(reason=awaited.reason, message=awaited.message)
        told = patch_status(build, replace(build.status, conditions=(condition,)), awaited.message, now)
        told = (*told, *turn_given_back(world))
    return Decision(actions=(*awaited.actions, *told), look_again=awaited.look_again, reason=awaited.message)
