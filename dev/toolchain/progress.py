"""How far building is, and how long it may still take.

Owns the report that callers show, and the forecast. Leaves measuring to `build`. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum

_MINUTE = 60
_HOUR = 3600


class Stage(StrEnum):
    """What is being done."""

    WAITING = "waiting"
    """Another process builds into the same cache; not for one tool."""
    LOADING = "loading"
    """Downloading modules and finding out what has to be compiled; `done` counts downloaded modules."""
    COMPILING = "compiling"
    """`done` of `total` packages are compiled; linking comes after the last."""
    DONE = "done"
    """The tool is there."""
    CLEARING = "clearing"
    """Removing Go's caches at the end; not for one tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report.

    `tool` is the `number`th of `tools` to build; empty and 0 when the stage is not for one tool.
    `done`, `total`: see Stage; `total` is 0 while unknown. `elapsed`: seconds since the run began.
    `remaining`: seconds until all tools are there, None when it cannot be told.
    """

    stage: Stage
    tool: str = ""
    number: int = 0
    tools: int = 0
    done: int = 0
    total: int = 0
    elapsed: float
    remaining: float | None = None

    def line(self) -> str:
        """Say it in a line: `kube (1 of 3): 90 of 2772 packages, 20 s so far, about 9 min left`."""
        left = "" if self.remaining is None else f", about {duration(self.remaining)} left"
        so_far = f"{duration(self.elapsed)} so far"
        tool = f"{self.tool} ({self.number} of {self.tools}): " if self.tool else ""
        return f"{tool}{self._what()}, {so_far}{left}"

    def _what(self) -> str:
        match self.stage:
            case Stage.WAITING:
                return "waiting for another build"
            case Stage.LOADING:
                return f"{self.done} modules downloaded"
            case Stage.COMPILING if self.done + 1 >= self.total:
                return "linking"
            case Stage.COMPILING:
                return f"{self.done} of {self.total} packages"
            case Stage.DONE:
                return "done"
            case Stage.CLEARING:
                return "removing temporary files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the time left is told from; all in seconds.

    `finished`: typical time of the tools that are built. `took`: how long they took here.
    `current`: typical time of the one being built. `coming`: typical time of those after it.
    """

    finished: float
    took: float
    current: float
    coming: float

    def remaining(self, share: float) -> float:
        """Return the seconds left when this share (0 to 1) of the current tool is done.

        This machine's pace is what the finished tools took against what is typical; 1 while little is known.
        """
        pace = self.took / self.finished if self.finished >= _MINUTE else 1.0
        return pace * (self.current * (1 - share) + self.coming)


def duration(seconds: float) -> str:
    """Write a time for people: `45 s`, `9 min`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{round(whole / _MINUTE)} min"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
