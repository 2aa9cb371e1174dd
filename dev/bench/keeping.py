"""Where results are kept: `docs/benchmarks`, a JSON file and a chart for each report, and the page over all of them.

Figures keep the order in which they were measured: tables have it, too.
A report replaces the one before of the same scenario and number of Images.
"""

from pathlib import Path
from typing import Final

import msgspec

from dev.bench.chart import chart
from dev.bench.page import WHAT, name_of, page
from dev.bench.results import Report
from dev.state import CHECKOUT

FOLDER: Final = CHECKOUT / "docs" / "benchmarks"


def keep(report: Report, *, folder: Path = FOLDER) -> None:
    """Write a report, its chart, and the page anew."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(report), indent=1)
    (data / f"{name_of(report)}.json").write_bytes(content + b"\n")
    (folder / f"{name_of(report)}.svg").write_text(chart(report))
    (folder / "README.md").write_text(page(load(folder=folder)))


def load(*, folder: Path = FOLDER) -> tuple[Report, ...]:
    """Read all reports: in the order of the scenarios, then by size."""
    files = (folder / "data").glob("*.json")
    reports = [msgspec.json.decode(file.read_bytes(), type=Report) for file in files]
    order = {name: place for place, name in enumerate(WHAT)}
    return tuple(sorted(reports, key=lambda report: (order[report.scenario], report.images)))
