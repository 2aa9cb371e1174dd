"""A build's pod as a person follows it: which container's log comes next, and what holds it up.

Owns the order: init containers, then containers, each only after the one before. Containers that are no step of a build
(a service mesh's) are passed over. Pure.
"""

from collections.abc import Collection

from kpack_api.core import ContainerStatus, Pod
from kpack_api.names import Step

_ORDINARY_WAITS = frozenset({"", "PodInitializing", "ContainerCreating"})


def next_step(pod: Pod, shown: Collection[str]) -> str | None:
    """The first step that was not shown yet; None after the last."""
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    steps = (container.name for container in containers if container.name in list(Step))
    return next((step for step in steps if step not in shown), None)


def has_log(pod: Pod, step: str) -> bool:
    """Whether this step runs or has run, so that its log can be read."""
    status = _status(pod, step)
    return status is not None and (status.state.running is not None or status.state.terminated is not None)


def has_stopped(pod: Pod, step: str) -> bool:
    """Whether this step will write nothing more: it has ended, or its pod has, as that of a lost node does."""
    status = _status(pod, step)
    return has_ended(pod) or (status is not None and status.state.terminated is not None)


def has_ended(pod: Pod) -> bool:
    """Whether no container of this pod will start any more."""
    return pod.status.phase in {"Succeeded", "Failed"}


def obstacle(pod: Pod, step: str) -> str:
    """Why this step does not start, as Kubernetes says it; "" where nothing is out of the ordinary."""
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"{condition.reason}: {condition.message}"
    status = _status(pod, step)
    waiting = status.state.waiting if status else None
    if waiting is None or waiting.reason in _ORDINARY_WAITS:
        return ""
    return f"{waiting.reason}: {waiting.message}" if waiting.message else waiting.reason


def _status(pod: Pod, step: str) -> ContainerStatus | None:
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((status for status in statuses if status.name == step), None)
