"""Why a pod failed: from its phase, its containers' ends and what Kubernetes says of it, to one `Failure`.

Owns the recognition. Leaves the vocabulary to `model.failures`, the words on what to do to `hints`.

Rules:
- What was done to the pod comes before what its steps say: a step that was killed with its pod did not fail by itself.
- Only steps that talk to registries are believed about them; a buildpack's log may say anything.
- A pod that failed without a failed container was stopped by something outside.

Facts: pod reasons and the `DisruptionTarget` condition as Kubernetes 1.26 and later writes them; exit codes of the CNB
lifecycle; texts of go-containerregistry.
"""

import re

from kpack_api.core import ContainerStateTerminated, ContainerStatus, Pod
from kpack_api.names import Step
from kpack_reconciler.decide.hints import hint_for
from kpack_reconciler.decide.log_tail import last_lines, short
from kpack_reconciler.decide.pod_times import containers, deletion_asked_at, is_step, moment
from kpack_reconciler.model import exit_codes
from kpack_reconciler.model.failures import Failure, Reason

_LOST = frozenset({"NodeLost", "NodeShutdown", "Shutdown", "Terminated"})
_LOST_BY = frozenset({"DeletionByTaintManager", "DeletionByPodGC"})
_REJECTED = frozenset({"NodeAffinity", "NodeName", "NodePorts", "TopologyAffinityError", "UnexpectedAdmissionError"})
_OWN_LIMIT = re.compile(r"\bexceed(s|ed)\b")
_UNKNOWN_END = "ContainerStatusUnknown"
_OUT_OF_MEMORY = "OOMKilled"
_ASK_REGISTRIES = frozenset({Step.PREPARE, Step.ANALYZE, Step.RESTORE, Step.EXPORT, Step.COMPLETION})
_UNAVAILABLE = re.compile(
    r"(?i)(?:status(?: code)?|error):? (?:429|5\d\d)\b|\b(?:429 too many|50[0234] [a-z])|toomanyrequests"
    r"|connection re(?:fused|set)|timed? ?out|deadline exceeded|no such host|could not resolve|unexpected eof"
    r"|no route to host|is unreachable"
)
_DENIED = re.compile(
    r"(?i)\bunauthorized\b|authentication (?:required|failed)|(?<!permission )\bdenied\b|denied \(publickey"
    r"|\bforbidden\b|(?:status(?: code)?|error):? 40[13]\b"
)
_NO_SUCH_FILE = re.compile(r"(?i)no such file|not found|permission denied|exec format")
_STEPS = {
    Step.PREPARE: Reason.PREPARE_FAILED,
    Step.DETECT: Reason.DETECT_FAILED,
    Step.ANALYZE: Reason.ANALYZE_FAILED,
    Step.RESTORE: Reason.RESTORE_FAILED,
    Step.BUILD: Reason.BUILD_STEP_FAILED,
    Step.EXPORT: Reason.EXPORT_FAILED,
    Step.COMPLETION: Reason.COMPLETION_FAILED,
}


def pod_failure(pod: Pod) -> Failure:
    """Why a pod whose phase is Failed failed."""
    reason = _outside_reason(pod)
    step = failed_step(pod)
    end = step.state.terminated if step is not None else None
    if reason is None and step is not None and end is not None:
        return _step_failure(pod, step, end)
    found = reason or Reason.POD_STOPPED
    return Failure(reason=found, told=_pod_text(pod), hint=hint_for(found))


def failed_step(pod: Pod) -> ContainerStatus | None:
    """The first step that ended badly; a sidecar only where no step did, since the kubelet ends it with the pod."""
    bad = [status for status in containers(pod) if _ended_badly(status)]
    return next((status for status in bad if is_step(status)), next(iter(bad), None))


def _outside_reason(pod: Pod) -> Reason | None:
    """What was done to the pod; None where a step failed by itself or nothing is known."""
    word, text = pod.status.reason, pod.status.message
    disruption = next((c for c in pod.status.conditions if c.type == "DisruptionTarget" and c.status == "True"), None)
    if word == "DeadlineExceeded":
        return Reason.DEADLINE_EXCEEDED
    if word == "Evicted" and _OWN_LIMIT.search(text):
        return Reason.DISK_LIMIT_EXCEEDED
    if word in _LOST or (disruption is not None and disruption.reason in _LOST_BY):
        return Reason.NODE_LOST
    if word in {"Evicted", "Preempting"} or disruption is not None:
        return Reason.EVICTED
    if word.startswith("OutOf") or word in _REJECTED:
        return Reason.POD_REJECTED
    return _end_from_outside(pod)


def _end_from_outside(pod: Pod) -> Reason | None:
    """Whether the failed step was ended together with its pod or its node."""
    step, asked = failed_step(pod), deletion_asked_at(pod.metadata)
    end = step.state.terminated if step is not None else None
    if end is None:
        return Reason.POD_DELETED if asked is not None else None
    if end.reason == _UNKNOWN_END:
        return Reason.NODE_LOST
    finished = moment(end.finished_at)
    if asked is not None and (finished is None or finished >= asked):
        return Reason.POD_DELETED
    return None


def _step_failure(pod: Pod, step: ContainerStatus, end: ContainerStateTerminated) -> Failure:
    why = f" ({end.reason})" if end.reason not in ("", "Error") else ""
    lines = last_lines(end.message)
    told = f"step {step.name} exit {end.exit_code}{why}: {lines or 'no output'}"
    reason = _step_reason(step.name, end, lines)
    hint = hint_for(reason, step=step.name, exit_code=end.exit_code)
    command = f"kubectl logs -n {pod.metadata.namespace} {pod.metadata.name} -c {step.name}"
    return Failure(reason=reason, told=told, hint=f"{hint}; the whole log: {command}")


def _step_reason(step: str, end: ContainerStateTerminated, lines: str) -> Reason:
    if end.reason == _OUT_OF_MEMORY:
        return Reason.OUT_OF_MEMORY
    if end.exit_code == exit_codes.COULD_NOT_START:
        return Reason.STEP_NOT_STARTED if _NO_SUCH_FILE.search(lines) else Reason.POD_STOPPED
    if step in _ASK_REGISTRIES:
        return _registry_reason(end, lines) or _STEPS[Step(step)]
    if step == Step.BUILD and end.exit_code in exit_codes.BUILDPACK_FAILED:
        return Reason.BUILDPACK_FAILED
    if step in _STEPS and end.exit_code in exit_codes.INCOMPATIBLE_API:
        return Reason.INCOMPATIBLE_LIFECYCLE
    return _STEPS[Step(step)] if step in _STEPS else Reason.CONTAINER_FAILED


def _registry_reason(end: ContainerStateTerminated, lines: str) -> Reason | None:
    if end.exit_code in exit_codes.INCOMPATIBLE_API:
        return Reason.INCOMPATIBLE_LIFECYCLE
    if end.exit_code == exit_codes.TRANSIENT or _UNAVAILABLE.search(lines):
        return Reason.REMOTE_UNAVAILABLE
    if end.exit_code == exit_codes.CREDENTIALS or _DENIED.search(lines):
        return Reason.ACCESS_DENIED
    return None


def _pod_text(pod: Pod) -> str:
    told = ": ".join(part for part in (pod.status.reason, short(pod.status.message)) if part)
    disrupted = next((c.message for c in pod.status.conditions if c.type == "DisruptionTarget" and c.message), "")
    return f"pod {pod.metadata.name} failed: {told or short(disrupted) or 'it was stopped from outside'}"


def _ended_badly(status: ContainerStatus) -> bool:
    return status.state.terminated is not None and status.state.terminated.exit_code != 0
