"""`python -m dev.toolchain [up|test|MODULE|TOOL …]`: build tools and tell where they are."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dev.errors import explain
from dev.toolchain.catalog import TEST, TOOLS, UP
from dev.toolchain.ensure import ensure
from dev.toolchain.failures import ToolchainError
from dev.toolchain.progress import Progress, Stage, duration

_REPORT_EVERY = 10


class PlainReport:
    """Prints progress as lines for a log: at once when the stage changes, else every ten seconds."""

    def __init__(self) -> None:
        self._last: tuple[str, Stage] | None = None
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        """Print this report if it is due."""
        current = (progress.tool, progress.stage)
        if current == self._last and progress.elapsed < self._next:
            return
        self._last, self._next = current, progress.elapsed + _REPORT_EVERY
        print(progress.line(), flush=True)


def expand(words: Sequence[str]) -> tuple[str, ...]:
    """Turn `up`, `test` and names of modules into names of tools; other words stay as they are."""
    groups = {"up": UP, "test": TEST}
    modules = {tool.module: tuple(t.name for t in TOOLS if t.module == tool.module) for tool in TOOLS}
    return tuple(name for word in words for name in groups.get(word, modules.get(word, (word,))))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", default=["up"], help="up (default), test, a Go module, or a tool")
    names = expand(parser.parse_args(arguments).names)
    began = time.monotonic()
    try:
        folder = ensure(names, report=PlainReport())
    except ToolchainError as error:
        print(explain(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again: it goes on where it stopped.", file=sys.stderr)
        return 130
    print(summary(folder, took=time.monotonic() - began))
    return 0


def summary(folder: Path, *, took: float) -> str:
    """List the programs with their sizes; further names of one file are listed beside it."""
    files: dict[int, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        files.setdefault(path.stat().st_ino, []).append(path)
    lines = [f"{paths[0].stat().st_size / 1e6:7.1f} MB  {', '.join(p.name for p in paths)}" for paths in files.values()]
    total = sum(paths[0].stat().st_size for paths in files.values()) / 1e6
    return "\n".join([*lines, f"{total:7.1f} MB  in all, after {duration(took)}", str(folder)])


if __name__ == "__main__":
    sys.exit(main())
