"""Which spellings of a URL are one repository."""

import pytest

from kpack_reconciler.model.repository_paths import repository_path


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/app",
        "https://github.com/team/app.git",
        "https://github.com/Team/App.git/",
        "https://me:secret@git.example.com:8443/team/app.git",
        "ssh://git@git.example.com:2222/team/app.git",
        "git@github.com:team/app.git",
        "git@github.com:22:team/app",
        "https://bitbucket.example.com/scm/team/app.git",
        "https://example.com/bitbucket/scm/TEAM/app.git",
        "ssh://git@bitbucket.example.com:7999/team/app.git",
        "https://git.example.com/%74eam/app?x=1",
    ],
)
def test_spellings_of_one_repository(url: str) -> None:
    """Scheme, user, host, port, case, `.git` and Bitbucket's `/scm/` do not count."""
    assert repository_path(url) == "team/app"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://git.example.com/group/team/app.git", "group/team/app"),
        ("https://git.example.com/app.git", "app"),
        ("https://git.example.com/team/app-two", "team/app-two"),
        ("https://git.example.com/scm", "scm"),
        ("ssh://git@host/~joe/app", "~joe/app"),
    ],
)
def test_other_repositories_stay_others(url: str, path: str) -> None:
    """All of the path counts."""
    assert repository_path(url) == path


@pytest.mark.parametrize("url", ["", "https://git.example.com", "https://[broken/team/app", "ssh://git@host:99999/a"])
def test_what_names_no_repository(url: str) -> None:
    """A URL without a path, or that is none, names nothing."""
    assert repository_path(url) == ""
