"""Whether an application may be put onto another run image: the checks of the lifecycle's `rebaser`, in its words.

Rules (lifecycle v0.20 and v0.21, `phase/rebaser.go` and `platform/target_data.go`):
- Which checks apply is told by the platform API that the application was built with: below 0.12 stack and mixins, from
  0.12 on the label `io.buildpacks.rebasable` and the target (system, architecture, distribution).
- Nothing is forced, as in kpack: what is refused here is built instead.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from kpack_reconciler.model.go_json import encode, read_free_form
from kpack_reconciler.model.image_documents import ImageDocuments

STACK_LABEL: Final = "io.buildpacks.stack.id"
MIXINS_LABEL: Final = "io.buildpacks.stack.mixins"
REBASABLE_LABEL: Final = "io.buildpacks.rebasable"
TARGET_LABEL: Final = "io.buildpacks.base.id"
DISTRIBUTION_LABELS: Final = {
    "name": "io.buildpacks.base.distro.name",
    "version": "io.buildpacks.base.distro.version",
}
TARGETS_SINCE: Final = (0, 12)
_PLATFORM_API = "CNB_PLATFORM_API"
_VERSION = re.compile(r"v?(\d+)\.?(\d*)")
_T = TypeVar("_T")
_MAY_FORCE = "please provide -force to override"


class NotRebasableError(ValueError):
    """The application cannot be put onto the run image. `reason` is a CamelCase word, the message the lifecycle's."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def platform_api_of(app: ImageDocuments) -> tuple[int, int]:
    """The platform API that an application was built with; (0, 0) where its environment does not tell."""
    pairs = (entry.split("=") for entry in app.environment)
    text = next((pair[1] for pair in pairs if len(pair) == 2 and pair[0] == _PLATFORM_API), "")  # noqa: PLR2004
    if not text:
        return (0, 0)
    found = _VERSION.fullmatch(text)
    if found is None:
        raise NotRebasableError("UnreadableImage", f"{_PLATFORM_API} of the app image is {text!r}, which is no version")
    return int(found[1]), int(found[2] or 0)


def check(app: ImageDocuments, base: ImageDocuments) -> None:
    """Raise NotRebasableError where the application may not lie on this base."""
    if platform_api_of(app) < TARGETS_SINCE:
        _check_stack(app.labels, base.labels)
        _check_mixins(app.labels, base.labels)
    else:
        _check_mark(app.labels)
        _check_target(app, base)


def read_label(labels: Mapping[str, str], name: str, shape: type[_T], *, subject: str) -> _T | None:
    """A label's JSON in this shape; None where there is no such label, or it is empty or null."""
    text = labels.get(name, "")
    try:
        value = read_free_form(text) if text else None
        return None if value is None else msgspec.convert(value, shape)
    except (msgspec.ValidationError, ValueError) as error:
        raise NotRebasableError(
            "UnreadableMetadata", f"get {subject}: failed to unmarshal context of label '{name}': {error}"
        ) from error


def _check_stack(app: Mapping[str, str], base: Mapping[str, str]) -> None:
    old, new = app.get(STACK_LABEL, ""), base.get(STACK_LABEL, "")
    if not old:
        raise NotRebasableError("StackMismatch", "stack not defined on app image")
    if not new:
        raise NotRebasableError("StackMismatch", "stack not defined on new base image")
    if old != new:
        raise NotRebasableError("StackMismatch", f"incompatible stack: '{new}' is not compatible with '{old}'")


def _check_mixins(app: Mapping[str, str], base: Mapping[str, str]) -> None:
    required = _mixins(app, "app image mixins")
    missing = required - _mixins(base, "run image mixins")
    if missing:
        raise NotRebasableError("MissingMixins", f"missing required mixin(s): {', '.join(sorted(missing))}")


def _mixins(labels: Mapping[str, str], subject: str) -> set[str]:
    listed = read_label(labels, MIXINS_LABEL, list[str], subject=subject) or []
    return {mixin.removeprefix("build:").removeprefix("run:") for mixin in listed}


def _check_mark(labels: Mapping[str, str]) -> None:
    if labels.get(REBASABLE_LABEL) == "false":
        raise NotRebasableError("NotMarkedRebasable", f"app image is not marked as rebasable; {_MAY_FORCE}")


def _check_target(app: ImageDocuments, base: ImageDocuments) -> None:
    if not _fits(app, base):
        new, old = (encode(_target(image)).decode() for image in (base, app))
        raise NotRebasableError(
            "TargetMismatch",
            f"unable to satisfy target os/arch constraints; new run image: {new}, old run image: {old}; {_MAY_FORCE}",
        )


def _fits(app: ImageDocuments, base: ImageDocuments) -> bool:
    if (app.os, app.architecture) != (base.os, base.architecture):
        return False
    if app.variant and base.variant and app.variant != base.variant:
        return False
    old, new = _distribution(app), _distribution(base)
    return not new or bool(old and all(new[part] in {"", old[part]} for part in new))


def _distribution(image: ImageDocuments) -> dict[str, str]:
    """Name and version, "" for the one that is not told; empty where neither is."""
    if not any(label in image.labels for label in DISTRIBUTION_LABELS.values()):
        return {}
    return {part: image.labels.get(label, "") for part, label in DISTRIBUTION_LABELS.items()}


def _target(image: ImageDocuments) -> dict[str, Any]:
    parts = {
        "id": image.labels.get(TARGET_LABEL),
        "os": image.os,
        "arch": image.architecture,
        "arch-variant": image.variant,
        "distro": _distribution(image),
    }
    return {name: value for name, value in parts.items() if value or name in {"os", "arch"}}
