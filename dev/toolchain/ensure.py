"""Having tools: what is built already is used, what is not is built.

Owns the order of things. Leaves building to `build`, the disk to `cache`, forecasts to `progress`.

Rules it keeps:
- one process builds at a time in one cache: the other waits, then finds what the first has built;
- Go's caches (some GB of compiled packages and module sources) are ours, not the user's; they are shared by
  the tools of one run and go away at its end, so that only the programs stay, under 1 GB. Another version of
  a tool then costs its download again; in return a try of this project leaves no gigabytes behind;
- a disk that is surely too small is told before the first minute is spent;
- tools that no run has asked for in a month go when others are built;
- after a failure or an interruption Go's caches stay, so that the next run goes on where this one stopped.
"""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.toolchain.build import Builder
from dev.toolchain.cache import Cache, default_cache
from dev.toolchain.catalog import TOOLS, Tool
from dev.toolchain.failures import ToolchainError, concerns, file_failure
from dev.toolchain.golang import find_go
from dev.toolchain.keys import MODULES, tool_key
from dev.toolchain.progress import Forecast, Progress, Stage

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What tools are built from: their facts and the folder of their Go modules."""

    tools: tuple[Tool, ...] = TOOLS
    root: Path = MODULES

    def select(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        """Return the tools of these names, in building order; raises ToolchainError for an unknown name."""
        known = [tool.name for tool in self.tools]
        for name in names:
            if name not in known:
                raise ToolchainError(f"There is no tool named {name!r}. Choose from {', '.join(known)}.")
        return tuple(tool for tool in self.tools if tool.name in names)


def ensure(
    names: tuple[str, ...],
    *,
    report: Report,
    cache: Path | None = None,
    source: Source = Source(),
) -> Path:
    """Have these tools built, and return the folder of their programs, to be put first on PATH.

    `names`: tools of the catalog, such as `UP`. `report` is called about twice a second while building or
    waiting, and not at all when everything is there. `cache`: where built tools live, else `default_cache()`.
    Raises ToolchainError.
    """
    place = Cache(folder=cache or default_cache(os.environ))
    tools = source.select(names)
    go = find_go({source.root / tool.module for tool in tools})
    keyed = {tool: tool_key(tool, go_version=go.version, platform=go.platform, root=source.root) for tool in tools}
    try:
        if place.missing(keyed):
            builder = Builder(go=go, work=place.work, logs=place.logs, root=source.root)
            _Run(place=place, keyed=keyed, builder=builder, report=report, began=time.monotonic()).build()
        return place.bin(keyed)
    except OSError as error:
        if not concerns(error, place.folder):
            raise
        raise file_failure(error, cache=place.folder) from error


def locate(name: str) -> Path | None:
    """Find a program that is on PATH already; the caller decides whether it may stand in for ours."""
    found = shutil.which(name)
    return None if found is None else Path(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of building what is missing; `began` is a time of the monotonic clock."""

    place: Cache
    keyed: Mapping[Tool, str]
    builder: Builder
    report: Report
    began: float

    def build(self) -> None:
        """Build what is missing once no other process builds, then remove Go's caches."""
        with self.place.locked(waiting=lambda: self._tell(Stage.WAITING)):
            missing = self.place.missing(self.keyed)
            self.place.prepare()
            self.place.require(sum(tool.megabytes for tool in missing))
            begun = time.monotonic()
            for number, tool in enumerate(missing):
                forecast = Forecast(
                    finished=sum(built.seconds for built in missing[:number]),
                    took=time.monotonic() - begun,
                    current=tool.seconds,
                    coming=sum(later.seconds for later in missing[number + 1 :]),
                )
                self._build(tool, forecast=forecast, number=number + 1, tools=len(missing))
            self._tell(Stage.CLEARING)
            self.place.clear()
            self.place.prune()

    def _build(self, tool: Tool, *, forecast: Forecast, number: int, tools: int) -> None:
        def tell(stage: Stage, done: int, total: int) -> None:
            share = 1.0 if stage is Stage.DONE else done / total if total else 0.0
            self.report(
                Progress(
                    tool=tool.name,
                    number=number,
                    tools=tools,
                    stage=stage,
                    done=done,
                    total=total,
                    elapsed=time.monotonic() - self.began,
                    remaining=forecast.remaining(share),
                )
            )

        new = self.place.work / "new" / tool.name
        self.builder.build(tool, target=new, follow=tell)
        new.rename(self.place.tool(tool, self.keyed[tool]))
        tell(Stage.DONE, 0, 0)

    def _tell(self, stage: Stage) -> None:
        self.report(Progress(stage=stage, elapsed=time.monotonic() - self.began))
