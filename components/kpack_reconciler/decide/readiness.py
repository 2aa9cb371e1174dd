"""Whether a builder or a SourceResolver can be built upon.

Rule (kpack v0.0.9): `Ready` is True and says so of the newest generation. What it says of an older one is not heard.
"""

from kpack_api.names import ConditionType
from kpack_api.types import Builder, SourceResolver
from kpack_api.wire import Condition, ConditionStatus, find_condition


def ready_condition(subject: Builder | SourceResolver) -> Condition:
    """The `Ready` condition for the present generation; Unknown where there is none yet."""
    condition = find_condition(subject.status.conditions, ConditionType.READY)
    if condition is None or subject.status.observed_generation != subject.metadata.generation:
        return Condition(type=ConditionType.READY, status=ConditionStatus.UNKNOWN)
    return condition


def is_ready(subject: Builder | SourceResolver) -> bool:
    """Whether `Ready` is True for the present generation."""
    return ready_condition(subject).status == ConditionStatus.TRUE
