"""Git sources from a server on loopback; the numbers are those of `docs/parity.md`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_reconciler.model.credentials import ANONYMOUS
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.secrets import MountedSecrets
from kpack_reconciler.steps.source import fetch_source
from tests.fakes.git_host import GitHost, git_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "git") as server:
        yield server


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "home").mkdir()
    return Places(workspace=tmp_path / "workspace", home=tmp_path / "home", project_metadata=tmp_path / "metadata")


def fetch(url: str, revision: str, places: Places) -> None:
    secrets = MountedSecrets(keychain=ANONYMOUS, git=())
    fetch_source({"GIT_URL": url, "GIT_REVISION": revision}, secrets, places)


@pytest.mark.parametrize(
    "form", [pytest.param("main", id="R195 C81 branch"), pytest.param("{commit}", id="C81 commit")]
)
def test_what_was_fetched_is_recorded(
    form: str, host: GitHost, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    """C82: the text that kpack writes, with the commit that lies in the workspace and the revision as it was given."""
    commit = host.create("app").commit({"file": "content"})
    revision = form.format(commit=commit)

    fetch(host.url("app"), revision, places)

    assert (places.workspace / "file").read_text() == "content"
    assert (places.project_metadata / "project-metadata.toml").read_text() == (
        "[source]\n"
        '  type = "git"\n'
        "  [source.metadata]\n"
        f'    repository = "{host.url("app")}"\n'
        f'    revision = "{revision}"\n'
        "  [source.version]\n"
        f'    commit = "{commit}"\n'
    )
    assert "Successfully cloned" in capsys.readouterr().out


def test_a_revision_that_does_not_exist_is_named(host: GitHost, places: Places) -> None:
    """R196, C83: with the repository and what to do."""
    host.create("app").commit({})

    with pytest.raises(StepError, match=r"unable to fetch git repository .*doesnotexist: push it, or correct"):
        fetch(host.url("app"), "doesnotexist", places)
