"""`kpack status`: what becomes of each Image, one line each.

Owns the rows and their three forms: a table for people, JSON and YAML for programs. Leaves reading to `objects`.

Rule: a table's cell is one line; a message of several lines is joined with ` | `.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
import yaml
from rich.text import Text

from kpack_api.names import ConditionType
from kpack_api.types import Image
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.screen import Screen
from kpack_reconciler.clients.kube.client import KubeClient

_COLOURS = {ConditionStatus.TRUE: "green", ConditionStatus.FALSE: "red", ConditionStatus.UNKNOWN: "yellow"}
_GAP = "   "


class OutputFormat(StrEnum):
    """The forms of the answer."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class ImageRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An Image as `kpack status` tells of it. `ready` is True, False or Unknown; absent texts are empty.

    `settled` says that the controller will do nothing more until something changes.
    """

    namespace: str
    name: str
    ready: ConditionStatus
    settled: bool
    latest_build: str
    reason: str
    latest_image: str
    message: str


def image_row(image: Image) -> ImageRow:
    """What an Image's status says; conditions of an older generation count as Unknown."""
    current = image.status.observed_generation == image.metadata.generation
    ready = find_condition(image.status.conditions, ConditionType.READY) if current else None
    settled = find_condition(image.status.conditions, ConditionType.SETTLED) if current else None
    known = ready or Condition(type=ConditionType.READY, status=ConditionStatus.UNKNOWN, reason="NotSeenYet")
    return ImageRow(
        namespace=image.metadata.namespace,
        name=image.metadata.name,
        ready=known.status,
        settled=settled is not None and settled.status == ConditionStatus.TRUE,
        latest_build=image.status.latest_build_ref,
        reason=known.reason or (settled.reason if settled else ""),
        latest_image=image.status.latest_image,
        message=known.message,
    )


def table(rows: Sequence[ImageRow], *, with_namespace: bool) -> list[Text]:
    """The rows as aligned lines under a heading, `ready` in colour."""
    lines = [_cells(row, with_namespace=with_namespace) for row in rows]
    heading = _HEADING if with_namespace else _HEADING[1:]
    widths = [max(map(len, column)) for column in zip(heading, *lines, strict=True)]
    ready = heading.index("READY")
    told = [_line(heading, widths, [""] * len(heading))]
    for row, cells in zip(rows, lines, strict=True):
        styles = [""] * len(cells)
        styles[ready] = _COLOURS[row.ready]
        told.append(_line(cells, widths, styles))
    return told


async def show_status(kube: KubeClient, namespace: str, name: str, *, output: OutputFormat, screen: Screen) -> None:
    """Show one Image, or all of a namespace where `name` is "", or of the cluster where `namespace` is "" too.

    PermanentError where the named Image does not exist.
    """
    images = await objects.images_in(kube, namespace)
    rows = sorted(map(image_row, images), key=lambda row: (row.namespace, row.name))
    if name:
        rows = [row for row in rows if row.name == name]
        if not rows:
            raise objects.image_not_found(namespace, name)
    if output is OutputFormat.TABLE:
        _show_table(rows, namespace, screen)
    else:
        screen.line(Text(_document(rows[0] if name else rows, output)))


def _show_table(rows: Sequence[ImageRow], namespace: str, screen: Screen) -> None:
    if not rows:
        where = f"in namespace {namespace}: -A looks in all" if namespace else "in this cluster: create an Image"
        screen.note(f"no images {where}")
        return
    for line in table(rows, with_namespace=not namespace):
        screen.line(line)


def _document(value: ImageRow | Sequence[ImageRow], output: OutputFormat) -> str:
    if output is OutputFormat.JSON:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    text: str = yaml.safe_dump(msgspec.to_builtins(value), sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


_HEADING = ("NAMESPACE", "NAME", "READY", "LATEST BUILD", "REASON", "LATEST IMAGE", "MESSAGE")


def _cells(row: ImageRow, *, with_namespace: bool) -> tuple[str, ...]:
    message = " | ".join(row.message.splitlines())
    cells = (row.namespace, row.name, row.ready, row.latest_build, row.reason, row.latest_image, message)
    return tuple(cell or "-" for cell in (cells if with_namespace else cells[1:]))


def _line(cells: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Text:
    last = len(cells) - 1
    parts = [
        (cell if place == last else cell.ljust(width), style)
        for place, (cell, width, style) in enumerate(zip(cells, widths, styles, strict=True))
    ]
    return Text(_GAP).join(Text(text, style=style) for text, style in parts)
