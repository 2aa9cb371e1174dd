"""What `prepare` leaves for the lifecycle; the numbers are those of `docs/parity.md`."""

import json
from pathlib import Path

from kpack_reconciler.steps.prepare import read_variables, write_platform_environment


def test_variables_become_files(tmp_path: Path) -> None:
    """R205: one for each, with exactly its value, also an empty one."""
    listed = [{"name": "keyC", "value": "foo=bar"}, {"name": "keyD", "value": ""}, {"name": "keyE"}]

    write_platform_environment(read_variables(json.dumps(listed)), tmp_path)

    files = {path.name: path.read_text() for path in (tmp_path / "env").iterdir()}
    assert files == {"keyC": "foo=bar", "keyD": "", "keyE": ""}
