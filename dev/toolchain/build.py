"""Building one tool into a folder.

Owns running `go` and following it. Leaves to `ensure` which tools are built and where folders go, to `recipe`
how, and to `failures` what a failure means.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev.toolchain.catalog import Tool
from dev.toolchain.failures import build_failure
from dev.toolchain.golang import Go
from dev.toolchain.keys import MODULES
from dev.toolchain.progress import Stage
from dev.toolchain.recipe import build_flags, environment

Follow = Callable[[Stage, int, int], None]
"""Called while building with the stage, and how much of how much is done; about twice a second."""

_LOOK_EVERY = 0.5
_DOWNLOADING = "go: downloading "
_NEEDS_COMPILING = "{{if .Stale}}{{.ImportPath}}{{end}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """One way to build tools: this Go, temporary files in `work`, logs in `logs` (both existing folders)."""

    go: Go
    work: Path
    logs: Path
    root: Path = MODULES

    def build(self, tool: Tool, *, target: Path, follow: Follow) -> None:
        """Build `tool` into the new folder `target`; raises ToolchainError, OSError when it cannot write."""
        target.mkdir()
        program = target / tool.name
        if tool.file:
            self._copy(tool, program, follow)
        else:
            self._compile(tool, program, follow)

    def _compile(self, tool: Tool, program: Path, follow: Follow) -> None:
        flags = build_flags(tool)
        stale = self._go(
            tool,
            ["list", *flags, "-deps", "-f", _NEEDS_COMPILING, tool.package],
            lambda lines: follow(Stage.LOADING, _downloads(lines), 0),
        )
        total = len(stale.split())
        self._go(
            tool,
            ["build", "-v", *flags, "-o", str(program), tool.package],
            lambda lines: follow(Stage.COMPILING, min(_compiled(lines), total), total),
        )

    def _copy(self, tool: Tool, program: Path, follow: Follow) -> None:
        """Take one file out of a Go module; the module zip has lost its execute bit."""

        def downloading(lines: tuple[str, ...]) -> None:
            follow(Stage.LOADING, _downloads(lines), 0)

        self._go(tool, ["mod", "download", tool.package], downloading)
        folder = self._go(tool, ["list", "-m", "-f", "{{.Dir}}", tool.package], downloading).strip()
        shutil.copyfile(Path(folder) / tool.file, program)
        program.chmod(0o755)

    def _go(self, tool: Tool, arguments: list[str], look: Callable[[tuple[str, ...]], None]) -> str:
        """Run `go` in the tool's module, show the lines of its log as it runs, and return its output."""
        log = self.logs / f"{tool.name}.log"
        output = self.work / "output"
        with log.open("wb") as errors, output.open("wb") as out:
            process = subprocess.Popen(
                [self.go.executable, *arguments],
                cwd=self.root / tool.module,
                env=environment(tool, inherited=os.environ, work=self.work),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            )
            try:
                while not _ended(process):
                    look(_lines(log))
            finally:
                _end(process)
        if process.returncode:
            raise build_failure(tool.name, module=tool.module, code=process.returncode, log=log)
        return output.read_text()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait a little for the process to end, and say whether it has."""
    try:
        process.wait(timeout=_LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no `go` behind when we are interrupted."""
    if process.poll() is None:
        process.terminate()
    process.wait()


def _lines(log: Path) -> tuple[str, ...]:
    return tuple(log.read_text(errors="replace").splitlines())


def _downloads(lines: tuple[str, ...]) -> int:
    return sum(line.startswith(_DOWNLOADING) for line in lines)


def _compiled(lines: tuple[str, ...]) -> int:
    """Count the packages that `go build -v` has named; everything else that Go says has a space in it."""
    return sum(" " not in line for line in lines)
