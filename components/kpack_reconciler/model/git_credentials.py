"""Git credentials: which Secret of a service account a repository's URL gets (kpack v0.0.9).

Rules:
- Candidates are tried in the order of their names; the first whose annotation matches the URL's host wins.
- The annotation is one of `host`, `https://host`, `http://host`, `git@host`; the URL's port does not count.
- basic-auth applies to http and https, ssh-auth to ssh and to the scp form `git@host:path`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_FORMS = ("", "https://", "http://", "git@")


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
    """Whether a URL is spoken to over ssh: `ssh://…` or `user@host:path`."""
    return url.startswith("ssh://") or ("://" not in url and "@" in url.partition("/")[0])


def choose_git_credentials(url: str, candidates: Iterable[GitCandidate]) -> GitCredentials | None:
    """The credentials for a http(s) URL, None for anonymous."""
    host = urlsplit(url).hostname or ""
    for candidate in sorted(candidates, key=lambda candidate: candidate.secret):
        if host and matches_host(candidate.annotation, host):
            return candidate.credentials
    return None


def matches_host(annotation: str, host: str) -> bool:
    """Whether a `git` annotation stands for this host."""
    return annotation in {f"{form}{host}" for form in _FORMS}
