"""What a build pod's state shows in its Build: the states of its steps, and the result once there is one.

Leaves why a pod failed or waits to `pod_failure` and `pod_obstacle`, the result's encoding to `model.built_image`.

Rules:
- `stepStates` and `stepsCompleted` tell of init containers only, in the pod's order (kpack v0.0.9); secrets in the
  tails of their logs are hidden.
- A build has succeeded once `completion` has, whatever became of the pod afterwards (kpack: by the pod's phase).
"""

import msgspec
from msgspec.structs import replace

from kpack_api.core import ContainerStatus, Pod
from kpack_api.names import Step
from kpack_api.types import BuiltImage
from kpack_reconciler.model.built_image import decode_built_image
from kpack_reconciler.model.redaction import redacted

SUCCEEDED, FAILED = "Succeeded", "Failed"
_LONGEST_MESSAGE = 4000


def has_ended(pod: Pod) -> bool:
    """Whether no container of the pod runs or will run any more."""
    return pod.status.phase in {SUCCEEDED, FAILED}


def step_states(pod: Pod) -> tuple[dict[str, object], ...]:
    """The states of the init containers as plain JSON data, without names."""
    return tuple(_plain(status) for status in pod.status.init_container_statuses)


def steps_completed(pod: Pod) -> tuple[str, ...]:
    """The init containers that ended, whatever their exit code."""
    return tuple(status.name for status in pod.status.init_container_statuses if status.state.terminated is not None)


def built_image(pod: Pod) -> BuiltImage | None:
    """What `completion` left behind; None where it has not succeeded. Raises ValueError where it is unreadable."""
    if not has_ended(pod):
        return None
    for status in pod.status.container_statuses:
        end = status.state.terminated
        if status.name == Step.COMPLETION and end is not None and end.exit_code == 0:
            return decode_built_image(end.message)
    if pod.status.phase == SUCCEEDED:
        raise ValueError("the completion container left no result")
    return None


def _plain(status: ContainerStatus) -> dict[str, object]:
    """The state as Kubernetes writes it, that is with the exit code even where it is 0; texts are cut to their end."""
    state = status.state
    if state.waiting is not None:
        state = replace(state, waiting=replace(state.waiting, message=_shown(state.waiting.message)))
    if state.terminated is None:
        plain: dict[str, object] = msgspec.to_builtins(state)
        return plain
    end = replace(state.terminated, message=_shown(state.terminated.message))
    return {"terminated": {"exitCode": end.exit_code, **msgspec.to_builtins(end)}}


def _shown(text: str) -> str:
    return redacted(text)[-_LONGEST_MESSAGE:]
