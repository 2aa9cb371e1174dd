"""Showing a run of steps: on a terminal with a live line, elsewhere with plain lines.

Owns how progress looks. Times are seconds with one digit, from a minute on minutes and seconds.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from dev.steps import Outcome, Reporter, StepResult

MINUTE: Final = 60.0
NOTE_PAUSE_SECONDS: Final = 10.0
"""Plain output repeats a changing note no more often than this."""


def written(seconds: float) -> str:
    """Write a duration."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE):02} s"


class PlainReporter:
    """One line when a step begins, one when it ends; notes in between, but not every one."""

    def __init__(self, write: Callable[[str], None] = print, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._place = ""
        self._next_note = 0.0

    def began(self, name: str, *, number: int, total: int) -> None:
        """Print the step's place and name."""
        self._place = f"[{number}/{total}]"
        self._next_note = 0.0
        self._write(f"{self._place} {name} …")

    def noted(self, text: str) -> None:
        """Print a note, unless one was printed a moment ago."""
        if self._clock() >= self._next_note:
            self._next_note = self._clock() + NOTE_PAUSE_SECONDS
            self._write(f"{self._place}   {text}")

    def ended(self, result: StepResult) -> None:
        """Print outcome and time."""
        self._write(f"{self._place} {result.name}: {result.outcome} in {written(result.seconds)}")

    def failed(self, name: str, *, seconds: float) -> None:
        """Print that the step failed."""
        self._write(f"{self._place} {name}: failed after {written(seconds)}")

    def finished(self, results: Sequence[StepResult]) -> None:
        """Print all times once more, aligned, with their sum."""
        width = max((len(result.name) for result in results), default=0)
        for result in results:
            self._write(f"  {result.name:<{width}}  {result.outcome:<7}  {written(result.seconds):>12}")
        self._write(f"  {'together':<{width}}  {'':<7}  {written(sum(r.seconds for r in results)):>12}")


class LiveReporter:
    """A live line with the running step, its note and the elapsed time; a table at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[place]}[/] {task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}[/]"),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def began(self, name: str, *, number: int, total: int) -> None:
        """Show the step as running."""
        self._progress.start()
        self._task = self._progress.add_task(name, total=None, place=f"[{number}/{total}]".replace("[", r"\["), note="")

    def noted(self, text: str) -> None:
        """Show a note behind the step."""
        if self._task is not None:
            self._progress.update(self._task, note=text)

    def ended(self, result: StepResult) -> None:
        """Print the step as done."""
        mark = "[green]✔[/]" if result.outcome is Outcome.DONE else "[dim]✔[/]"
        self._close()
        self._console.print(
            f"{mark} {result.name} [dim]{result.outcome}, {written(result.seconds)}[/]", highlight=False
        )

    def failed(self, name: str, *, seconds: float) -> None:
        """Print the step as failed."""
        self._close()
        self._progress.stop()
        self._console.print(f"[red]✘[/] {name} [dim]failed after {written(seconds)}[/]", highlight=False)

    def finished(self, results: Sequence[StepResult]) -> None:
        """Print the table of times."""
        self._progress.stop()
        table = Table(show_footer=True, box=None, padding=(0, 2, 0, 0))
        table.add_column("step", "together")
        table.add_column("outcome")
        table.add_column("time", written(sum(result.seconds for result in results)), justify="right")
        for result in results:
            table.add_row(result.name, result.outcome, written(result.seconds))
        self._console.print(table)

    def _close(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


def choose_reporter(console: Console) -> Reporter:
    """Take the live form on a terminal, plain lines elsewhere."""
    return LiveReporter(console) if console.is_terminal else PlainReporter()
