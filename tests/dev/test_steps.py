from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dev.errors import DevError
from dev.steps import Note, Outcome, Step, StepError, StepResult, run_steps


class Recorder:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def began(self, name: str, *, number: int, total: int) -> None:
        """Note a begin."""
        self.told.append((name, number, total))

    def noted(self, text: str) -> None:
        """Note a note."""
        self.told.append(text)

    def ended(self, result: StepResult) -> None:
        """Note an end."""
        self.told.append(result)

    def failed(self, name: str, *, seconds: float) -> None:
        """Note a failure."""
        self.told.append((name, "failed", seconds))

    def finished(self, results: Sequence[StepResult]) -> None:
        """Note the whole."""
        self.told.append(len(results))


def make_clock() -> Callable[[], float]:
    """Tell a time that is one second later each time it is asked for."""
    times = iter(range(100))
    return lambda: float(next(times))


def make_step(name: str, outcome: Outcome = Outcome.DONE, *, error: DevError | None = None) -> Step:
    def run(note: Note) -> Outcome:
        note(f"at {name}")
        if error is not None:
            raise error
        return outcome

    return Step(name=name, run=run)


def test_steps_run_in_order_and_are_timed() -> None:
    """The reporter hears of each step's begin, notes and end, and of the whole."""
    recorder = Recorder()

    results = run_steps([make_step("one"), make_step("two", Outcome.ALREADY)], recorder, clock=make_clock())

    first = StepResult(name="one", outcome=Outcome.DONE, seconds=1.0)
    second = StepResult(name="two", outcome=Outcome.ALREADY, seconds=1.0)
    assert results == (first, second)
    assert recorder.told == [("one", 1, 2), "at one", first, ("two", 2, 2), "at two", second, 2]


def test_the_first_failure_ends_the_run(tmp_path: Path) -> None:
    """What comes after a failed step is not begun; the error knows its step and its log."""
    recorder = Recorder()
    steps = [make_step("one", error=DevError("no disk", tmp_path / "log")), make_step("two")]

    with pytest.raises(StepError, match="no disk") as caught:
        run_steps(steps, recorder, clock=make_clock())

    assert (caught.value.step, caught.value.log) == ("one", tmp_path / "log")
    assert recorder.told == [("one", 1, 2), "at one", ("one", "failed", 1.0)]


def test_a_bug_is_not_dressed_up() -> None:
    """Only errors for people are told as such; anything else keeps its type and trace."""

    def run(_note: Note) -> Outcome:
        raise KeyError("bug")

    recorder = Recorder()

    with pytest.raises(KeyError):
        run_steps([Step(name="one", run=run)], recorder, clock=make_clock())

    assert recorder.told == [("one", 1, 1), ("one", "failed", 1.0)]
