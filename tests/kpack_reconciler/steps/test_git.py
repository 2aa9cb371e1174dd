"""Fetching a commit with the real git from the real `git http-backend`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials, SshCredentials
from kpack_reconciler.steps.git import GitHosts, fetch_commit
from kpack_reconciler.steps.report import StepError
from tests.fakes.git_host import GitHost, git_host
from tests.fakes.ssh_host import SshHost, ssh_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "git") as server:
        yield server


def fetch(folder: Path, url: str, revision: str, credentials: GitCredentials | SshCredentials | None = None) -> str:
    target = folder / "workspace"
    target.mkdir()
    found = () if credentials is None else (candidate(credentials),)
    return fetch_commit(url, revision, target, GitHosts(candidates=found, home=folder))


def candidate(credentials: GitCredentials | SshCredentials) -> GitCandidate:
    return GitCandidate(secret="git", annotation="127.0.0.1", credentials=credentials)


def ssh_key(server: SshHost) -> SshCredentials:
    return SshCredentials(secret="git-ssh", private_key=server.private_key, known_hosts=server.known_hosts)


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
    "url", ["ext::sh -c touch% {mark}", "file:///etc", "--upload-pack=touch {mark}", "git://host/a", "/etc"]
)
def test_other_transports_are_refused(tmp_path: Path, url: str) -> None:
    """Only http, https and ssh are spoken; a URL that runs a command runs none."""
    mark = tmp_path / "mark"

    with pytest.raises(StepError, match="https"):
        fetch(tmp_path, url.format(mark=mark), "main")

    assert not mark.exists()


def test_git_that_cannot_be_run_is_told(host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is missing, or an argument is none."""
    host.create("app").commit({"a": "1"})

    with pytest.raises(StepError, match="git cannot be run"):
        fetch(tmp_path, host.url("app"), "a\0b")
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "workspace").rename(tmp_path / "first")
    with pytest.raises(StepError, match="git cannot be run"):
        fetch(tmp_path, host.url("app"), "main")


def test_git_that_does_not_end_is_given_up(host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step may be tried again."""
    monkeypatch.setattr("kpack_reconciler.steps.git_command._SECONDS", 0)

    with pytest.raises(StepError, match="timed out") as caught:
        fetch(tmp_path, host.url("app"), "main")

    assert caught.value.code == 75


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


@pytest.fixture
def ssh(host: GitHost) -> Iterator[SshHost]:
    with ssh_host(host.root) as server:
        yield server


@pytest.mark.parametrize("form", ["ssh://git@{place}/app.git", "git@{host}:{port}:app.git", "ssh://{place}/app.git"])
def test_a_commit_is_fetched_over_ssh(host: GitHost, ssh: SshHost, tmp_path: Path, form: str) -> None:
    """C81: with the Secret's key, in each form that a URL has; nothing of the key stays in a file."""
    commit = host.create("app").commit({"a": "1"})
    url = form.format(place=f"{ssh.address}:{ssh.port}", host=ssh.address, port=ssh.port)

    assert fetch(tmp_path, url, commit, ssh_key(ssh)) == commit
    assert (tmp_path / "workspace/a").read_text() == "1"
    assert [user for user, _ in ssh.commands] == ["git"]
    assert all("PRIVATE KEY" not in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())


def test_ssh_does_not_run_what_lies_in_the_workspace(host: GitHost, ssh: SshHost, tmp_path: Path) -> None:
    """Python looks for modules in the folder it is started in, unless it is told not to."""
    commit = host.create("app").commit({"a": "1"})
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/asyncssh.py").write_text("raise SystemExit(0)")

    hosts = GitHosts(candidates=(candidate(ssh_key(ssh)),), home=tmp_path)

    assert fetch_commit(ssh.url("app"), commit, tmp_path / "workspace", hosts) == commit


@pytest.mark.parametrize(
    ("known_hosts", "code", "said"),
    [("", 77, "the host key of 127.0.0.1 is not known"), ("nonsense", 77, "known_hosts is not in OpenSSH's form")],
)
def test_an_ssh_server_that_is_not_known_is_refused(
    host: GitHost, ssh: SshHost, tmp_path: Path, known_hosts: str, code: int, said: str
) -> None:
    """The reason reaches the reader through git's own words."""
    host.create("app").commit({"a": "1"})

    with pytest.raises(StepError, match=said) as caught:
        fetch(tmp_path, ssh.url("app"), "main", replace(ssh_key(ssh), known_hosts=known_hosts))

    assert caught.value.code == code
    assert ssh.commands == []


def test_an_ssh_server_that_is_down_may_come_back(tmp_path: Path) -> None:
    """The exit code says that the step may be tried again."""
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    with pytest.raises(StepError, match="does not answer") as caught:
        fetch(tmp_path, "ssh://git@127.0.0.1:1/app", "main", SshCredentials(secret="git-ssh", private_key=key))

    assert caught.value.code == 75


def test_a_server_that_is_down_may_come_back(tmp_path: Path) -> None:
    """The exit code says that the step may be tried again."""
    with pytest.raises(StepError) as caught:
        fetch(tmp_path, "http://127.0.0.1:1/app", "main")

    assert caught.value.code == 75


def test_links_and_executable_bits_survive(host: GitHost, tmp_path: Path) -> None:
    """C84: git keeps both."""
    repository = host.create("app")
    (repository.work / "run").write_text("#!/bin/sh")
    (repository.work / "run").chmod(0o755)
    (repository.work / "link").symlink_to("run")
    repository.commit({})

    fetch(tmp_path, host.url("app"), "main")

    assert (tmp_path / "workspace/run").stat().st_mode & 0o111
    assert (tmp_path / "workspace/link").is_symlink()
