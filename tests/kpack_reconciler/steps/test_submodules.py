"""Submodules, fetched from real git servers on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials
from kpack_reconciler.steps import submodules
from kpack_reconciler.steps.git import GitHosts, fetch_commit
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.submodules import fetch_submodules
from tests.fakes.git_host import GitHost, Repository, git, git_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "git") as server:
        yield server


def add_submodule(repository: Repository, *, commit: str, url: str | None, path: str = "lib") -> str:
    """Record a submodule, whether or not it could be fetched, in .gitmodules too where it has a URL; the commit."""
    work = repository.work
    git("-C", str(work), "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    if url is not None:
        (work / ".gitmodules").write_text(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
        git("-C", str(work), "add", ".gitmodules")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    git("-C", str(work), *identity, "commit", "--quiet", "--message", "a submodule")
    git("-C", str(work), "push", "--quiet", "--force", "origin", "main")
    return git("-C", str(work), "rev-parse", "HEAD")


def fetch(folder: Path, url: str, *candidates: GitCandidate) -> Path:
    target, hosts = folder / "workspace", GitHosts(candidates=candidates, home=folder)
    target.mkdir()
    fetch_commit(url, "main", target, hosts)
    fetch_submodules(url, target, hosts)
    return target


@pytest.mark.parametrize("relative", [True, False])
def test_submodules_of_submodules_are_fetched(host: GitHost, tmp_path: Path, *, relative: bool) -> None:
    """C85, R197: at their recorded commits, also by a URL that is relative to the repository's."""
    deep, lib, app = (host.create(name) for name in ("deep", "lib", "app"))
    lib.commit({"lib.go": "1"})
    commit = add_submodule(lib, commit=deep.commit({"deep.go": "1"}), url=host.url("deep"), path="deep")
    lib.commit({"lib.go": "2"})
    app.commit({"main.go": "1"})
    add_submodule(app, commit=commit, url="../lib.git" if relative else host.url("lib"))

    target = fetch(tmp_path, host.url("app"))

    assert (target / "lib/lib.go").read_text() == "1"
    assert (target / "lib/deep/deep.go").read_text() == "1"


def test_without_submodules_nothing_is_asked(host: GitHost, tmp_path: Path) -> None:
    """A repository without them is done."""
    host.create("app").commit({"main.go": "1"})

    assert (fetch(tmp_path, host.url("app")) / "main.go").exists()


def test_each_repository_gets_the_credentials_for_its_own_host(host: GitHost, tmp_path: Path) -> None:
    """C158: a submodule on another host is not shown its parent's login, at any depth."""
    with git_host(tmp_path / "other") as other:
        middle = host.create("private/middle")
        middle.commit({"m": "1"})
        commit = add_submodule(
            middle, commit=other.create("private/deep").commit({"d": "1"}), url=other.url("private/deep")
        )
        app = host.create("private/app")
        app.commit({"a": "1"})
        add_submodule(app, commit=commit, url="../middle.git")
        login = GitCredentials(username="dev", password="secret")
        own = GitCandidate(secret="own", annotation=f"127.0.0.1:{host.server_port}", credentials=login)

        with pytest.raises(StepError, match=r"submodule lib of http://127\S+/private/deep.git: .*has no login for it"):
            fetch(tmp_path, host.url("private/app"), own)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc", "not a git URL"),
        ("ext::sh -c touch% {mark}", "not a git URL"),
        ("/etc", "not a git URL"),
        ("--upload-pack=touch {mark}", "not a git URL"),
        ("../../../../x", "leads out of"),
    ],
)
def test_a_submodule_from_elsewhere_is_refused(host: GitHost, tmp_path: Path, url: str, said: str) -> None:
    """Local paths and programs are none; nothing is run."""
    mark = tmp_path / "mark"
    app = host.create("app")
    app.commit({"a": "1"})
    add_submodule(app, commit="1" * 40, url=url.format(mark=mark))

    with pytest.raises(StepError, match=said):
        fetch(tmp_path, host.url("app"))

    assert not mark.exists()


def test_a_submodule_in_a_linked_folder_is_refused(host: GitHost, tmp_path: Path) -> None:
    """Its files would land where the link leads."""
    app, lib = host.create("app"), host.create("lib")
    app.commit({"a": "1"})
    add_submodule(app, commit=lib.commit({"l": "1"}), url=host.url("lib"), path="sub/lib")
    target, hosts = tmp_path / "workspace", GitHosts(home=tmp_path)
    target.mkdir()
    fetch_commit(host.url("app"), "main", target, hosts)
    (target / "sub/lib").rmdir()
    (target / "sub").rmdir()
    (target / "sub").symlink_to(tmp_path / "git")

    with pytest.raises(StepError, match="would lie outside of its repository"):
        fetch_submodules(host.url("app"), target, hosts)


def test_a_submodule_that_has_no_url_is_named(host: GitHost, tmp_path: Path) -> None:
    """Whether .gitmodules is missing or does not know it."""
    app = host.create("app")
    app.commit({"a": "1"})
    add_submodule(app, commit="1" * 40, url="")

    with pytest.raises(StepError, match=r"submodule lib has no url in \.gitmodules"):
        fetch(tmp_path, host.url("app"))


def test_a_repository_without_gitmodules_is_told(host: GitHost, tmp_path: Path) -> None:
    """The entry is missing, not the commit."""
    app = host.create("app")
    app.commit({"a": "1"})
    add_submodule(app, commit="1" * 40, url=None)

    with pytest.raises(StepError, match=r"has no entry in \.gitmodules"):
        fetch(tmp_path, host.url("app"))


def test_endless_submodules_are_cut_off(host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of levels has a limit."""
    monkeypatch.setattr(submodules, "_MOST_LEVELS", 1)
    deep, lib, app = (host.create(name) for name in ("deep", "lib", "app"))
    lib.commit({"l": "1"})
    commit = add_submodule(lib, commit=deep.commit({"d": "1"}), url=host.url("deep"))
    app.commit({"a": "1"})
    add_submodule(app, commit=commit, url=host.url("lib"))

    with pytest.raises(StepError, match="more than 1 levels deep"):
        fetch(tmp_path, host.url("app"))
