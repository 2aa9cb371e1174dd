"""How a decision about a Build is told: a status write, an Event once the Build ends, when to look again.

Rules:
- A status that does not differ is not written.
- A failed Build's condition and its Event say the same.
- The condition's time also moves when the Build begins to wait for its turn, and when that ends.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.names import ConditionType
from kpack_api.types import Build, BuildStatus, Kind
from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.decide.builds import succeeded_condition
from kpack_reconciler.decide.status_write import status_write
from kpack_reconciler.decide.times import with_times
from kpack_reconciler.model.actions import Action, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.turns import QUEUED


def executing(*, reason: str = "", message: str = "") -> Condition:
    """`Succeeded` Unknown: the Build runs; reason and message say what it waits for."""
    return Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN, reason=reason, message=message)


def succeeded() -> Condition:
    """`Succeeded` True: final."""
    return Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.TRUE)


def failed(message: str, *, reason: str) -> Condition:
    """`Succeeded` False: final."""
    return Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.FALSE, reason=reason, message=message)


def fail(build: Build, condition: Condition, now: datetime) -> Decision:
    """The Build ends with this condition; what its status showed besides stays."""
    return tell(build, replace(build.status, conditions=(condition,)), now)


def tell(build: Build, status: BuildStatus, now: datetime, *, look_again: timedelta | None = None) -> Decision:
    """Write the status, and an Event once it is final."""
    condition = status.conditions[0]
    reason = condition.message or (
        "the build runs" if condition.status == ConditionStatus.UNKNOWN else "the build succeeded"
    )
    patch = patch_status(build, status, reason, now)
    return Decision(actions=(*patch, *_ending(build, condition)), look_again=look_again, reason=reason)


def patch_status(build: Build, status: BuildStatus, reason: str, now: datetime) -> tuple[Action, ...]:
    """The write of a status that differs from the present one."""
    before = () if _moves_in_line(build, status) else build.status.conditions
    conditions = with_times(status.conditions, before, now)
    return status_write(build, replace(status, conditions=conditions), reason)


def _moves_in_line(build: Build, status: BuildStatus) -> bool:
    """Whether the Build begins to wait for its turn, or ends to: the condition's time tells since when."""
    return (succeeded_condition(build).reason == QUEUED) != (status.conditions[0].reason == QUEUED)


def event(build: Build, *, reason: str, message: str, warning: bool = False) -> RecordEvent:
    """An Event about the Build."""
    kind = "Warning" if warning else "Normal"
    return RecordEvent(kind=Kind.BUILD, subject=build.metadata, type=kind, reason=reason, message=message)


def _ending(build: Build, condition: Condition) -> tuple[Action, ...]:
    if condition.status == ConditionStatus.UNKNOWN:
        return ()
    if condition.status == ConditionStatus.TRUE:
        return (event(build, reason="BuildSucceeded", message=f"Build {build.metadata.name} succeeded"),)
    return (event(build, reason="BuildFailed", message=condition.message, warning=True),)
