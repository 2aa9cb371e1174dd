"""The attempts of a Build: how many there are, what their pods are called, how long to pause between them.

Nothing is stored about attempts: an attempt is a pod, and its number is in the pod's name. The limit and the pauses are
ours; kpack never retries.
"""

from datetime import timedelta

from kpack_api.names import build_pod_name
from kpack_api.wire import ObjectMeta

MAXIMUM_ATTEMPTS = 3
"""A fault of a node or a registry seldom lasts longer; more attempts would only hide what is broken for good."""
_PAUSES = (timedelta(seconds=10), timedelta(seconds=60))


def pod_names(build: str) -> tuple[str, ...]:
    """The names of a Build's pods, by attempt."""
    return tuple(build_pod_name(build, attempt=number) for number in range(1, MAXIMUM_ATTEMPTS + 1))


def attempt_of(build: str, pod: str) -> int:
    """The number of the attempt that this pod is, from 1; 0 for the name of no attempt of this Build."""
    names = pod_names(build)
    return names.index(pod) + 1 if pod in names else 0


def controls(build: ObjectMeta, pod: ObjectMeta) -> bool:
    """Whether a pod is this Build's own, not one of a predecessor or of somebody else."""
    controller = pod.controller
    return controller is not None and controller.uid == build.uid


def pause_after(attempt: int) -> timedelta:
    """How long after the end of this attempt the next one begins."""
    return _PAUSES[attempt - 1]
