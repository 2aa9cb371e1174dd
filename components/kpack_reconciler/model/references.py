"""Image references: `[registry/]repository[:tag]` or `…@sha256:<64 hex>`, by the "weak" rules that kpack uses.

Owns parsing and writing out in full. Leaves schemes (http or https) and platforms to the registry client.

Rules (go-containerregistry `pkg/name` with `WeakValidation`, as in kpack v0.0.9):
- The text before the first `/` is a registry only if it holds a `.` or a `:`; so `localhost/app` is on Docker Hub.
- Without a registry it is `index.docker.io`, as is `docker.io`; its one-word repositories lie in `library/`.
- Without a tag it is `latest`. A reference with tag and digest is a digest reference; its tag is dropped.
"""

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "index.docker.io"
DEFAULT_TAG = "latest"
_DOCKER_HUB_ALIAS = "docker.io"
_DOCKER_HUB_NAMESPACE = "library/"

_REGISTRY = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_REPOSITORY = re.compile(r"[a-z0-9_\-./]{2,255}")
_TAG = re.compile(r"[A-Za-z0-9_\-.]{1,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class InvalidReferenceError(ValueError):
    """The text is not an image reference; the message quotes it and says what a valid one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """An image's address, fully expanded. `tag` None means that the text named none or that there is a digest."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository_name(self) -> str:
        """Registry and repository, e.g. `index.docker.io/library/busybox`."""
        return f"{self.registry}/{self.repository}"

    @property
    def identifier(self) -> str:
        """The digest, else the tag, else `latest`: what a manifest is asked for by."""
        return self.digest or self.tag or DEFAULT_TAG

    def with_digest(self, digest: str) -> "ImageReference":
        """The image with this digest in the same repository."""
        return ImageReference(registry=self.registry, repository=self.repository, digest=digest)

    def with_tag(self, tag: str) -> "ImageReference":
        """The image with this tag in the same repository."""
        return ImageReference(registry=self.registry, repository=self.repository, tag=tag)

    def __str__(self) -> str:
        separator = "@" if self.digest else ":"
        return f"{self.repository_name}{separator}{self.identifier}"


def parse_tag(text: str) -> ImageReference:
    """The reference in a field that images are pushed to: `[registry/]repository[:tag]`, no digest.

    Raises InvalidReferenceError.
    """
    head, colon, last = text.rpartition(":")
    if not colon or "/" in last:
        head, last = text, ""
    if last and not _TAG.fullmatch(last):
        raise InvalidReferenceError(
            f"could not parse reference: {text}: the tag must be 1 to 127 characters of A-Z a-z 0-9 _ - ."
        )
    registry, repository = _split(head, text)
    return ImageReference(registry=registry, repository=repository, tag=last or None)


def parse_image(text: str) -> ImageReference:
    """The reference in a field that images are read from: a tag reference, or one with a digest.

    Raises InvalidReferenceError.
    """
    name, at, digest = text.partition("@")
    if not at:
        return parse_tag(text)
    if not DIGEST.fullmatch(digest):
        raise InvalidReferenceError(
            f"could not parse reference: {text}: the part after @ must be sha256: and 64 hexadecimal digits"
        )
    return parse_tag(name).with_digest(digest)


def _split(name: str, text: str) -> tuple[str, str]:
    """Registry and repository of a name without tag."""
    registry, slash, repository = name.partition("/")
    if not slash or not ("." in registry or ":" in registry):
        registry, repository = DEFAULT_REGISTRY, name
    if registry == _DOCKER_HUB_ALIAS:
        registry = DEFAULT_REGISTRY
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidReferenceError(
            f"could not parse reference: {text}: the repository must be 2 to 255 characters of a-z 0-9 _ - . /"
        )
    if not _REGISTRY.fullmatch(registry):
        raise InvalidReferenceError(f"could not parse reference: {text}: the registry must be host or host:port")
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = _DOCKER_HUB_NAMESPACE + repository
    return registry, repository
