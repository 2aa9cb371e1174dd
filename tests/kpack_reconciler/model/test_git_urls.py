"""What git URLs say."""

import pytest

from kpack_reconciler.model.git_urls import SshAddress, public_url, ssh_address, submodule_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@github.com/org/repo", "https://github.com/org/repo"),
        ("https://token@github.com:8443/r?x=1", "https://github.com:8443/r?x=1"),
        ("https://u:p@w@github.com/r", "https://github.com/r"),
        ("https://github.com/org/a@b", "https://github.com/org/a@b"),
        ("ssh://git:pw@github.com/r", "ssh://git@github.com/r"),
        ("git@github.com:r", "git@github.com:r"),
    ],
)
def test_a_public_url_carries_no_login(url: str, shown: str) -> None:
    """C160: the URL that is shown is the one that was given, without user name and password; ssh keeps its user."""
    assert public_url(url) == shown


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("git@github.com:org/repo.git", ("git", "github.com", 22, "org/repo.git")),
        ("github.com:org/repo.git", ("git", "github.com", 22, "org/repo.git")),
        ("git@git.corp:2222:org/repo", ("git", "git.corp", 2222, "org/repo")),
        ("git@git.corp:2222/org/repo", ("git", "git.corp", 22, "2222/org/repo")),
        ("ssh://git.corp:2222/org/repo", ("git", "git.corp", 2222, "/org/repo")),
        ("ssh://deploy@git.corp/~me/repo", ("deploy", "git.corp", 22, "~me/repo")),
        ("ssh://git@[::1]:2222/org/repo", ("git", "::1", 2222, "/org/repo")),
    ],
)
def test_an_ssh_url_leads_to_a_server(url: str, address: tuple[str, str, int, str]) -> None:
    """User, host, port and the path as the server is told it."""
    user, host, port, path = address

    assert ssh_address(url) == SshAddress(user=user, host=host, port=port, path=path)


@pytest.mark.parametrize(
    "url", ["ssh://git@github.com:org/r", "ssh://git@host", "ssh://host/", "ssh://host:0/r", "a:99999:b", "ssh:///r"]
)
def test_what_leads_nowhere_is_refused(url: str) -> None:
    """C68 row 26, and URLs without a host, a path or a port that there can be."""
    with pytest.raises(ValueError, match="ssh"):
        ssh_address(url)


@pytest.mark.parametrize(
    ("parent", "given", "url"),
    [
        ("https://host/org/app.git", "https://other/lib.git", "https://other/lib.git"),
        ("https://host/org/app.git", "../lib.git", "https://host/org/lib.git"),
        ("https://host/org/app.git/", "../../other/lib/", "https://host/other/lib"),
        ("https://host/org/app", "./sub", "https://host/org/app/sub"),
        ("git@host:org/app.git", "../lib.git", "git@host:org/lib.git"),
        ("git@host:org/app.git", "../../other/lib.git", "git@host:other/lib.git"),
        ("ssh://git@host:22/app", "../lib", "ssh://git@host:22/lib"),
    ],
)
def test_a_submodule_s_url_may_be_relative(parent: str, given: str, url: str) -> None:
    """To the URL of its repository, as git reads it."""
    assert submodule_url(parent, given) == url


@pytest.mark.parametrize("parent", ["https://host/app", "git@host:app", "ssh://host:22/app"])
def test_a_relative_url_does_not_lead_to_another_host(parent: str) -> None:
    """More steps up than there are end at the host."""
    with pytest.raises(ValueError, match="leads out of"):
        submodule_url(parent, "../../../evil/x")
