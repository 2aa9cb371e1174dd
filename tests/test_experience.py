import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "pulumi-experience.md").read_text())


@pytest.mark.parametrize(("file", "test"), NAMED, ids=["::".join(filter(None, named)) for named in NAMED])
def test_what_the_page_names_exists(file: str, test: str) -> None:
    """The page on what a Pulumi user sees names tests that are there."""
    content = (ROOT / file).read_text()

    assert f"def {test}(" in content if test else "def test_" in content
