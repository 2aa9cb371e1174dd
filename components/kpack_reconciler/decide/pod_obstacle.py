"""What holds a build pod up: told while it may pass, a failure once its patience is over.

Owns the patience with each obstacle. Leaves pods that ended to `pod_failure`.

Rules:
- An obstacle is told with Kubernetes' own word and text, as kpack copies them.
- Nothing waits without an end but what somebody holds back on purpose (a scheduling gate): behind a Build that waits,
  a change of its Image would wait too.
- A pod that is being deleted is waited for: until it is gone, its containers may still run.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from kpack_api.core import ContainerStateWaiting, ContainerStatus, Pod
from kpack_reconciler.decide.log_tail import short
from kpack_reconciler.decide.pod_times import changed_at, containers, deletion_asked_at, is_step, waiting_since
from kpack_reconciler.model.failures import Failure, Reason

_ROOM = timedelta(minutes=10)
"""A cluster autoscaler needs minutes for a new node; what has no room after ten will not get it by itself."""
_REFUSAL = timedelta(minutes=2)
"""Long enough for a Secret or an image that is created together with the Image."""
_OUTAGE = timedelta(minutes=10)
"""A registry or a container runtime that is down is often back by then."""
_SLOW = timedelta(minutes=2)
"""A large image may be pulled for so long before it is worth a word."""
_STUCK = timedelta(minutes=30)
"""Volumes that cannot be mounted show in no state of the pod; no image is pulled for so long."""

_USUAL = frozenset({"", "PodInitializing", "ContainerCreating"})
_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"})
_PULL_NEVER = frozenset({"ErrImageNeverPull", "InvalidImageName"})
_CONFIGURATION = frozenset({"CreateContainerConfigError"})
_DEFINITE = re.compile(
    r"(?i)not found|manifest unknown|unauthorized|authentication required|authorization failed|\bdenied\b|forbidden"
    r"|no basic auth|invalid reference|: 40[134]\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that a pod waits for: `reason` and `message` are told from `told_from` on.

    At `ends` the Build fails with `failure`; None waits without an end.
    """

    reason: str
    message: str
    told_from: datetime
    ends: datetime | None
    failure: Failure


def pod_obstacle(pod: Pod, now: datetime) -> Obstacle | None:
    """What a pod that has not ended waits for; None while it runs."""
    for check in (_deletion, _node, _scheduling, _container):
        found = check(pod, now)
        if found is not None:
            return found
    return None


def _deletion(pod: Pod, _now: datetime) -> Obstacle | None:
    asked = deletion_asked_at(pod.metadata)
    if asked is None:
        return None
    name, namespace = pod.metadata.name, pod.metadata.namespace
    message = f"pod {name} is being deleted from outside, and may still run until it is gone"
    hint = f"if its node is gone for good: kubectl delete pod -n {namespace} {name} --force"
    failure = Failure(reason=Reason.POD_STUCK, told=message, hint=hint)
    return _obstacle(Reason.POD_DELETED, f"{message}; {hint}", asked, _STUCK, failure)


def _node(pod: Pod, now: datetime) -> Obstacle | None:
    if pod.status.phase != "Unknown" and pod.status.reason != Reason.NODE_LOST:
        return None
    message = short(pod.status.message) or f"the node of pod {pod.metadata.name} does not answer"
    hint = "if the node is gone for good, `kubectl delete node` lets the build start anew on another one"
    failure = Failure(reason=Reason.POD_STUCK, told=message, hint=hint)
    return _obstacle(Reason.NODE_LOST, f"{message}; {hint}", changed_at(pod, now), _STUCK, failure)


def _scheduling(pod: Pod, now: datetime) -> Obstacle | None:
    placed = next((c for c in pod.status.conditions if c.type == "PodScheduled" and c.status == "False"), None)
    if placed is None:
        return None
    reason, message = placed.reason or Reason.UNSCHEDULABLE, short(placed.message)
    since = waiting_since(pod, now)
    failure = Failure(
        reason=Reason.UNSCHEDULABLE,
        told=f"no node took pod {pod.metadata.name} for {_words(_ROOM)}: {message or reason}",
        hint="make room, or change the Image's spec.build.resources or its cache's volume; then `kpack trigger`",
    )
    return _obstacle(reason, message, since, None if reason == "SchedulingGated" else _ROOM, failure)


def _container(pod: Pod, now: datetime) -> Obstacle | None:
    for status in containers(pod):
        waiting = status.state.waiting
        if waiting is not None and waiting.reason not in _USUAL:
            return _held_up(pod, status, waiting, now)
    states = [status.state for status in containers(pod) if is_step(status)]
    if any(state.running for state in states) or (states and all(state.terminated for state in states)):
        return None
    return _slow_start(pod, now)


def _held_up(pod: Pod, status: ContainerStatus, waiting: ContainerStateWaiting, now: datetime) -> Obstacle:
    text = short(waiting.message) or waiting.reason
    told, since = f"step {status.name}: {text}", waiting_since(pod, now)
    if waiting.reason in _PULL:
        definite = waiting.reason in _PULL_NEVER or _DEFINITE.search(text)
        failure = Failure(
            reason=Reason.IMAGE_PULL_FAILED,
            told=f"step {status.name} cannot pull {status.image or 'its image'}: {text}",
            hint="check the builder's image and its pull secrets, and that nodes reach the registry; then"
            " `kpack trigger`",
        )
        return _obstacle(waiting.reason, told, since, _REFUSAL if definite else _OUTAGE, failure)
    reason, patience = Reason.POD_STUCK, _OUTAGE
    if waiting.reason in _CONFIGURATION:
        reason, patience = Reason.CONTAINER_REFUSED, _REFUSAL
    failure = _not_started(pod, f"{told} ({waiting.reason})", reason=reason)
    return _obstacle(waiting.reason, told, since, patience, failure)


def _slow_start(pod: Pod, now: datetime) -> Obstacle:
    """The next step has not started, and Kubernetes gives no reason: an image is pulled, or a volume is awaited."""
    step = next((s.name for s in containers(pod) if is_step(s) and s.state.terminated is None), "")
    told = f"step {step} has not started yet" if step else f"pod {pod.metadata.name} has not started yet"
    where = f"kubectl describe pod -n {pod.metadata.namespace} {pod.metadata.name} tells of images and volumes"
    since = waiting_since(pod, now)
    return Obstacle(
        reason="NotStarted",
        message=f"{told}; {where}",
        told_from=since + _SLOW,
        ends=since + _STUCK,
        failure=_not_started(pod, f"{told} after {_words(_STUCK)}"),
    )


def _not_started(pod: Pod, told: str, *, reason: Reason = Reason.POD_STUCK) -> Failure:
    where = f"kubectl get events -n {pod.metadata.namespace} --field-selector involvedObject.name={pod.metadata.name}"
    return Failure(reason=reason, told=told, hint=f"its Events name the volume or image: {where}; then `kpack trigger`")


def _obstacle(reason: str, message: str, since: datetime, patience: timedelta | None, failure: Failure) -> Obstacle:
    return Obstacle(
        reason=reason,
        message=message,
        told_from=since,
        ends=None if patience is None else since + patience,
        failure=failure,
    )


def _words(patience: timedelta) -> str:
    return f"{int(patience.total_seconds() // 60)} minutes"
