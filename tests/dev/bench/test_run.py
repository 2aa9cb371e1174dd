"""The command: it refuses what it does not know, and keeps what was measured."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from rich.console import Console

from dev.bench import keeping, run
from dev.bench.compare import Size
from dev.bench.results import Report, Run
from dev.errors import DevError

SIZE = Size(images=40, repositories=2, rounds=1, rest_seconds=1.0)


def test_an_unknown_scenario_is_refused_before_anything_starts() -> None:
    """The error lists what there is."""
    with pytest.raises(DevError, match="choose from create, rest"):
        run.bench(Console(), "nothing", images=0, repositories=0, rounds=0, rest_seconds=0)


def test_what_was_measured_is_kept_when_a_later_turn_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has the runs until then; a scenario without a run has no report; the failure is told."""
    kept: list[Report] = []

    def failing(*_: object) -> Iterator[Run]:
        yield Run(scenario="create", subject="ours", round=1, load=0.5, values={"pods/s": 50.0})
        raise DevError("the second turn fails")

    monkeypatch.setattr(run, "place", lambda _reporter: nullcontext())
    monkeypatch.setattr(run, "compare", failing)
    monkeypatch.setattr(keeping, "keep", kept.append)

    with pytest.raises(DevError, match="second turn"):
        run.measure_controllers(Console(), ("create", "rest"), SIZE)

    assert [(report.scenario, len(report.runs)) for report in kept] == [("create", 1)]
