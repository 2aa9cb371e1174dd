"""Fetching a commit with the real git from the real `git http-backend`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_reconciler.model.git_credentials import GitCredentials
from kpack_reconciler.steps.git import fetch_commit
from kpack_reconciler.steps.report import StepError
from tests.fakes.git_host import GitHost, git_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "git") as server:
        yield server


def fetch(folder: Path, url: str, revision: str, credentials: GitCredentials | None = None) -> str:
    target = folder / "workspace"
    target.mkdir()
    return fetch_commit(url, revision, target, credentials=credentials, home=folder)


def test_a_branch_is_fetched_without_its_history(host: GitHost, tmp_path: Path) -> None:
    """One commit is fetched, and its id comes back."""
    repository = host.create("app")
    repository.commit({"a": "1"})
    newest = repository.commit({"a": "2"})

    fetched = fetch(tmp_path, host.url("app"), "main")

    assert fetched == newest
    assert (tmp_path / "workspace/a").read_text() == "2"
    assert (tmp_path / "workspace/.git/shallow").read_text().strip() == newest


def test_an_annotated_tag_gives_the_files_of_its_commit(host: GitHost, tmp_path: Path) -> None:
    """The id is the tag object's, as in kpack, the files are those of its commit."""
    repository = host.create("app")
    repository.commit({"a": "1"})
    tag = repository.tag("v1")
    repository.commit({"a": "2"})

    assert fetch(tmp_path, host.url("app"), tag) == tag
    assert (tmp_path / "workspace/a").read_text() == "1"


@pytest.mark.parametrize("form", ["{commit:.8}", "main~1", "other"])
def test_what_the_server_does_not_give_is_looked_up(host: GitHost, tmp_path: Path, form: str) -> None:
    """Abbreviated ids and expressions work, by fetching all branches."""
    repository = host.create("app")
    commit = repository.commit({"a": "1"})
    repository.commit({"a": "1"}, branch="other")
    repository.commit({"a": "2"})

    fetch(tmp_path, host.url("app"), form.format(commit=commit))

    assert (tmp_path / "workspace/a").read_text() == "1"


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% {mark}", "file:///etc", "--upload-pack=touch {mark}", "ssh://git@host/a", "/etc"]
)
def test_other_transports_are_refused(tmp_path: Path, url: str) -> None:
    """Only http and https are spoken; a URL that runs a command runs none."""
    mark = tmp_path / "mark"

    with pytest.raises(StepError, match="https"):
        fetch(tmp_path, url.format(mark=mark), "main")

    assert not mark.exists()


def test_a_revision_is_never_an_option(host: GitHost, tmp_path: Path) -> None:
    """A revision that looks like an option of git is only a name that does not exist."""
    host.create("app").commit({"a": "1"})
    mark = tmp_path / "mark"

    with pytest.raises(StepError):
        fetch(tmp_path, host.url("app"), f"--upload-pack=touch {mark}")

    assert not mark.exists()


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        (None, "has no login for it"),
        (GitCredentials(username="dev", password="hidden"), "is refused"),
    ],
)
def test_a_refused_login_is_told(host: GitHost, tmp_path: Path, credentials: GitCredentials | None, said: str) -> None:
    """The message tells a missing login from a wrong one, and never the password."""
    host.create("private/app").commit({"a": "1"})

    with pytest.raises(StepError, match="invalid credentials") as caught:
        fetch(tmp_path, host.url("private/app"), "main", credentials)

    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_login_does_not_follow_to_another_host(host: GitHost, tmp_path: Path) -> None:
    """With a login a redirect is not followed, so that the other server never sees it."""
    with git_host(tmp_path / "other") as other:
        other.create("moved/app").commit({"a": "1"})
        host.moved_to = f"http://127.0.0.1:{other.server_port}"

        with pytest.raises(StepError):
            fetch(tmp_path, host.url("moved/app"), "main", GitCredentials(username="dev", password="secret"))

        assert other.requests == []
