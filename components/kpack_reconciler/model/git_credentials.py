"""Git credentials: which Secret of a service account a repository's URL gets.

Leaves the reading of Secrets to others, and what a URL says to `git_urls`.

Rules (kpack v0.0.9):
- Candidates are tried in the order of their names; the first whose annotation matches the URL's host wins.
- The annotation is, letter for letter, one of `host`, `https://host`, `http://host`, `git@host`; the host without the
  URL's port, as in kpack 0.0.x, or with it, as in later kpack.
- basic-auth applies to http and https, ssh-auth to ssh and to the scp form `git@host:path`.
- A login inside an http(s) URL is used where no Secret matches.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from kpack_reconciler.model.git_urls import hosts_of, is_http, is_ssh, login_in

_FORMS = ("", "https://", "http://", "git@")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCredentials:
    """A user name and password for a host; never shown with the password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshCredentials:
    """A private key without passphrase, and the host keys to trust ("" for none told) in OpenSSH's known_hosts form.

    `secret` is the name of the Secret, for messages.
    """

    secret: str
    private_key: str = field(repr=False)
    known_hosts: str = field(default="", repr=False)


AnyCredentials: TypeAlias = GitCredentials | SshCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCandidate:
    """A basic-auth or ssh-auth Secret that names a git host."""

    secret: str
    annotation: str
    credentials: AnyCredentials


def choose_git_credentials(url: str, candidates: Iterable[GitCandidate]) -> AnyCredentials | None:
    """The credentials for a URL: a Secret's that fits how it is spoken to, else the URL's own; None for anonymous."""
    wanted = GitCredentials if is_http(url) else SshCredentials if is_ssh(url) else None
    if wanted is None:
        return None
    for candidate in sorted(candidates, key=lambda candidate: candidate.secret):
        if isinstance(candidate.credentials, wanted) and matches_url(candidate.annotation, url):
            return candidate.credentials
    login = login_in(url) if is_http(url) else None
    return GitCredentials(username=login[0], password=login[1]) if login else None


def matches_url(annotation: str, url: str) -> bool:
    """Whether a `git` annotation stands for the host of this URL."""
    return any(annotation == form + name for form in _FORMS for name in hosts_of(url))
