"""Git credentials: which Secret of a service account a repository's URL gets.

Owns what a URL says: ssh or http, host, and a login inside of it. Leaves the reading of Secrets to others.

Rules (kpack v0.0.9):
- Candidates are tried in the order of their names; the first whose annotation matches the URL's host wins.
- The annotation is, letter for letter, one of `host`, `https://host`, `http://host`, `git@host`; the host without the
  URL's port, as in kpack 0.0.x, or with it, as in later kpack.
- basic-auth applies to http and https, ssh-auth to ssh and to the scp form `git@host:path`.
- A login inside the URL is used where no Secret matches. It is never shown: `public_url` is the URL without it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

_FORMS = ("", "https://", "http://", "git@")
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_SSH = re.compile(r"ssh://", re.IGNORECASE)
_END = re.compile(r"[/?#]")
_SCP = re.compile(r"(?:[\w\-.~]+@)?[A-Za-z0-9._-]+:[A-Za-z0-9./_~-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCredentials:
    """A user name and password for a host; never shown with the password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCandidate:
    """A basic-auth Secret that names a git host."""

    secret: str
    annotation: str
    credentials: GitCredentials


def is_ssh(url: str) -> bool:
    """Whether a URL is spoken to over ssh: `ssh://…` or `[user@]host:path`."""
    return bool(_SSH.match(url)) or ("://" not in url and bool(_SCP.match(url)))


def is_http(url: str) -> bool:
    """Whether a URL is spoken to over http or https."""
    return bool(_HTTP.match(url))


def public_url(url: str) -> str:
    """The URL without user name and password, fit for messages, arguments and labels."""
    login, at, _ = _authority(url).rpartition("@")
    return url.replace(f"://{login}@", "://", 1) if at else url


def choose_git_credentials(url: str, candidates: Iterable[GitCandidate]) -> GitCredentials | None:
    """The credentials for an http(s) URL: a Secret's, else the URL's own; None for anonymous."""
    if not is_http(url):
        return None
    for candidate in sorted(candidates, key=lambda candidate: candidate.secret):
        if matches_url(candidate.annotation, url):
            return candidate.credentials
    user, at, _ = _authority(url).rpartition("@")
    name, _, password = user.partition(":")
    return GitCredentials(username=unquote(name), password=unquote(password)) if at else None


def matches_url(annotation: str, url: str) -> bool:
    """Whether a `git` annotation stands for the host of this URL."""
    host_and_port = _authority(url).rpartition("@")[2]
    host = re.sub(r":\d*$", "", host_and_port)
    return bool(host) and any(annotation == form + name for form in _FORMS for name in (host, host_and_port))


def _authority(url: str) -> str:
    return _END.split(url.partition("://")[2], maxsplit=1)[0]
