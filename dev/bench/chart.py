"""Results as a chart: bars in SVG, one group for each figure, each group to a scale of its own."""

from collections.abc import Mapping
from html import escape
from typing import Final

from dev.bench.results import Report, Row, Spread, number, rows, subjects

WIDTH: Final = 760
_LEFT, _BARS, _BAR, _GAP, _TOP = 290, 330, 18, 14, 56
_COLOURS = ("#2563eb", "#9ca3af", "#d1d5db", "#f59e0b")
_FONT = 'font-family="sans-serif" font-size="12"'


def chart(report: Report) -> str:
    """Draw the figures of a report; figures that are 0 for everybody are left out."""
    names = subjects(report.runs)
    colours = dict(zip(names, _COLOURS, strict=False))
    groups, top = [], _TOP
    for row in rows(report.runs):
        if any(spread.median for spread in row.cells.values()):
            groups.append(_group(row, colours, top))
            top += len(row.cells) * _BAR + _GAP
    title = f"{report.scenario}, {report.images:,} Images on {report.repositories:,} repositories"
    legend = "".join(
        f'<rect x="{_LEFT + 150 * place}" y="30" width="12" height="12" fill="{colour}"/>'
        f'<text x="{_LEFT + 150 * place + 18}" y="40" {_FONT}>{escape(name)}</text>'
        for place, (name, colour) in enumerate(colours.items())
    )
    head = f'<text x="8" y="20" {_FONT} font-weight="bold">{escape(title)}</text>'
    ground = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    size = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    body = "\n".join([ground, head, legend, *groups])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n'


def _group(row: Row, colours: Mapping[str, str], top: int) -> str:
    most = max(spread.median for spread in row.cells.values())
    label = f'<text x="8" y="{top + 13}" {_FONT}>{escape(row.measure)}</text>'
    bars = (
        _bar(spread, most, colours.get(name, _COLOURS[-1]), top + place * _BAR)
        for place, (name, spread) in enumerate(row.cells.items())
    )
    return "\n".join([label, *bars])


def _bar(spread: Spread, most: float, colour: str, top: int) -> str:
    width = max(1, round(spread.median / most * _BARS))
    return (
        f'<rect x="{_LEFT}" y="{top}" width="{width}" height="{_BAR - 4}" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 6}" y="{top + 12}" {_FONT}>{number(spread.median)}</text>'
    )
