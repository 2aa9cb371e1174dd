"""How events become numbers."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpack_api.types import Kind
from kpack_reconciler.metrics import Outcome, Source, begin, looked, polled, status_result
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.failures import FailureClass
from tests.scrape import counted, scraped

COMPONENTS = Path(__file__).parents[2] / "components"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def looks(kind: str, result: str) -> tuple[float, ...]:
    labels = {"controller": kind.lower()}
    return (
        counted("controller_runtime_reconcile_total", result=result, **labels),
        counted("controller_runtime_reconcile_errors_total", **labels),
        counted("controller_runtime_terminal_reconcile_errors_total", **labels),
        counted("controller_runtime_reconcile_panics_total", **labels),
        counted("controller_runtime_reconcile_time_seconds_count", **labels),
    )


@pytest.mark.parametrize(
    ("outcome", "result", "more"),
    [
        (Outcome.DONE, "success", (1, 0, 0, 0, 1)),
        (Outcome.AGAIN, "requeue_after", (1, 0, 0, 0, 1)),
        (Outcome.CONFLICT, "requeue", (1, 0, 0, 0, 1)),
        (Outcome.TRANSIENT, "error", (1, 1, 0, 0, 1)),
        (Outcome.PERMANENT, "error", (1, 1, 1, 0, 1)),
        (Outcome.BUG, "error", (1, 1, 0, 1, 1)),
    ],
)
def test_a_look_counts_as_controller_runtime_would(outcome: Outcome, result: str, more: tuple[int, ...]) -> None:
    """Result, errors, terminal errors and panics have controller-runtime's meaning; a conflict is no error."""
    before = looks(Kind.BUILDER, result)

    looked(Kind.BUILDER, outcome, 0.01)

    assert tuple(now - then for now, then in zip(looks(Kind.BUILDER, result), before, strict=True)) == more


@pytest.mark.parametrize(
    ("fault", "result", "answered"),
    [
        (None, "ok", True),
        (Fault(reason="GitNotFound", message="", permanent=True), "refused", True),
        (Fault(reason="GitUnavailable", message="", permanent=False), "unavailable", False),
    ],
)
def test_only_an_answer_makes_a_poll_a_success(fault: Fault | None, result: str, *, answered: bool) -> None:
    """A server that refuses has answered; one that cannot be reached leaves the last success where it was."""
    polled(Source.GIT, "other", None, datetime(2020, 1, 1, tzinfo=UTC))
    before = counted("kpack_polls_total", source="git", host_class="github", result=result)

    polled(Source.GIT, "github", fault, NOW)

    assert counted("kpack_polls_total", source="git", host_class="github", result=result) == before + 1
    seen = counted("kpack_last_poll_success_timestamp_seconds", source="git")
    assert (seen == NOW.timestamp()) is answered


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "ok"),
        (307, "ok"),
        (400, "refused"),
        (401, "challenged"),
        (403, "refused"),
        (404, "refused"),
        (429, "limited"),
        (499, "refused"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_a_status_is_one_of_few_results(status: int, result: str) -> None:
    """HTTP statuses come to five words."""
    assert status_result(status) == result


def test_counters_begin_at_zero() -> None:
    """What an alert looks at is there before it first happens, so that the first time is an increase."""
    begin(Kind)

    for failure in FailureClass:
        assert scraped("kpack_builds_ended_total", result="failed", failure_class=failure) is not None
    for kind in Kind:
        assert scraped("controller_runtime_reconcile_panics_total", controller=kind.lower()) is not None


@pytest.mark.parametrize("package", ["cli.app", "steps.prepare", "steps.completion"])
def test_what_counts_nothing_needs_no_prometheus(package: str) -> None:
    """The command line and the steps of a build start without Prometheus' client."""
    program = f"import sys; sys.modules['prometheus_client'] = None; import kpack_reconciler.{package}"

    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(COMPONENTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert told.returncode == 0, told.stderr
