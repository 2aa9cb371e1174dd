"""Which git login a URL gets."""

import pytest

from kpack_reconciler.model.git_credentials import (
    GitCandidate,
    GitCredentials,
    SshCredentials,
    choose_git_credentials,
    matches_url,
)
from kpack_reconciler.model.git_urls import is_http, is_ssh


def candidate(annotation: str, *, name: str = "creds", username: str = "me") -> GitCandidate:
    return GitCandidate(
        secret=name, annotation=annotation, credentials=GitCredentials(username=username, password="hidden")
    )


@pytest.mark.parametrize(
    ("url", "annotation"),
    [
        ("https://github.com/org/repo", "https://github.com"),
        ("https://github.com/org/repo", "github.com"),
        ("https://github.com/org/repo", "http://github.com"),
        ("https://github.com/org/repo", "git@github.com"),
        ("http://github.com/org/repo", "https://github.com"),
        ("https://github.com:443/org/repo", "https://github.com:443"),
        ("https://git.corp:8443/a/b", "git.corp:8443"),
        ("https://user:pw@github.com/org/repo", "https://github.com"),
        ("https://org@dev.azure.com/org/proj/_git/repo", "https://dev.azure.com"),
        ("https://git.corp:8443/a/b", "https://git.corp"),
    ],
)
def test_an_annotation_stands_for_the_host_of_a_url(url: str, annotation: str) -> None:
    """The annotation is the host, alone or after `https://`, `http://` or `git@`, with the port or without."""
    assert matches_url(annotation, url)


@pytest.mark.parametrize(
    ("url", "annotation"),
    [
        ("https://github.com/org/repo", "https://github.com/"),
        ("https://github.com/org/repo", "https://github.com/org"),
        ("https://GitHub.com/org/repo", "https://github.com"),
        ("https://github.com/org/repo", "ssh://git@github.com"),
        ("https://github.com.evil.example/org/repo", "https://github.com"),
        ("https://evil.example/@github.com", "https://github.com"),
        ("https://evil.example?@github.com", "https://github.com"),
        ("https://evil.example#@github.com", "https://github.com"),
        ("file:///srv/repo.git", ""),
    ],
)
def test_other_annotations_do_not_match(url: str, annotation: str) -> None:
    """Slashes, paths, other cases and hosts that only look alike get no login."""
    assert not matches_url(annotation, url)


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:org/repo.git",
        "github.com:org/repo.git",
        "deploy@github.com:org/repo.git",
        "ssh://git@github.com/org/repo.git",
        "ssh://git@git.corp:2222/org/repo",
        "git@git.corp:2222:org/repo",
        "git@ssh.dev.azure.com:v3/o/p/r",
        "git@host:~user/repo",
    ],
)
def test_ssh_urls_get_no_basic_login(url: str) -> None:
    """URLs with ssh:// and of the form [user@]host:path are ssh, and a basic-auth Secret is not for them."""
    assert is_ssh(url)
    assert not is_http(url)
    assert choose_git_credentials(url, [candidate("github.com"), candidate("git@github.com")]) is None


@pytest.mark.parametrize(
    "url",
    ["git://github.com/org/repo", "git@github.com/org/repo.git", "file:///srv/r", "/srv/r"],
)
def test_other_urls_are_neither_ssh_nor_http(url: str) -> None:
    """git://, local paths and the form with a slash in place of the colon are spoken to by neither."""
    assert not is_ssh(url)
    assert not is_http(url)


def test_secrets_are_tried_in_the_order_of_their_names() -> None:
    """Of two Secrets for a host the one whose name sorts first is used, whatever the account's order."""
    found = choose_git_credentials(
        "https://github.com/org/repo",
        [
            candidate("https://github.com", name="b-creds", username="b"),
            candidate("https://github.com", name="a-creds", username="a"),
        ],
    )

    assert isinstance(found, GitCredentials)
    assert found.username == "a"


def test_a_secret_beats_the_login_in_the_url() -> None:
    """A login inside of the URL is used only where no Secret matches; its characters are decoded."""
    url = "https://user:p%40w@github.com/org/repo"

    own = choose_git_credentials(url, [])
    secret = choose_git_credentials(url, [candidate("github.com")])

    assert own == GitCredentials(username="user", password="p@w")
    assert isinstance(secret, GitCredentials)
    assert secret.username == "me"


