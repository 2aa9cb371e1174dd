import io

import pytest
from rich.console import Console

from dev.report import LiveReporter, PlainReporter, choose_reporter, written
from dev.steps import Outcome, StepResult

DONE = StepResult(name="etcd", outcome=Outcome.DONE, seconds=1.25)
ALREADY = StepResult(name="API server", outcome=Outcome.ALREADY, seconds=0.0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (754, "12 min 34 s")]
)
def test_durations(seconds: float, text: str) -> None:
    """Seconds with one digit; from a minute on, minutes and seconds."""
    assert written(seconds) == text


def test_plain_lines() -> None:
    """Without a terminal there is one line per event, and all times at the end."""
    lines: list[str] = []
    reporter = PlainReporter(lines.append)

    reporter.began("etcd", number=1, total=2)
    reporter.ended(DONE)
    reporter.began("API server", number=2, total=2)
    reporter.ended(ALREADY)
    reporter.finished([DONE, ALREADY])

    assert lines == [
        "[1/2] etcd …",
        "[1/2] etcd: done in 1.2 s",
        "[2/2] API server …",
        "[2/2] API server: already in 0.0 s",
        "  etcd        done            1.2 s",
        "  API server  already         0.0 s",
        "  together                    1.2 s",
    ]


def test_plain_notes_do_not_flood() -> None:
    """A log of a long build gets a note now and then, not twice a second."""
    lines: list[str] = []
    times = iter([0.0, 0.0, 0.5, 9.9, 10.0, 10.0])
    reporter = PlainReporter(lines.append, clock=lambda: next(times))

    reporter.began("toolchain", number=1, total=1)
    for text in ("a", "b", "c", "d"):
        reporter.noted(text)

    assert lines == ["[1/1] toolchain …", "[1/1]   a", "[1/1]   d"]


def test_a_plain_failure_is_a_line() -> None:
    """The reader of a log sees which step it was, and after how long."""
    lines: list[str] = []
    reporter = PlainReporter(lines.append)

    reporter.began("etcd", number=1, total=1)
    reporter.failed("etcd", seconds=30)

    assert lines[-1] == "[1/1] etcd: failed after 30.0 s"


def test_a_terminal_shows_step_note_and_table() -> None:
    """While a step runs, its place, name and note are on screen; at the end there is a table."""
    output = io.StringIO()
    reporter = LiveReporter(Console(file=output, force_terminal=True, width=100, color_system=None))

    reporter.began("etcd", number=1, total=1)
    reporter.noted("90 of 2772 packages")
    reporter.ended(DONE)
    reporter.finished([DONE])

    text = output.getvalue()
    assert "✔ etcd done, 1.2 s" in text
    assert "together" in text


def test_a_failure_on_a_terminal_ends_the_live_line() -> None:
    """The error is printed below it, not into it."""
    output = io.StringIO()
    reporter = LiveReporter(Console(file=output, force_terminal=True, width=100, color_system=None))

    reporter.began("etcd", number=1, total=1)
    reporter.failed("etcd", seconds=3)

    assert "✘ etcd failed after 3.0 s" in output.getvalue()


@pytest.mark.parametrize(("terminal", "kind"), [(True, LiveReporter), (False, PlainReporter)])
def test_the_form_goes_by_the_terminal(terminal: bool, kind: type) -> None:  # noqa: FBT001
    """Logs of CI get no control characters."""
    console = Console(file=io.StringIO(), force_terminal=terminal)

    assert isinstance(choose_reporter(console), kind)
