"""Medians, ranges and ratios, and how figures are written."""

import pytest

from dev.bench.results import Run, Spread, number, rows, spread, subjects, verbs


def run(subject: str, *, round_: int = 1, **values: float) -> Run:
    return Run(scenario="create", subject=subject, round=round_, load=1.0, values=values)


RUNS = (
    run("kpack", **{"pods/s": 4.0, "CPU, ms": 20.0, "api POST pods": 1.0, "api GET secrets": 3.0}),
    run("ours", **{"pods/s": 40.0, "CPU, ms": 5.0, "api POST pods": 1.0}),
    run("ours", round_=2, **{"pods/s": 60.0, "CPU, ms": 3.0, "api POST pods": 1.0}),
    run("ours", round_=3, **{"pods/s": 50.0, "CPU, ms": 10.0, "api POST pods": 1.0}),
)


def test_our_column_is_the_first() -> None:
    """Whoever had the first turn, a table begins with ours."""
    assert subjects(RUNS) == ("ours", "kpack")


def test_a_row_has_the_median_and_the_range_of_all_rounds() -> None:
    """Each controller's figures are put together over its rounds."""
    row = rows(RUNS)[0]

    assert row.measure == "pods/s"
    assert row.cells["ours"] == Spread(median=50.0, low=40.0, high=60.0)
    assert row.cells["kpack"] == spread([4.0])


@pytest.mark.parametrize(("measure", "better"), [("pods/s", 12.5), ("CPU, ms", 4.0)], ids=["rate", "cost"])
def test_a_ratio_says_how_many_times_better_ours_is(measure: str, better: float) -> None:
    """A rate is better when it is higher, a cost when it is lower."""
    row = next(row for row in rows(RUNS) if row.measure == measure)

    assert row.ratio("kpack") == better


@pytest.mark.parametrize(
    ("ours", "peer"), [({"CPU, ms": 0.0}, "kpack"), ({}, "kpack"), ({"CPU, ms": 5.0}, "other")], ids=str
)
def test_no_ratio_is_told_where_there_is_none(ours: dict[str, float], peer: str) -> None:
    """Nothing is many times better than zero, and who was not measured is not compared."""
    row = rows((run("ours", **ours), run("kpack", **{"CPU, ms": 5.0})))[0]

    assert row.ratio(peer) is None


def test_requests_by_verb_stand_apart() -> None:
    """They are in no other row, and who made none has 0."""
    assert [row.measure for row in rows(RUNS)] == ["pods/s", "CPU, ms"]
    assert [row.measure for row in verbs(RUNS)] == ["api GET secrets", "api POST pods"]
    assert verbs(RUNS)[0].cells["ours"].median == 0


@pytest.mark.parametrize(
    ("figure", "text"), [(0, "0"), (0.125, "0.12"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")], ids=str
)
def test_figures_have_three_digits_that_count(figure: float, text: str) -> None:
    """More digits than were measured are not shown."""
    assert number(figure) == text


def test_a_range_without_width_is_left_out() -> None:
    """One round, or rounds that agree, have no range."""
    assert spread([2.0, 2.0]).text() == "2.00"
    assert spread([2.0, 3.0, 4.0]).text() == "3.00 (2.00 to 4.00)"
