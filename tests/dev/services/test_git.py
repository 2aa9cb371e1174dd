from pathlib import Path

import pytest

from dev.errors import DevError
from dev.services.git import create_repository


def test_a_repository_is_bare_and_takes_pushes(tmp_path: Path) -> None:
    """What is made can be pushed to over HTTP; its branch is `main`."""
    path = create_repository(tmp_path, "team/app")

    assert path == tmp_path / "team" / "app.git"
    assert (path / "HEAD").read_text() == "ref: refs/heads/main\n"
    assert "receivepack = true" in (path / "config").read_text()


def test_a_repository_that_exists_is_kept(tmp_path: Path) -> None:
    """A second `up` does not touch what was pushed."""
    path = create_repository(tmp_path, "app")
    (path / "refs" / "heads" / "kept").write_text("0" * 40)

    create_repository(tmp_path, "app")

    assert (path / "refs" / "heads" / "kept").exists()


def test_a_name_cannot_lead_out_of_the_root(tmp_path: Path) -> None:
    """Repositories are made below the root only."""
    with pytest.raises(DevError, match="leads out of"):
        create_repository(tmp_path / "git", "../other")
