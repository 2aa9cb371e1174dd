import json
import os
from pathlib import Path

from tests.pulumi_kpack.reference import reference

SCHEMA = json.loads((Path(__file__).parent / "golden" / "schema.json").read_text())
PAGE = Path(__file__).parent.parent.parent / "docs" / "reference.md"


def test_the_reference_is_made_of_the_docstrings() -> None:
    """A change of a docstring or an argument changes the page; `UPDATE_GOLDEN=1` writes it anew."""
    text = reference(SCHEMA)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text)

    assert text == PAGE.read_text()


def test_every_component_argument_and_output_is_on_the_page() -> None:
    """Nothing is left out, and nothing is without a word on what it is for."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    fields = sum(
        len(each["inputProperties"]) + len(each.get("properties", {})) for each in SCHEMA["resources"].values()
    )
    fields += sum(len(each.get("properties", {})) for each in SCHEMA["types"].values())
    assert len(rows) == fields
    assert [row for row in rows if row.endswith("|  |")] == []
