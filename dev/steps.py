"""Named steps, run one after the other, timed and reported.

Owns what a step is and how a list of them is run. Knows no step by name. Rules:
- a step looks first and says `ALREADY` when there is nothing to do: running a list twice is harmless;
- the first failure ends the run, with the step's name on the error; an interruption or a bug ends it as it
  is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from dev.errors import DevError


class Outcome(StrEnum):
    """How a step ended."""

    DONE = "done"
    ALREADY = "already"


Note: TypeAlias = Callable[[str], None]
"""Tells the watcher what a long step is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to have; `run` gets a `Note` and raises DevError when it cannot be had."""

    name: str
    run: Callable[[Note], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What became of a step, and how many seconds it took."""

    name: str
    outcome: Outcome
    seconds: float


class StepError(DevError):
    """A step that failed; `step` is its name."""

    def __init__(self, step: str, error: DevError) -> None:
        super().__init__(error.message, error.log)
        self.step = step


class Reporter(Protocol):
    """Whoever shows the run to a person."""

    def began(self, name: str, *, number: int, total: int) -> None:
        """Tell that step `number` of `total` begins."""

    def noted(self, text: str) -> None:
        """Tell what the running step is at."""

    def ended(self, result: StepResult) -> None:
        """Tell that the running step ended well."""

    def failed(self, name: str, *, seconds: float) -> None:
        """Tell that the running step failed; the error is shown by the caller."""

    def finished(self, results: Sequence[StepResult]) -> None:
        """Tell that all steps ended well."""


def run_steps(
    steps: Sequence[Step], reporter: Reporter, *, clock: Callable[[], float] = time.monotonic
) -> tuple[StepResult, ...]:
    """Run the steps in order; StepError when one fails."""
    results: list[StepResult] = []
    for number, step in enumerate(steps, start=1):
        reporter.began(step.name, number=number, total=len(steps))
        start = clock()
        try:
            outcome = step.run(reporter.noted)
        except BaseException as error:
            reporter.failed(step.name, seconds=clock() - start)
            if isinstance(error, DevError):
                raise StepError(step.name, error) from error
            raise
        results.append(StepResult(name=step.name, outcome=outcome, seconds=clock() - start))
        reporter.ended(results[-1])
    reporter.finished(results)
    return tuple(results)


def changed(*, it: bool) -> Outcome:
    """Name the outcome of a step that changed something or found it there."""
    return Outcome.DONE if it else Outcome.ALREADY
