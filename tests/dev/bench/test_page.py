"""Tables, the chart and the page are made from the same report, and results replace those before of the same size."""

from pathlib import Path
from xml.etree import ElementTree as ET

from msgspec.structs import replace

from dev.bench import keeping
from dev.bench.chart import chart
from dev.bench.page import WHAT, page
from dev.bench.results import Report, Run, rows
from dev.bench.run import NAMES
from dev.bench.tables import cells, markdown_tables, terminal_table

REPORT = Report(
    scenario="create",
    images=40,
    repositories=2,
    began="2026-11-24 16:00 UTC",
    machine="2 cores",
    versions={"kpack": "v0.17.1"},
    runs=(
        Run(scenario="create", subject="ours", round=1, load=0.5, values={"pods/s": 50.0, "api POST pods": 1.0}),
        Run(scenario="create", subject="kpack", round=1, load=1.5, values={"pods/s": 5.0, "api POST pods": 1.0}),
        Run(scenario="create", subject="kpack, factor 10", round=1, load=1.0, values={"pods/s": 25.0, "extra": 0.0}),
    ),
)


def test_each_peer_has_a_column_and_a_ratio() -> None:
    """Heads and lines are as wide as each other; what was not measured has a dash."""
    heads, first, second = cells(REPORT, rows(REPORT.runs))

    assert heads[:4] == ("create", "ours", "kpack", "kpack, factor 10")
    assert first == ("pods/s", "50.0", "5.00", "25.0", "10.0", "2.00")
    assert second == ("extra", "-", "-", "0", "-", "-")
    assert terminal_table(REPORT).row_count == 2


def test_requests_by_verb_are_a_table_of_their_own() -> None:
    """It has no ratios: it says where the requests go."""
    assert markdown_tables(REPORT).endswith("| POST pods | 1.00 | 1.00 | - |")


def test_the_chart_is_a_picture_with_every_figure_that_is_not_0() -> None:
    """It is well-formed, and the longest bar is the highest figure's."""
    picture = ET.fromstring(chart(REPORT))  # noqa: S314 - of our own making
    texts = [found.text for found in picture.iter("{http://www.w3.org/2000/svg}text")]
    widths = [int(found.attrib["width"]) for found in picture.iter("{http://www.w3.org/2000/svg}rect")]

    assert {"pods/s", "50.0", "5.00", "25.0"} <= set(texts)
    assert "extra" not in texts
    assert widths[-3:] == [330, 33, 165]


def test_every_scenario_says_what_was_compared() -> None:
    """The page has words for each scenario that can be asked for."""
    assert set(WHAT) == set(NAMES)
    assert WHAT["create"] in page([REPORT])


def test_a_report_replaces_the_one_before_of_its_size(tmp_path: Path) -> None:
    """Other sizes and scenarios stay; the page has them in the order of scenarios and sizes."""
    for report in (replace(REPORT, images=2000), replace(REPORT, scenario="rest"), REPORT, REPORT):
        keeping.keep(report, folder=tmp_path)

    kept = [(report.scenario, report.images) for report in keeping.load(folder=tmp_path)]

    assert kept == [("create", 40), ("create", 2000), ("rest", 40)]
    assert (tmp_path / "create-40.svg").exists()
    assert "load average before the runs 0.5 to 1.5" in (tmp_path / "README.md").read_text()
