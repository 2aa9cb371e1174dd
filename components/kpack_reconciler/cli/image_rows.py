"""What an Image's status says, as one row. Pure.

Rule: conditions of an older generation than the Image's own count as Unknown.
"""

import msgspec
from rich.text import Text

from kpack_api.names import ConditionType
from kpack_api.types import Build, Image, Source
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.cli.tables import COLOURS, all_lines, cell, first_and_last_line
from kpack_reconciler.model.failures import failure_class

HEADING = ("NAME", "READY", "LATEST BUILD", "REASON", "LATEST IMAGE", "MESSAGE")
WIDE_HEADING = (*HEADING[:-1], "BUILDER", "SOURCE", "TAG", "CREATED", HEADING[-1])


class BuildFailure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why the latest build failed.

    `failure_class` is who has to do something about it (application, configuration, credentials, infrastructure, …),
    "" where it is not known; `hint` is the last line of the message: the next step.
    """

    failure_class: str
    reason: str
    hint: str


class ImageRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An Image as `kpack status` tells of it. `ready` is True, False or Unknown; absent texts are empty.

    `settled` says that the controller will do nothing more until something changes; `failure` is None unless the latest
    build failed; `created` is RFC 3339.
    """

    namespace: str
    name: str
    ready: ConditionStatus
    settled: bool
    latest_build: str
    reason: str
    latest_image: str
    message: str
    failure: BuildFailure | None = None
    builder: str = ""
    source: str = ""
    tag: str = ""
    created: str = ""


def image_row(image: Image, failed: Build | None = None) -> ImageRow:
    """The row of an Image; `failed` is its latest Build where that failed."""
    current = image.status.observed_generation == image.metadata.generation
    ready = find_condition(image.status.conditions, ConditionType.READY) if current else None
    settled = find_condition(image.status.conditions, ConditionType.SETTLED) if current else None
    known = ready or Condition(type=ConditionType.READY, status=ConditionStatus.UNKNOWN, reason="NotSeenYet")
    condition = find_condition(failed.status.conditions, ConditionType.SUCCEEDED) if failed else None
    return ImageRow(
        namespace=image.metadata.namespace,
        name=image.metadata.name,
        ready=known.status,
        settled=settled is not None and settled.status == ConditionStatus.TRUE,
        latest_build=image.status.latest_build_ref,
        reason=known.reason or (settled.reason if settled else ""),
        latest_image=image.status.latest_image,
        message=known.message or (condition.message if condition else ""),
        failure=_failure(condition),
        builder=image.spec.builder.name,
        source=source_text(image.spec.source),
        tag=image.spec.tag,
        created=image.metadata.creation_timestamp or "",
    )


def source_text(source: Source) -> str:
    """Where code comes from, in one word: `url@revision`, an archive's URL, an image; behind `#` the directory."""
    where = ""
    if source.git is not None:
        where = f"{source.git.url}@{source.git.revision}"
    elif source.blob is not None:
        where = source.blob.url
    elif source.registry is not None:
        where = source.registry.image
    return f"{where}#{source.sub_path}" if source.sub_path else where


def cells(row: ImageRow, *, wide: bool) -> tuple[Text, ...]:
    """The row under `HEADING`, or under `WIDE_HEADING`."""
    shown = (
        cell(row.name),
        cell(row.ready, COLOURS[row.ready]),
        cell(row.latest_build),
        cell(_reason(row)),
        cell(row.latest_image),
    )
    if not wide:
        return *shown, cell(first_and_last_line(row.message))
    details = map(cell, (row.builder, row.source, row.tag, row.created, all_lines(row.message)))
    return *shown, *details


def _reason(row: ImageRow) -> str:
    """The build's own reason and class where it failed, since `BuildFailed` tells nothing new."""
    failure = row.failure
    if failure is None or not failure.reason:
        return row.reason
    return f"{failure.reason} ({failure.failure_class})" if failure.failure_class else failure.reason


def _failure(condition: Condition | None) -> BuildFailure | None:
    if condition is None or condition.status != ConditionStatus.FALSE:
        return None
    return BuildFailure(
        failure_class=failure_class(condition.reason) or "",
        reason=condition.reason,
        hint=condition.message.splitlines()[-1] if condition.message else "",
    )
