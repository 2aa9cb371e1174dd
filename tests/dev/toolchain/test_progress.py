import dataclasses

import pytest

from dev.toolchain.progress import Forecast, Progress, Stage, duration

COMPILING = Progress(
    tool="kube", number=1, tools=3, stage=Stage.COMPILING, done=90, total=2772, elapsed=20, remaining=540
)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "kube (1 of 3): 90 of 2772 packages, 20 s so far, about 9 min left"),
        ({"remaining": None}, "kube (1 of 3): 90 of 2772 packages, 20 s so far"),
        ({"done": 2771}, "kube (1 of 3): linking, 20 s so far, about 9 min left"),
        (
            {"stage": Stage.LOADING, "done": 7, "total": 0},
            "kube (1 of 3): 7 modules downloaded, 20 s so far, about 9 min left",
        ),
        ({"stage": Stage.DONE}, "kube (1 of 3): done, 20 s so far, about 9 min left"),
        (
            {"stage": Stage.WAITING, "tool": "", "remaining": None},
            "waiting for another build, 20 s so far",
        ),
        (
            {"stage": Stage.CLEARING, "tool": "", "remaining": None},
            "removing temporary files, 20 s so far",
        ),
    ],
)
def test_progress_is_one_line(change: dict[str, object], line: str) -> None:
    """Each stage says what is done, how long it took and how long it may take."""
    progress = dataclasses.replace(COMPILING, **change)  # type: ignore[arg-type]

    assert progress.line() == line


def test_the_forecast_counts_what_is_left_of_this_tool_and_those_to_come() -> None:
    """At the typical pace, a quarter done of 100 s before 50 s leaves 125 s."""
    forecast = Forecast(finished=0, took=0, current=100, coming=50)

    assert forecast.remaining(0.25) == 125


def test_a_slow_machine_is_forecast_slow() -> None:
    """When finished tools took twice their time, what is left is expected to do so too."""
    forecast = Forecast(finished=100, took=200, current=100, coming=0)

    assert forecast.remaining(0.5) == 100


def test_a_pace_from_a_short_time_is_not_trusted() -> None:
    """Finished tools of a few seconds say nothing about the pace."""
    forecast = Forecast(finished=2, took=20, current=100, coming=0)

    assert forecast.remaining(0) == 100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (45, "45 s"), (119, "119 s"), (540, "9 min"), (3900, "1 h 5 min")],
)
def test_times_are_written_for_people(seconds: float, text: str) -> None:
    """The larger a time, the coarser it is told."""
    assert duration(seconds) == text
