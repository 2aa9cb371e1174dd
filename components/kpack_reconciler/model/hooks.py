"""Who tells of pushes, how each proves who it is, and what a hook comes to: the values that all of its readers share.

Rules (the providers' documentation):
- Gitea and Forgejo also send GitHub's headers, so theirs are looked at first.
- GitHub, Gitea and both Bitbuckets sign the body with HMAC-SHA256; GitLab and registries show the secret itself.
- Any of several secrets will do, so that one can be replaced by another. All comparisons take the same time.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kpack_reconciler.model.references import ImageReference

REGISTRY_MEDIA_TYPES = frozenset(
    {"application/vnd.docker.distribution.events.v1+json", "application/vnd.docker.distribution.events.v2+json"}
)


class Provider(StrEnum):
    """Who sends a hook."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    BITBUCKET = "bitbucket"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A git repository has changed. `repositories` are its paths (`repository_path`), `refs` full names of references.

    No `refs` means that the hook does not say which.
    """

    repositories: frozenset[str]
    refs: frozenset[str] = frozenset()

    def moves(self, revision: str) -> bool:
        """Whether this revision, as a source writes it, may be another commit now."""
        names = {revision, f"refs/{revision}", f"refs/heads/{revision}", f"refs/tags/{revision}"}
        return not self.refs or revision == "HEAD" or not names.isdisjoint(self.refs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesPushed:
    """A registry's tags have moved: pairs of repository path and tag."""

    tags: frozenset[tuple[str, str]]

    def moves(self, image: ImageReference) -> bool:
        """Whether this tag may be another image now; for a digest, whose tag is not known, any tag counts."""
        if image.digest is not None:
            return any(repository == image.repository for repository, _ in self.tags)
        return (image.repository, image.identifier) in self.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Nothing to do: a ping, or an event of another kind. `why` is for the person who tries the hook."""

    why: str
    is_ping: bool = False


Told = Pushed | ImagesPushed | Heard


class UnreadableHookError(ValueError):
    """A hook's body is not what its headers promise; the text says what was expected."""


_EVENT_HEADERS = (
    ("X-Gitea-Event", Provider.GITEA),
    ("X-GitHub-Event", Provider.GITHUB),
    ("X-Gitlab-Event", Provider.GITLAB),
    ("X-Event-Key", Provider.BITBUCKET),
)
_PROOF_HEADERS = {
    Provider.GITEA: "X-Gitea-Signature",
    Provider.GITHUB: "X-Hub-Signature-256",
    Provider.GITLAB: "X-Gitlab-Token",
    Provider.BITBUCKET: "X-Hub-Signature",
    Provider.REGISTRY: "Authorization",
}
_SHOWN = frozenset({Provider.GITLAB, Provider.REGISTRY})
_PREFIX = {Provider.GITHUB: "sha256=", Provider.BITBUCKET: "sha256=", Provider.REGISTRY: "Bearer "}


def provider_of(headers: Mapping[str, str]) -> Provider | None:
    """Who sends a request with these headers (names in any case); None where nobody known does."""
    for header, provider in _EVENT_HEADERS:
        if header in headers:
            return provider
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Provider.REGISTRY if media_type in REGISTRY_MEDIA_TYPES else None


def event_of(provider: Provider, headers: Mapping[str, str]) -> str:
    """The event's name in the provider's words; "" for registries, which name it in the body."""
    return next((headers[header] for header, sender in _EVENT_HEADERS if sender is provider), "")


def proof_header(provider: Provider) -> str:
    """The header in which a provider proves that it knows the secret."""
    return _PROOF_HEADERS[provider]


def is_proven(provider: Provider, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether the sender knows one of the secrets. An empty secret is none."""
    shown = headers.get(_PROOF_HEADERS[provider], "").encode("utf-8", "surrogateescape")
    prefix = _PREFIX.get(provider, "").encode()
    matches = [
        hmac.compare_digest(shown, prefix + _proof(provider, secret.encode(), body)) for secret in secrets if secret
    ]
    return any(matches)


def _proof(provider: Provider, secret: bytes, body: bytes) -> bytes:
    return secret if provider in _SHOWN else hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
