"""What a build pod's state means for its Build: step states, condition, and why it failed or waits.

Owns the words for failures and waiting. Leaves the result's encoding to `model.built_image`.

Rules:
- `stepStates` and `stepsCompleted` tell of init containers only, in the pod's order (kpack v0.0.9).
- Pod phase Succeeded is True, Failed is False, anything else Unknown (kpack v0.0.9; reasons and messages are ours).
- A failure names step, exit code and last lines: the last thing that the reader would look for in the log.
"""

import re
from collections.abc import Iterator

import msgspec

from kpack_api.core import ContainerStatus, Pod, PodCondition
from kpack_api.names import ConditionType, Step
from kpack_api.types import BuiltImage
from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.model.built_image import decode_built_image

_SUCCEEDED, _FAILED = "Succeeded", "Failed"
_USUAL_WAITING = frozenset({"", "PodInitializing", "ContainerCreating"})
_LAST_LINES = 10
_LAST_CHARACTERS = 1000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def step_states(pod: Pod) -> tuple[dict[str, object], ...]:
    """The states of the init containers as plain JSON data, without names."""
    return tuple(_plain(status) for status in pod.status.init_container_statuses)


def steps_completed(pod: Pod) -> tuple[str, ...]:
    """The init containers that ended, whatever their exit code."""
    return tuple(status.name for status in pod.status.init_container_statuses if status.state.terminated is not None)


def built_image(pod: Pod) -> BuiltImage | None:
    """What `completion` left behind; None while the pod has not succeeded. Raises ValueError where it is unreadable."""
    if pod.status.phase != _SUCCEEDED:
        return None
    for status in pod.status.container_statuses:
        if status.name == Step.COMPLETION and status.state.terminated is not None:
            return decode_built_image(status.state.terminated.message)
    raise ValueError("the completion container left no result")


def pod_condition(pod: Pod) -> Condition:
    """The Build's `Succeeded` condition as the pod's phase tells it."""
    if pod.status.phase == _SUCCEEDED:
        return _condition(ConditionStatus.TRUE)
    if pod.status.phase == _FAILED:
        return failure(
            _failure_text(pod), reason="StepFailed" if _failed_step(pod) else pod.status.reason or "PodFailed"
        )
    reason, message = _waiting(pod)
    return _condition(ConditionStatus.UNKNOWN, reason=reason, message=message)


def failure(message: str, *, reason: str) -> Condition:
    """`Succeeded` False: final."""
    return _condition(ConditionStatus.FALSE, reason=reason, message=message)


def last_lines(text: str) -> str:
    """The last lines of a log, without colours and empty lines."""
    lines = [line.rstrip() for line in _ESCAPES.sub("", text).splitlines() if line.strip()]
    return "\n".join(lines[-_LAST_LINES:])[-_LAST_CHARACTERS:].strip()


def _plain(status: ContainerStatus) -> dict[str, object]:
    """The state as Kubernetes writes it, that is with the exit code even where it is 0."""
    state: dict[str, object] = msgspec.to_builtins(status.state)
    end = status.state.terminated
    if end is None:
        return state
    return {"terminated": {"exitCode": end.exit_code, **msgspec.to_builtins(end)}}


def _condition(status: ConditionStatus, *, reason: str = "", message: str = "") -> Condition:
    return Condition(type=ConditionType.SUCCEEDED, status=status, reason=reason, message=message)


def _failure_text(pod: Pod) -> str:
    step = _failed_step(pod)
    if step is None or step.state.terminated is None:
        told = ": ".join(part for part in (pod.status.reason, pod.status.message) if part)
        return f"build failed: pod {pod.metadata.name} failed: {told or 'it was stopped from outside'}"
    end = step.state.terminated
    why = f" ({end.reason})" if end.reason not in ("", "Error") else ""
    lines = last_lines(end.message) or f"no output; kubectl logs -n {pod.metadata.namespace} {pod.metadata.name}"
    return f"build failed: step {step.name} exit {end.exit_code}{why}: {lines}"


def _failed_step(pod: Pod) -> ContainerStatus | None:
    return next((status for status in _containers(pod) if _ended_badly(status)), None)


def _ended_badly(status: ContainerStatus) -> bool:
    return status.state.terminated is not None and status.state.terminated.exit_code != 0


def _waiting(pod: Pod) -> tuple[str, str]:
    """Reason and message of what holds the pod up; empty where nothing does."""
    scheduled = next((condition for condition in pod.status.conditions if _is_unscheduled(condition)), None)
    if scheduled is not None:
        return scheduled.reason or "Unschedulable", scheduled.message
    for status in _containers(pod):
        waiting = status.state.waiting
        if waiting is not None and waiting.reason not in _USUAL_WAITING:
            return waiting.reason, f"step {status.name}: {waiting.message or waiting.reason}"
    return "", ""


def _is_unscheduled(condition: PodCondition) -> bool:
    return condition.type == "PodScheduled" and condition.status == "False"


def _containers(pod: Pod) -> Iterator[ContainerStatus]:
    yield from pod.status.init_container_statuses
    yield from pod.status.container_statuses
