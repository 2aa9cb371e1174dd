"""Whether a login belongs to an image: kpack's three rules for the keys that logins are stored under.

Owns the rules, as functions of keys in their order and an image's registry and repository. Leaves what a login is, and
which rule goes with which Secret, to `credentials`.

Rules:
- Exact form (`secrets` of a service account; kpack v0.0.9 `pkg/dockercreds`): a key matches a registry `r` when it is,
  letter for letter, `r`, `http(s)://r`, `http(s)://r/v1/` or `http(s)://r/v2/`. Docker Hub answers to the key
  `https://index.docker.io/v1/` only.
- Keyring (pull secrets; Kubernetes `pkg/credentialprovider`): keys are hosts whose labels may be globs, with an
  optional path that the repository begins with; the longest path of a host wins, then the earliest entry.
- Docker file (`config.json`; docker CLI `cli/config/configfile`): the key that is the repository or the registry, else
  the first whose host is the registry, whatever its path.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from kpack_reconciler.model.references import DEFAULT_REGISTRY

DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = ("docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com")
_FORMS = ("{}", "https://{}", "http://{}", "https://{}/v1/", "http://{}/v1/", "https://{}/v2/", "http://{}/v2/")
_ADDRESS = re.compile(r"(?:https?://)?(?P<host>[^/?#]*)(?P<path>[^?#]*)")
_HOST = re.compile(r"(?:[^@]*@)?((?:\[[0-9A-Fa-f:.]*\]|(?!\[)[\w\-.~!$&'()*+,;=<>\"\[\]]*)(?::\d*)?)")

T = TypeVar("T")


def matches(key: str, registry: str) -> bool:
    """Whether a key has one of the exact forms for this registry host."""
    if registry == DEFAULT_REGISTRY:
        return key == DOCKER_HUB_KEY
    return any(key == form.format(registry) for form in _FORMS)


def address_of(key: str) -> tuple[str, str] | None:
    """A key's host, with its port, and path; None where the key cannot be read as an address."""
    found = _ADDRESS.match(key)
    host = _HOST.fullmatch(found["host"]) if found else None
    return (host[1], found["path"]) if found and host else None


def scope_of(key: str) -> str:
    """What a key stands for in the keyring: a host, or a host with a path; "" where it cannot be read."""
    host, path = address_of(key) or ("", "")
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path in {"", "/"} else host + path


def near_miss(keys: Iterable[str], registry: str) -> str | None:
    """A key that means this registry, to a reader, but has none of the exact forms; None where there is none."""
    names = {registry, f"{registry}:443", *(_DOCKER_HUB_NAMES if registry == DEFAULT_REGISTRY else ())}
    hosts = ((key, (address_of(key) or ("", ""))[0].lower()) for key in keys)
    return next((key for key, host in hosts if host in names and not matches(key, registry)), None)


def find_exact(entries: Sequence[tuple[str, T]], registry: str) -> T | None:
    """The first entry whose key has one of the exact forms."""
    return next((value for key, value in entries if matches(key, registry)), None)


def find_in_keyring(entries: Sequence[tuple[str, T]], name: str) -> T | None:
    """The entry with the longest matching path; `name` is a repository with its registry, or a registry alone."""
    index: dict[str, T] = {}
    for key, value in entries:
        index.setdefault(scope_of(key), value)
    return next((index[scope] for scope in sorted(index, reverse=True) if _covers(scope, name)), None)


def find_in_docker_file(entries: Sequence[tuple[str, T]], registry: str, repository: str) -> T | None:
    """The entry that the docker CLI would use; `repository` with its registry, or "" for none."""
    for wanted in (repository, DOCKER_HUB_KEY if registry == DEFAULT_REGISTRY else registry):
        for form in (str, _docker_host):
            for key, value in entries:
                if wanted and form(key) == wanted:
                    return value
    return None


def _covers(scope: str, name: str) -> bool:
    (globs, port), prefix = _labels_and_port(scope), scope[len(scope.partition("/")[0]) :]
    (labels, given_port), path = _labels_and_port(name), name[len(name.partition("/")[0]) :]
    return (
        (port, len(globs)) == (given_port, len(labels))
        and path.startswith(prefix)
        and all(fnmatchcase(label, glob) for label, glob in zip(labels, globs, strict=True))
    )


def _labels_and_port(name: str) -> tuple[list[str], str]:
    host = name.partition("/")[0]
    if host.startswith("["):
        address, _, port = host[1:].partition("]")
        return [address], port.removeprefix(":")
    text, _, port = host.partition(":")
    return text.split("."), port


def _docker_host(key: str) -> str:
    _, scheme, rest = key.rpartition("://")
    return (rest if scheme else key).partition("/")[0]
