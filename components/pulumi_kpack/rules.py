"""The rules that arguments must follow.

Rules of the rules:
- checks are pure, happen before anything is registered, and say what to do;
- a value that Pulumi only knows later (an output) is not checked here: the webhook does.
"""

import re
from collections.abc import Mapping, Sequence

from kpack_api.types import ImageTaggingStrategy, Kind, UpdatePolicy

LOG_LEVELS = ("debug", "info", "warning", "error")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MAXIMUM_NAME = 63
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?([KMGTPE]i?|[mk]|[eE][0-9]+)?")
_SOURCES = ("git", "blob", "registry")


class InvalidArgumentError(ValueError):
    """An argument breaks a rule; the text names it and says what to do."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(f"{argument}: {message}")


def check_name(argument: str, name: object) -> None:
    """A name must be a DNS label: it becomes part of names of builds and pods."""
    if isinstance(name, str) and (len(name) > _MAXIMUM_NAME or not _NAME.fullmatch(name)):
        raise InvalidArgumentError(
            argument,
            f"{name!r} is no name for a Kubernetes object: use at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )


def check_build_service(args: Mapping[str, object]) -> None:
    """The service needs an image; numbers must be positive, words known."""
    if not args.get("image"):
        raise InvalidArgumentError("image", "is missing: give the reconciler's image, e.g. ReconcilerImage(…).ref")
    check_name("namespace", args.get("namespace"))
    _check_word("log_level", args.get("log_level"), LOG_LEVELS)
    for argument in ("replicas", "source_poll_seconds", "builder_poll_seconds"):
        _check_positive(argument, args.get(argument))


def check_registry_credentials(args: Mapping[str, object]) -> None:
    """Either a login or a whole configuration."""
    _check_one_form(args, ("username", "password"), "docker_config_json")
    if "docker_config_json" in args and "registry" in args:
        raise InvalidArgumentError("registry", "docker_config_json names its registries itself: leave registry out")


def check_git_credentials(args: Mapping[str, object]) -> None:
    """Either a login for http, or a key for ssh."""
    _check_one_form(args, ("username", "password"), "ssh_private_key")
    url = args.get("url")
    if isinstance(url, str) and "ssh_private_key" not in args and not url.startswith(("https://", "http://")):
        raise InvalidArgumentError("url", f"{url!r}: a login is for http: begin with https://, or give ssh_private_key")


def check_builder(args: Mapping[str, object]) -> None:
    """A builder names its image."""
    check_reference("image", args.get("image"))
    _check_word("update_policy", args.get("update_policy"), tuple(UpdatePolicy))


def check_image(args: Mapping[str, object]) -> None:
    """An Image names a tag, a builder and exactly one source."""
    check_reference("tag", args.get("tag"), digest=False)
    _check_source(args.get("source"))
    _check_builder_reference(args.get("builder"))
    _check_word("image_tagging_strategy", args.get("image_tagging_strategy"), tuple(ImageTaggingStrategy))
    for argument in ("failed_build_history_limit", "success_build_history_limit", "timeout_minutes"):
        _check_positive(argument, args.get(argument))
    size = args.get("cache_size")
    if isinstance(size, str) and not _QUANTITY.fullmatch(size):
        raise InvalidArgumentError("cache_size", f"{size!r} is no quantity: write for example '2Gi'")


def check_reference(argument: str, reference: object, *, digest: bool = True) -> None:
    """An image reference: `[registry/]repository[:tag][@digest]`; a digest only where one is allowed."""
    if reference is None or reference == "":
        raise InvalidArgumentError(argument, "is missing: name an image, e.g. 'registry.example.com/team/app'")
    if not isinstance(reference, str):
        return
    rest, at, _ = reference.partition("@")
    if at and not digest:
        raise InvalidArgumentError(argument, f"{reference!r} names a digest: builds push to a tag, leave '@…' out")
    head, _, last = rest.rpartition("/")
    repository, colon, tag = last.partition(":")
    parts = [part for part in (*head.split("/")[1:], repository) if head] or [repository]
    if not all(_REPOSITORY.fullmatch(part) for part in parts) or (colon and not _TAG.fullmatch(tag)):
        raise InvalidArgumentError(
            argument, f"{reference!r} is no image reference: write [registry/]repository[:tag] in lower case"
        )


def _check_source(source: object) -> None:
    given = [name for name in _SOURCES if isinstance(source, Mapping) and source.get(name)]
    if len(given) != 1:
        raise InvalidArgumentError(
            "source", f"names {' and '.join(given) or 'nothing'}: give exactly one of {', '.join(_SOURCES)}"
        )


def _check_builder_reference(builder: object) -> None:
    if builder is None:
        raise InvalidArgumentError("builder", "is missing: give a Builder, a ClusterBuilder or {'kind': …, 'name': …}")
    if isinstance(builder, Mapping):
        _check_word("builder.kind", builder.get("kind"), (Kind.BUILDER, Kind.CLUSTER_BUILDER))
        check_name("builder.name", builder.get("name"))


def _check_one_form(args: Mapping[str, object], login: tuple[str, str], other: str) -> None:
    given = [name for name in login if name in args]
    if other in args and given:
        raise InvalidArgumentError(other, f"stands beside {' and '.join(given)}: give one or the other")
    if other not in args and len(given) < len(login):
        raise InvalidArgumentError(" and ".join(login), f"must both be given, or {other} instead")


def _check_word(argument: str, word: object, words: Sequence[str]) -> None:
    if isinstance(word, str) and word not in words:
        raise InvalidArgumentError(argument, f"{word!r} is unknown: use one of {', '.join(words)}")


def _check_positive(argument: str, number: object) -> None:
    if isinstance(number, int) and number < 1:
        raise InvalidArgumentError(argument, f"{number} is too small: use a whole number above 0")
