"""`docs/parity.md` keeps its word: each rule of kpack 0.0.x has a row, each row a test that exists or a reason."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "parity.md").read_text()
VECTORS = {"R": 223, "V": 76, "C": 164}
_HEADING = re.compile(r"## (?P<title>.+) \((?P<rows>\d+) rows\)")
_ROW = re.compile(r"\| (?P<key>[^|]+) \| (?P<rule>[^|]+) \| (?P<where>[^|]+) \|")
_NODE = re.compile(r"`([^`]+\.py::[^`]+)`")
_NUMBERS = re.compile(r"(?P<letter>[RVC])(?P<first>\d+)(?:-[RVC](?P<last>\d+))?")
_OPEN = "**open**: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule: its key in its group, and the tests that hold it, or else why there are none."""

    group: str
    key: str
    rule: str
    tests: tuple[str, ...]
    reason: str


def read_rows() -> list[Row]:
    rows, group = [], ""
    for line in TEXT.splitlines():
        if heading := _HEADING.fullmatch(line):
            group = heading["title"]
        elif (found := _ROW.fullmatch(line)) and found["key"] not in {"Id", "Field", "---"}:
            where = found["where"]
            tests = tuple(f"tests/{node}" for node in _NODE.findall(where))
            reason = _NODE.sub("", where).replace("<br>", "").strip()
            rows.append(Row(group=group, key=found["key"], rule=found["rule"].strip(), tests=tests, reason=reason))
    return rows


ROWS = read_rows()


def collected(files: set[str]) -> set[str]:
    """The node ids of all tests in these files."""
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:syrupy"]
    command = [sys.executable, "-m", "pytest", *options, *sorted(files)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return with_functions(line for line in result.stdout.splitlines() if "::" in line)


def with_functions(nodes: Iterable[str]) -> set[str]:
    """Node ids, and those of their functions without a case."""
    return {name for node in nodes for name in (node, node.partition("[")[0])}


@pytest.mark.parametrize(("letter", "last"), VECTORS.items())
def test_no_vector_is_missing(letter: str, last: int) -> None:
    """Each number of a list has exactly one row, or lies in the range of one."""
    numbers = [
        number
        for row in ROWS
        if (found := _NUMBERS.fullmatch(row.key)) and found["letter"] == letter
        for number in range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    ]

    assert numbers == list(range(1, last + 1))


def test_each_group_has_as_many_rows_as_it_says() -> None:
    """A row that gets lost is noticed, and no key stands twice in a group."""
    keys = defaultdict(list)
    for row in ROWS:
        keys[row.group].append(row.key)

    said = {heading["title"]: int(heading["rows"]) for heading in _HEADING.finditer(TEXT)}
    assert {group: len(set(found)) for group, found in keys.items()} == said
    assert sum(said.values()) == len(ROWS)


def test_each_row_names_a_test_or_a_reason() -> None:
    """A row that names tests needs no reason, and one without tests has one."""
    assert [row.key for row in ROWS if bool(row.tests) == bool(row.reason)] == []


def test_each_named_test_exists(request: pytest.FixtureRequest) -> None:
    """A test that is renamed or removed takes its row along. Files that this run leaves out are collected apart."""
    named = {test for row in ROWS for test in row.tests}

    left = named - with_functions(item.nodeid for item in request.session.items)
    if left:
        left -= collected({test.partition("::")[0] for test in left})

    assert left == set()


def test_open_rows_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not as in kpack yet is counted in the document, and printed at each run."""
    unmet = [f"{row.key} {row.rule}: {row.reason.removeprefix(_OPEN)}" for row in ROWS if row.reason.startswith(_OPEN)]
    with capsys.disabled():
        print(f"\n{len(unmet)} open rows in docs/parity.md", *unmet, sep="\n  ")  # noqa: T201 - for whoever runs it

    assert f"Open rows: {len(unmet)}." in TEXT
