"""Results as tables: on a terminal and in Markdown, from the same rows."""

from collections.abc import Sequence

from rich.table import Table

from dev.bench.results import API_PREFIX, OURS, Report, Row, number, rows, subjects, verbs

_NONE = "-"


def cells(report: Report, chosen: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Give the heads, then a line for each row: the figure's name, the controllers' figures, the ratios."""
    names = subjects(report.runs)
    peers = [name for name in names if name != OURS]
    heads = (report.scenario, *names, *(f"times better than {peer}" for peer in peers))
    return (heads, *(_line(row, names, peers) for row in chosen))


def terminal_table(report: Report) -> Table:
    """Give the table of a report for a terminal."""
    heads, *lines = cells(report, rows(report.runs))
    table = Table(*heads)
    for line in lines:
        table.add_row(*line)
    return table


def markdown_tables(report: Report) -> str:
    """Give the table of a report in Markdown, and the one of requests by verb where there is one."""
    found = [_markdown(cells(report, rows(report.runs)))]
    by_verb = verbs(report.runs)
    if by_verb:
        heads, *lines = cells(report, by_verb)
        count = 1 + len(subjects(report.runs))
        shown = (("API requests per Image", *heads[1:count]), *(line[:count] for line in lines))
        found.append(_markdown(shown))
    return "\n\n".join(found)


def _line(row: Row, names: Sequence[str], peers: Sequence[str]) -> tuple[str, ...]:
    figures = (row.cells[name].text() if name in row.cells else _NONE for name in names)
    ratios = (row.ratio(peer) for peer in peers)
    shown = (_NONE if ratio is None else number(ratio) for ratio in ratios)
    return (row.measure.removeprefix(API_PREFIX), *figures, *shown)


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    heads, *rest = lines
    ruled = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*ruled, *("| " + " | ".join(line) + " |" for line in rest)])
