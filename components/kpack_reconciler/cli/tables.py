"""Answers as text: aligned tables for people, JSON and YAML for programs.

Rules:
- A table has one line for each row, and empty cells are `-`. Columns only grow, so that lines told later fit.
- A cell never holds a line break: of a message the first line is shown and the last, where the next step stands.
"""

from collections.abc import Sequence

import msgspec
from rich.text import Text

from kpack_api.wire import ConditionStatus
from kpack_reconciler.cli.options import OutputFormat

COLOURS = {ConditionStatus.TRUE: "green", ConditionStatus.FALSE: "red", ConditionStatus.UNKNOWN: "yellow"}
_GAP = "   "


class Table:
    """Aligned lines under a heading that is told once."""

    def __init__(self, heading: Sequence[str]) -> None:
        self._heading: Sequence[Text] | None = tuple(map(Text, heading))
        self._widths = [0 for _ in heading]

    def lines(self, rows: Sequence[Sequence[Text]]) -> list[Text]:
        """These rows as lines, under the heading where it was not told yet."""
        told = [*([self._heading] if self._heading else []), *rows]
        self._heading = None
        sizes = ([cell.cell_len for cell in cells] for cells in told)
        self._widths = [max(column) for column in zip(self._widths, *sizes, strict=True)]
        return [self._line(cells) for cells in told]

    def _line(self, cells: Sequence[Text]) -> Text:
        line = Text()
        for cell, width in zip(cells, self._widths, strict=True):
            line.append(cell).append(" " * (width - cell.cell_len) + _GAP)
        line.rstrip()
        return line


def cell(text: str, style: str = "") -> Text:
    """A cell of a table."""
    return Text(text or "-", style=style)


def first_and_last_line(message: str) -> str:
    """A message of several lines in one: how it begins and how it ends."""
    lines = message.splitlines()
    return message if len(lines) <= 1 else f"{lines[0]} | {'… | ' if len(lines) > 2 else ''}{lines[-1]}"  # noqa: PLR2004


def all_lines(message: str) -> str:
    """A message of several lines in one, whole."""
    return " | ".join(message.splitlines())


def document(value: object, output: str) -> str:
    """A Struct, or a list of them, as JSON or YAML."""
    if output == OutputFormat.JSON:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    import yaml  # noqa: PLC0415 - only where it is asked for

    text: str = yaml.safe_dump(msgspec.to_builtins(value), sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")
