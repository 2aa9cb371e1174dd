"""Which Secret a git URL gets, as in kpack; the numbers are those of `docs/parity.md`."""

import pytest

from kpack_reconciler.model.git_credentials import (
    AnyCredentials,
    GitCandidate,
    GitCredentials,
    SshCredentials,
    choose_git_credentials,
)
from kpack_reconciler.model.git_urls import ssh_address

GITHUB, REPOSITORY = "https://github.com", "https://github.com/org/repo"


def basic(secret: str, annotation: str) -> GitCandidate:
    return GitCandidate(
        secret=secret, annotation=annotation, credentials=GitCredentials(username=secret, password="hidden")
    )


def ssh(secret: str, annotation: str) -> GitCandidate:
    return GitCandidate(
        secret=secret, annotation=annotation, credentials=SshCredentials(secret=secret, private_key="key")
    )


def used(url: str, *candidates: GitCandidate) -> str:
    """The Secret, or the user in the URL, that is used; "" for none."""
    found: AnyCredentials | None = choose_git_credentials(url, candidates)
    match found:
        case GitCredentials(username=name) | SshCredentials(secret=name):
            return name
        case None:
            return ""


TABLE = [
    (1, REPOSITORY, GITHUB, "basic"),
    (2, REPOSITORY, "github.com", "basic"),
    (3, REPOSITORY, "http://github.com", "basic"),
    (4, REPOSITORY, "git@github.com", "basic"),
    (5, "http://github.com/org/repo", GITHUB, "basic"),
    (6, REPOSITORY, "https://github.com/", ""),
    (7, REPOSITORY, "https://github.com/org", ""),
    (8, "https://GitHub.com/org/repo", GITHUB, ""),
    (10, "https://github.com:443/org/repo", "https://github.com:443", "basic"),
    (11, "https://git.corp:8443/a/b", "git.corp:8443", "basic"),
    (12, "https://user:pw@github.com/org/repo", GITHUB, "basic"),
    (13, "https://user:pw@github.com/org/repo", "other.example", "user"),
    (14, "https://org@dev.azure.com/org/proj/_git/repo", "https://dev.azure.com", "basic"),
    (15, "git@github.com:org/repo.git", "git@github.com", "ssh"),
    (16, "git@github.com:org/repo.git", GITHUB, "ssh"),
    (17, "github.com:org/repo.git", "github.com", "ssh"),
    (18, "deploy@github.com:org/repo.git", "git@github.com", "ssh"),
    (19, "deploy@github.com:org/repo.git", "deploy@github.com", ""),
    (20, "ssh://git@github.com/org/repo.git", "git@github.com", "ssh"),
    (21, "ssh://git@github.com/org/repo.git", "ssh://git@github.com", ""),
    (23, "ssh://git@git.corp:2222/org/repo", "git@git.corp:2222", "ssh"),
    (24, "git@git.corp:2222:org/repo", "git.corp", "ssh"),
    (25, "git@git.corp:2222/org/repo", "git.corp", "ssh"),
    (27, "git@ssh.dev.azure.com:v3/o/p/r", "git@ssh.dev.azure.com", "ssh"),
    (29, "git@github.com/org/repo.git", "git@github.com", ""),
    (30, "git://github.com/org/repo", "github.com", ""),
    (31, "git+ssh://git@github.com/org/repo", "git@github.com", ""),
    (32, "ssh://git@[::1]:2222/org/repo", "git@[::1]:2222", "ssh"),
    (33, "git@[::1]:org/repo", "git@[::1]", ""),
    (34, "file:///srv/repo.git", "github.com", ""),
    (34, "/srv/repo.git", "github.com", ""),
]
"""Number, URL, annotation of a basic-auth and of an ssh-auth Secret, the one that is used."""

OURS = [
    (9, "https://github.com:443/org/repo", GITHUB, "basic"),
    (22, "ssh://git@git.corp:2222/org/repo", "git@git.corp", "ssh"),
    (28, "git@host:~user/repo", "git@host", "ssh"),
]
"""An annotation without the URL's port matches in v0.0.9, and a home folder's path is one of ssh."""


@pytest.mark.parametrize(
    ("url", "annotation", "wanted"), [pytest.param(*row[1:], id=f"C68 row {row[0]}") for row in [*TABLE, *OURS]]
)
def test_a_url_gets_the_secret_of_its_host(url: str, annotation: str, wanted: str) -> None:
    """The annotation in one of four forms, letter for letter; basic-auth for http(s), a key for ssh."""
    assert used(url, basic("basic", annotation), ssh("ssh", annotation)) == wanted


def test_the_secret_whose_name_comes_first_is_used() -> None:
    """R32, C60: whatever the account's order."""
    listed = (basic("github-creds", GITHUB), basic("additional-github-creds", GITHUB))

    assert used("https://github.com/o/r", *listed) == "additional-github-creds"


def test_of_two_keys_the_first_name_is_used() -> None:
    """C61: and the ssh user is `git`."""
    url = "git@gitlab.com:o/r"

    assert used(url, ssh("secret-6", "git@gitlab.com"), ssh("secret-4", "git@gitlab.com")) == "secret-4"
    assert ssh_address(url).user == "git"


def test_the_scheme_decides_between_login_and_key() -> None:
    """R33, C62: an annotation with https may belong to a key, which serves ssh only."""
    key, login = ssh("key", "https://bitbucket.com"), basic("login", "https://bitbucket.com")

    assert used("git@bitbucket.com:o/r", key, login) == "key"
    assert used("https://bitbucket.com/o/r", key, login) == "login"
    assert used("https://bitbucket.com/o/r", key) == ""


def test_an_annotation_needs_no_scheme() -> None:
    """R34, C63: it stands for its host."""
    assert used("https://noschemegit.com/o/r", basic("login", "noschemegit.com")) == "login"


@pytest.mark.parametrize("url", [REPOSITORY, "git@github.com:org/repo"])
def test_without_a_secret_a_url_is_anonymous(url: str) -> None:
    """R35, R38, C64: other hosts' Secrets, and none at all, are no error."""
    assert used(url, basic("other", "other.example")) == used(url) == ""
