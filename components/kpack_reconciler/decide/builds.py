"""Reading Builds: their order, whether they ended, and their result's digest reference.

Rules:
- A missing `Succeeded` condition counts as Unknown, that is running.
- Builds are ordered by number, then creation time, then name, since creation times have a grain of one second.
"""

from collections.abc import Iterable

from kpack_api.names import BUILD_NUMBER_LABEL, ConditionType
from kpack_api.types import Build
from kpack_api.wire import Condition, ConditionStatus, find_condition


def succeeded_condition(build: Build) -> Condition:
    """The Build's `Succeeded` condition; Unknown where it has none."""
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    return condition or Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN)


def is_running(build: Build) -> bool:
    """Whether the Build has no final result yet."""
    return succeeded_condition(build).status == ConditionStatus.UNKNOWN


def has_succeeded(build: Build) -> bool:
    """Whether the Build ended well."""
    return succeeded_condition(build).status == ConditionStatus.TRUE


def has_failed(build: Build) -> bool:
    """Whether the Build ended badly."""
    return succeeded_condition(build).status == ConditionStatus.FALSE


def build_number(build: Build) -> int:
    """The number in the Build's label; 0 where there is none, so that such a Build is never the newest."""
    text = build.metadata.labels.get(BUILD_NUMBER_LABEL, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def in_order(builds: Iterable[Build], *, owner_uid: str) -> tuple[Build, ...]:
    """The numbered Builds, oldest first, without those that another owner than this one controls."""
    owned = (build for build in builds if _may_belong_to(build, owner_uid) and build_number(build))
    return tuple(sorted(owned, key=_position))


def _may_belong_to(build: Build, owner_uid: str) -> bool:
    controller = build.metadata.controller
    return controller is None or controller.uid == owner_uid


def _position(build: Build) -> tuple[int, str, str]:
    return build_number(build), build.metadata.creation_timestamp or "", build.metadata.name
