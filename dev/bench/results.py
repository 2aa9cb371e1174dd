"""Results: what one run measured, and medians, ranges and ratios over several.

Owns the form in which they are kept and the arithmetic. Rules:
- a figure per second is better the higher it is; every other is better the lower it is;
- a ratio says how many times better ours is; below 1 it is worse. It has no value where the worse figure is 0 or both
  are.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

OURS: Final = "ours"
API_PREFIX: Final = "api "
"""Begins the names of figures that are requests by verb: they have a table of their own."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario with one controller; `load` is the machine's one-minute load average before it."""

    scenario: str
    subject: str
    round: int
    load: float
    values: dict[str, float]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of one scenario at one size, on which machine, when, and with which versions."""

    scenario: str
    images: int
    repositories: int
    began: str
    machine: str
    versions: dict[str, str]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of several figures, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    def text(self) -> str:
        """Write it as `median (low to high)`, the median alone where they do not differ."""
        shown = [number(figure) for figure in (self.median, self.low, self.high)]
        return shown[0] if shown[1] == shown[2] else f"{shown[0]} ({shown[1]} to {shown[2]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure for each of the controllers that have it."""

    measure: str
    cells: Mapping[str, Spread]

    def ratio(self, peer: str) -> float | None:
        """Say how many times better ours is than a peer's."""
        if OURS not in self.cells or peer not in self.cells:
            return None
        mine, theirs = self.cells[OURS].median, self.cells[peer].median
        better, worse = (mine, theirs) if is_rate(self.measure) else (theirs, mine)
        return better / worse if worse else None


def is_rate(measure: str) -> bool:
    """Tell whether a figure is better the higher it is."""
    return measure.endswith("/s")


def subjects(runs: Iterable[Run]) -> tuple[str, ...]:
    """Name the controllers that were measured, ours first."""
    names = dict.fromkeys(run.subject for run in runs)
    return tuple(sorted(names, key=lambda name: (name != OURS, name)))


def rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Give the figures in the order of their first mention, without requests by verb."""
    return tuple(_row(measure, runs) for measure in _measures(runs) if not measure.startswith(API_PREFIX))


def verbs(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Give the requests by verb and resource; zero for whoever made none."""
    names = [measure for measure in _measures(runs) if measure.startswith(API_PREFIX)]
    filled = [
        msgspec.structs.replace(run, values={**dict.fromkeys(names, 0.0), **run.values})
        for run in runs
        if any(name in run.values for name in names)
    ]
    return tuple(_row(name, filled) for name in sorted(names))


def spread(figures: Sequence[float]) -> Spread:
    """Give median and range of at least one figure."""
    return Spread(median=statistics.median(figures), low=min(figures), high=max(figures))


def number(figure: float) -> str:
    """Write a figure with three digits that count."""
    if figure == 0:
        return "0"
    digits = 0 if abs(figure) >= 100 else 1 if abs(figure) >= 10 else 2  # noqa: PLR2004 - powers of ten
    return f"{figure:,.{digits}f}"


def _measures(runs: Iterable[Run]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(measure for run in runs for measure in run.values))


def _row(measure: str, runs: Sequence[Run]) -> Row:
    figures = {
        name: [run.values[measure] for run in runs if run.subject == name and measure in run.values]
        for name in subjects(runs)
    }
    return Row(measure=measure, cells={name: spread(found) for name, found in figures.items() if found})
