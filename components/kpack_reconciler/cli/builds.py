"""Choosing the build that a person asks for, and saying why there is none yet. Pure.

Rules:
- Builds are told apart by their number label, as kpack does; without a number the newest is meant.
- A Build that another Image controls is not this one's, though its label says so.
- A number below the image's counter whose Build is gone will never come again.
"""

from collections.abc import Iterable, Sequence

from kpack_api.names import BUILD_NUMBER_LABEL, ConditionType
from kpack_api.types import Build, Image
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.turns import QUEUED


def number_of(build: Build) -> int:
    """The build's number in its image; 0 where the label is missing or no number."""
    text = build.metadata.labels.get(BUILD_NUMBER_LABEL, "")
    return int(text) if text.isdecimal() else 0


def in_order(image: Image, builds: Iterable[Build]) -> list[Build]:
    """The Image's Builds, oldest first; those that a deleted Image of the same name left behind are not its own."""
    owned = (build for build in builds if _may_belong_to(image, build))
    return sorted(owned, key=lambda build: (number_of(build), build.metadata.creation_timestamp or ""))


def choose_build(image: Image, builds: Sequence[Build], number: int | None) -> Build | None:
    """The build of this number, or the newest; None where it is still to come, PermanentError where it never will."""
    if number is None:
        newest = max(builds, key=number_of, default=None)
        if newest is None:
            _refuse_settled(image)
        return newest
    found = next((build for build in builds if number_of(build) == number), None)
    highest = max(image.status.build_counter, *map(number_of, builds), 0)
    if found is None and number <= highest:
        kept = ", ".join(str(kept) for kept in sorted(map(number_of, builds))) or "none"
        raise PermanentError(
            "BuildNotKept",
            f"build {number} of {title(image)} does not exist any more: choose one with -build (kept: {kept})",
        )
    return found


def title(image: Image) -> str:
    """How messages call an image."""
    return f"image {image.metadata.namespace}/{image.metadata.name}"


def waiting_text(image: Image, number: int | None) -> str:
    """What a person waits for while the build does not exist, with the image's own words where it has some."""
    wanted = f"build {number}" if number is not None else "the first build"
    newest = (
        f" (the newest is {image.status.build_counter})" if number is not None and image.status.build_counter else ""
    )
    ready = find_condition(image.status.conditions, ConditionType.READY)
    said = told(ready) if ready is not None and ready.status != ConditionStatus.TRUE else ""
    return f"waiting for {wanted} of {title(image)}{newest}" + (f": {said}" if said else "")


def told(condition: Condition | None) -> str:
    """Reason and message of a condition in one line; "" where it has neither."""
    if condition is None:
        return ""
    return ": ".join(part for part in (condition.reason, condition.message) if part)


def outcome(build: Build) -> Condition | None:
    """The `Succeeded` condition of a build that has ended; None while it runs."""
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    return condition if condition is not None and condition.status != ConditionStatus.UNKNOWN else None


def is_queued(build: Build) -> bool:
    """Whether a build waits for its turn to run."""
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    return condition is not None and outcome(build) is None and condition.reason == QUEUED


def _may_belong_to(image: Image, build: Build) -> bool:
    controller = build.metadata.controller
    return controller is None or controller.uid == image.metadata.uid


def _refuse_settled(image: Image) -> None:
    settled = find_condition(image.status.conditions, ConditionType.SETTLED)
    ready = find_condition(image.status.conditions, ConditionType.READY)
    current = image.status.observed_generation == image.metadata.generation
    if not current or settled is None or settled.status != ConditionStatus.TRUE:
        return
    if ready is not None and ready.status == ConditionStatus.FALSE:
        raise PermanentError("NoBuild", f"{title(image)} has no build: {told(ready)}")
