"""`kpack builds`: the builds of an image that are kept, oldest first.

Owns their rows and forms. A build's end is the time at which its `Succeeded` condition last changed.
"""

from datetime import UTC, datetime

import msgspec
from rich.text import Text

from kpack_api.names import BUILD_GROUP, BUILD_REASON_ANNOTATION, ConditionType
from kpack_api.types import Build
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.builds import is_queued, number_of, waiting_text
from kpack_reconciler.cli.durations import duration_text
from kpack_reconciler.cli.image_rows import source_text
from kpack_reconciler.cli.options import OutputFormat
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.tables import COLOURS, Table, all_lines, cell, document
from kpack_reconciler.model.turns import QUEUED

_WORDS = {ConditionStatus.TRUE: "Succeeded", ConditionStatus.FALSE: "Failed", ConditionStatus.UNKNOWN: "Running"}
_HEADING = ("BUILD", "STATUS", "REASON", "STARTED", "DURATION", "IMAGE")
_WIDE_HEADING = (*_HEADING, "NAME", "SOURCE", "MESSAGE")


class BuildRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A Build as `kpack builds` tells of it.

    `status` is Succeeded, Failed, Running or Queued (it waits for its turn); `reasons` are why it was made; times are
    RFC 3339, "" where there is none; `duration_seconds` is that until now while the build runs.
    """

    namespace: str
    name: str
    number: int
    succeeded: ConditionStatus
    status: str
    reasons: tuple[str, ...]
    started: str
    finished: str
    duration_seconds: int
    image: str
    source: str
    failure_reason: str
    message: str


def build_row(build: Build, now: datetime) -> BuildRow:
    """The row of a Build."""
    unknown = Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN)
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED) or unknown
    ended = condition.status != ConditionStatus.UNKNOWN
    started = build.metadata.creation_timestamp or ""
    finished = (condition.last_transition_time or "") if ended else ""
    return BuildRow(
        namespace=build.metadata.namespace,
        name=build.metadata.name,
        number=number_of(build),
        succeeded=condition.status,
        status=QUEUED if is_queued(build) else _WORDS[condition.status],
        reasons=reasons_of(build),
        started=started,
        finished=finished,
        duration_seconds=_seconds(started, finished, now),
        image=build.status.latest_image,
        source=source_text(build.spec.source),
        failure_reason=condition.reason if condition.status == ConditionStatus.FALSE else "",
        message=condition.message,
    )


def reasons_of(build: Build) -> tuple[str, ...]:
    """Why a Build was made, in kpack's words."""
    text = build.metadata.annotations.get(BUILD_REASON_ANNOTATION, "")
    return tuple(reason for reason in text.split(",") if reason)


async def show_builds(session: Session, name: str, output: OutputFormat) -> None:
    """Tell of all builds of an image that are kept. PermanentError where the image does not exist."""
    image = await objects.image_named(session.kube, session.namespace, name)
    now = datetime.now(UTC)
    rows = [build_row(build, now) for build in await objects.builds_of(session.kube, image)]
    if not rows:
        session.screen.note(waiting_text(image, None))
    match output:
        case OutputFormat.TABLE | OutputFormat.WIDE if rows:
            wide = output == OutputFormat.WIDE
            table = Table(_WIDE_HEADING if wide else _HEADING)
            for line in table.lines([_cells(row, wide=wide) for row in rows]):
                session.screen.line(line)
        case OutputFormat.NAME:
            for row in rows:
                session.screen.text(f"build.{BUILD_GROUP}/{row.name}")
        case OutputFormat.JSON | OutputFormat.YAML:
            session.screen.text(document(rows, output))


def _cells(row: BuildRow, *, wide: bool) -> tuple[Text, ...]:
    shown = (
        cell(str(row.number)),
        cell(row.status, COLOURS[row.succeeded]),
        cell(",".join(row.reasons)),
        cell(row.started),
        cell(duration_text(row.duration_seconds)),
        cell(row.image),
    )
    return (*shown, cell(row.name), cell(row.source), cell(all_lines(row.message))) if wide else shown


def _seconds(started: str, finished: str, now: datetime) -> int:
    if not started:
        return 0
    end = datetime.fromisoformat(finished) if finished else now
    return max(0, round((end - datetime.fromisoformat(started)).total_seconds()))