def test_without_any_login_a_url_is_asked_anonymously() -> None:
    """No Secret and no login in the URL means no login."""
    assert choose_git_credentials("https://github.com/org/repo", [candidate("gitlab.com")]) is None


def test_git_credentials_do_not_show_their_password() -> None:
    """The repr of a candidate shows the user name at most."""
    assert "hidden" not in repr(candidate("github.com"))


def key(annotation: str, *, name: str = "key") -> GitCandidate:
    return GitCandidate(
        secret=name, annotation=annotation, credentials=SshCredentials(secret=name, private_key="hidden")
    )


@pytest.mark.parametrize(
    ("url", "annotation", "fits"),
    [
        pytest.param("https://github.com/org/repo", "git@github.com", False, id="C68 row 4"),
        pytest.param("git@github.com:org/repo.git", "git@github.com", True, id="C68 row 15"),
        pytest.param("git@github.com:org/repo.git", "https://github.com", True, id="C68 row 16"),
        pytest.param("github.com:org/repo.git", "github.com", True, id="C68 row 17"),
        pytest.param("deploy@github.com:org/repo.git", "git@github.com", True, id="C68 row 18"),
        pytest.param("deploy@github.com:org/repo.git", "deploy@github.com", False, id="C68 row 19"),
        pytest.param("ssh://git@github.com/org/repo.git", "git@github.com", True, id="C68 row 20"),
        pytest.param("ssh://git@github.com/org/repo.git", "ssh://git@github.com", False, id="C68 row 21"),
        pytest.param("ssh://git@git.corp:2222/org/repo", "git@git.corp", True, id="C68 row 22 as v0.0.9"),
        pytest.param("ssh://git@git.corp:2222/org/repo", "git@git.corp:2222", True, id="C68 row 23"),
        pytest.param("git@git.corp:2222:org/repo", "git.corp", True, id="C68 row 24"),
        pytest.param("git@git.corp:2222/org/repo", "git.corp", True, id="C68 row 25"),
        pytest.param("git@ssh.dev.azure.com:v3/o/p/r", "git@ssh.dev.azure.com", True, id="C68 row 27"),
        pytest.param("git@host:~user/repo", "git@host", True, id="C68 row 28"),
        pytest.param("git@github.com/org/repo.git", "git@github.com", False, id="C68 row 29"),
        pytest.param("git://github.com/org/repo", "github.com", False, id="C68 row 30"),
        pytest.param("git+ssh://git@github.com/org/repo", "git@github.com", False, id="C68 row 31"),
        pytest.param("ssh://git@[::1]:2222/org/repo", "git@[::1]:2222", True, id="C68 row 32"),
        pytest.param("git@[::1]:org/repo", "git@[::1]", False, id="C68 row 33"),
        pytest.param("git@bitbucket.com:o/r", "https://bitbucket.com", True, id="C62 R33"),
    ],
)
def test_an_ssh_key_is_for_ssh_urls(url: str, annotation: str, *, fits: bool) -> None:
    """The rules for annotations are those of logins; where a URL is no ssh URL, no key is used."""
    assert (choose_git_credentials(url, [key(annotation)]) is not None) == fits


def test_a_key_and_a_login_for_one_host_never_compete() -> None:
    """R33: the URL's form decides, whichever Secret's name comes first."""
    both = [key("github.com", name="a"), candidate("github.com", name="b")]

    assert isinstance(choose_git_credentials("https://github.com/o/r", both), GitCredentials)
    assert isinstance(choose_git_credentials("git@github.com:o/r", both), SshCredentials)


def test_of_two_keys_the_first_by_name_is_used() -> None:
    """C61: whatever the account's order."""
    found = choose_git_credentials("git@gitlab.com:o/r", [key("gitlab.com", name="s-6"), key("gitlab.com", name="s-4")])

    assert isinstance(found, SshCredentials)
    assert found.secret == "s-4"
    assert "hidden" not in repr(found)
