"""Why a build failed: classes, reasons, and what the reader can do next.

Owns the vocabulary. Leaves recognising a failure in a pod to `decide.pod_failure`.

Rules:
- A reason is the word in the Build's `Succeeded` condition; each belongs to one class. Words of others, such as those
  of the registry client, have no class here.
- Failures of the classes `infrastructure` and `evicted` are retried: nothing about the build itself was wrong.
- A message begins with `build failed: ` and ends with a line that says what to do.
"""

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    """Who has to do something about a failure."""

    APPLICATION = "application"
    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"
    INFRASTRUCTURE = "infrastructure"
    TIMEOUT = "timeout"
    EVICTED = "evicted"
    PULL_FAILURE = "pull failure"


class Reason(StrEnum):
    """Why a Build failed, or why one of its attempts did."""

    PREPARE_FAILED = "PrepareFailed"
    DETECT_FAILED = "DetectFailed"
    ANALYZE_FAILED = "AnalyzeFailed"
    RESTORE_FAILED = "RestoreFailed"
    BUILD_STEP_FAILED = "BuildStepFailed"
    BUILDPACK_FAILED = "BuildpackFailed"
    EXPORT_FAILED = "ExportFailed"
    COMPLETION_FAILED = "CompletionFailed"
    CONTAINER_FAILED = "ContainerFailed"
    INCOMPATIBLE_LIFECYCLE = "IncompatibleLifecycle"
    OUT_OF_MEMORY = "OutOfMemory"
    DISK_LIMIT_EXCEEDED = "DiskLimitExceeded"
    STEP_NOT_STARTED = "StepNotStarted"
    CONTAINER_REFUSED = "ContainerRefused"
    RESULT_UNREADABLE = "ResultUnreadable"
    BUILDER_RUNS_AS_ROOT = "BuilderRunsAsRoot"
    POD_REFUSED = "PodRefused"
    POD_NAME_TAKEN = "PodNameTaken"
    SERVICE_ACCOUNT_NOT_FOUND = "ServiceAccountNotFound"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a word, no secret
    ACCESS_DENIED = "AccessDenied"
    REMOTE_UNAVAILABLE = "RemoteUnavailable"
    NODE_LOST = "NodeLost"
    POD_DELETED = "PodDeleted"
    POD_REJECTED = "PodRejected"
    POD_STOPPED = "PodStopped"
    EVICTED = "Evicted"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    UNSCHEDULABLE = "Unschedulable"
    POD_STUCK = "PodStuck"
    IMAGE_PULL_FAILED = "ImagePullFailed"


GIVEN_UP = frozenset({Reason.CONTAINER_REFUSED, Reason.IMAGE_PULL_FAILED, Reason.POD_STUCK, Reason.UNSCHEDULABLE})
"""The reasons of a Build that ended while its pod still waited."""
RETRYING = "Retrying"
"""The reason of a running Build's condition while a second or third attempt runs."""

_CLASSES: dict[FailureClass, tuple[Reason, ...]] = {
    FailureClass.APPLICATION: (Reason.DETECT_FAILED, Reason.BUILD_STEP_FAILED, Reason.BUILDPACK_FAILED),
    FailureClass.CONFIGURATION: (
        Reason.PREPARE_FAILED,
        Reason.ANALYZE_FAILED,
        Reason.RESTORE_FAILED,
        Reason.EXPORT_FAILED,
        Reason.COMPLETION_FAILED,
        Reason.CONTAINER_FAILED,
        Reason.INCOMPATIBLE_LIFECYCLE,
        Reason.OUT_OF_MEMORY,
        Reason.DISK_LIMIT_EXCEEDED,
        Reason.STEP_NOT_STARTED,
        Reason.CONTAINER_REFUSED,
        Reason.RESULT_UNREADABLE,
        Reason.BUILDER_RUNS_AS_ROOT,
        Reason.POD_REFUSED,
        Reason.POD_NAME_TAKEN,
    ),
    FailureClass.CREDENTIALS: (
        Reason.SERVICE_ACCOUNT_NOT_FOUND,
        Reason.SECRET_NOT_FOUND,
        Reason.ACCESS_DENIED,
    ),
    FailureClass.INFRASTRUCTURE: (
        Reason.REMOTE_UNAVAILABLE,
        Reason.NODE_LOST,
        Reason.POD_DELETED,
        Reason.POD_REJECTED,
        Reason.POD_STOPPED,
    ),
    FailureClass.EVICTED: (Reason.EVICTED,),
    FailureClass.TIMEOUT: (Reason.DEADLINE_EXCEEDED, Reason.UNSCHEDULABLE, Reason.POD_STUCK),
    FailureClass.PULL_FAILURE: (Reason.IMAGE_PULL_FAILED,),
}
_RETRIED = frozenset({FailureClass.INFRASTRUCTURE, FailureClass.EVICTED})
_CLASS_OF: dict[str, FailureClass] = {reason: kind for kind, reasons in _CLASSES.items() for reason in reasons}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong, and what to do. `told` is what happened, for a step `step <name> exit <code>: <last lines>`."""

    reason: Reason
    told: str
    hint: str

    @property
    def message(self) -> str:
        """The text of a failed Build's condition."""
        return f"build failed: {self.told}\n{self.hint}"


def failure_class(reason: str) -> FailureClass | None:
    """The class of a failed Build by its condition's reason; None for a word that is not ours."""
    return _CLASS_OF.get(reason)


def is_retried(reason: str) -> bool:
    """Whether a build that failed for this reason is tried again."""
    return failure_class(reason) in _RETRIED
