"""docs/faults.md tells of exactly the faults that are run, and how often."""

import re
from pathlib import Path

from tests.faults.table import FAULTS, FaultRow

_PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_TEST = "tests/faults/test_faults.py::test_a_fault_breaks_nothing"


def line(row: FaultRow) -> str:
    """What the table says of a fault."""
    return f"| {row.name} | {row.injected} | {row.runs} / {row.thorough} | 0 | `-k {row.key}` |"


def test_each_fault_that_is_run_is_a_row_of_the_page() -> None:
    """With its words, its runs in `make check` and in `make test`, and how to run it alone; no other row is there."""
    rows = [text for text in _PAGE.read_text().splitlines() if "`-k " in text]

    assert rows == [line(row) for row in FAULTS]


def test_each_test_that_the_page_names_is_there() -> None:
    """Whoever follows the page finds the test."""
    root = _PAGE.parents[1]
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", _PAGE.read_text())

    assert (_TEST.partition("::")[0], _TEST.partition("::")[2]) in named
    for file, test in named:
        assert f"def {test}" in (root / file).read_text()
