"""The rules that arguments must follow.

Rules of the rules:
- checks are pure, happen before anything is registered, tell all problems at once, and say what to do;
- shapes come first (`shapes`); what a word means is judged only where its shape is right;
- a value that Pulumi only knows later (an output) is not checked here: the webhook does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kpack_api.certificates import InvalidCertificatesError, read_certificates
from kpack_api.network import has_login, is_proxy
from kpack_api.paces import is_pace
from kpack_api.types import ImageTaggingStrategy, Kind, UpdatePolicy
from pulumi_kpack import args as arguments
from pulumi_kpack.manifests.resources import Wait
from pulumi_kpack.shapes import Problem, shape_problems

LOG_LEVELS = ("debug", "info", "warning", "error")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MAXIMUM_NAME = 63
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?([KMGTPE]i?|[mk]|[eE][0-9]+)?")
_HOST = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?|[0-9a-fA-F:]+|[0-9a-fA-F.:]+/[0-9]+")
_SHORTEST_SECRET = 16
_SOURCES = ("git", "blob", "registry")


class InvalidArgumentError(ValueError):
    """Arguments break rules; the text names each one and says what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(str(problems[0]) if len(problems) == 1 else f"{len(problems)} arguments are wrong:{listed}")


def check_build_service(name: str, args: Mapping[str, object]) -> None:
    """The service needs an image; numbers must be positive, words known."""
    _check(name, args, arguments.BuildServiceArgs, _build_service(args))


def check_namespaces(name: str, namespaces: Sequence[str], *, first: int = 0) -> None:
    """The namespaces that a service watches, once they are known; `first` is the place of the first in its list."""
    given = {"image": "known", "namespaces": namespaces}
    _check(name, given, arguments.BuildServiceArgs, _watched(namespaces, first=first))


def check_registry_credentials(name: str, args: Mapping[str, object]) -> None:
    """Either a login or a whole configuration."""
    _check(name, args, arguments.RegistryCredentialsArgs, _registry_credentials(args))


def check_git_credentials(name: str, args: Mapping[str, object]) -> None:
    """Either a login for http, or a key for ssh."""
    _check(name, args, arguments.GitCredentialsArgs, _git_credentials(args))


def check_service_account(name: str, args: Mapping[str, object]) -> None:
    """An account names logins and secrets."""
    _check(name, args, arguments.BuildServiceAccountArgs, ())


def check_builder(name: str, args: Mapping[str, object]) -> None:
    """A builder names its image."""
    _check(name, args, arguments.BuilderArgs, _builder(args))


def check_cluster_builder(name: str, args: Mapping[str, object]) -> None:
    """A builder names its image; this one has no namespace."""
    _check(name, args, arguments.ClusterBuilderArgs, _builder(args))


def check_image(name: str, args: Mapping[str, object]) -> None:
    """An Image names a tag, a builder and exactly one source."""
    _check(name, args, arguments.ImageArgs, _image(args))


def check_existing_image(name: str, args: Mapping[str, object]) -> None:
    """An Image that was declared elsewhere is named with its namespace."""
    _check(name, args, arguments.ExistingImageArgs, _existing_image(args))


def _check(name: str, args: object, shape: type, rules: Iterable[Problem]) -> None:
    """Raise InvalidArgumentError with what is wrong with name, shapes and words; of one path the first only."""
    found: dict[str, Problem] = {}
    for problem in (*_name("name", name), *shape_problems(args, shape, names=_components())):
        found.setdefault(problem.path, problem)
    broken = tuple(found)
    for problem in rules if isinstance(args, Mapping) else ():
        if not any(_overlap(problem.path, path) for path in broken):
            found.setdefault(problem.path, problem)
    if found:
        raise InvalidArgumentError(tuple(found.values()))


def _components() -> Mapping[str, object]:
    """The classes that argument types name before they exist: components use these rules themselves."""
    from pulumi_kpack import builder, credentials, service_account  # noqa: PLC0415

    return {**vars(builder), **vars(credentials), **vars(service_account)}


def _overlap(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{path}.", f"{path}["))


def _build_service(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _name("namespace", args.get("namespace"))
    yield from _word("log_level", args.get("log_level"), LOG_LEVELS)
    limits = ("max_concurrent_builds", "max_concurrent_builds_per_namespace")
    for argument in ("replicas", "source_poll_seconds", "builder_poll_seconds", *limits):
        yield from _positive(argument, args.get(argument))
    yield from _certificates(args.get("certificates"))
    yield from _proxy(args.get("proxy"))
    yield from _watched(args.get("namespaces"))
    yield from _hooks(args.get("hooks"))


def _watched(namespaces: object, *, first: int = 0) -> Iterator[Problem]:
    if not isinstance(namespaces, Sequence) or isinstance(namespaces, str):
        return
    if not namespaces:
        yield Problem("namespaces", "is empty: name a namespace, or leave it out to watch all of them")
    seen: set[str] = set()
    for number, each in enumerate(namespaces, start=first):
        yield from _name(f"namespaces[{number}]", each)
        if isinstance(each, str) and each in seen:
            yield Problem(f"namespaces[{number}]", f"{each!r} stands there already: name each namespace once")
        seen |= {each} if isinstance(each, str) else set()


def _hooks(hooks: object) -> Iterator[Problem]:
    """Secrets are never quoted."""
    if not isinstance(hooks, Mapping):
        return
    for argument in ("signing_secret", "previous_signing_secret"):
        secret = hooks.get(argument)
        if isinstance(secret, str) and len(secret) < _SHORTEST_SECRET:
            yield Problem(
                f"hooks.{argument}",
                f"is too short: use at least {_SHORTEST_SECRET} letters, e.g. by openssl rand -hex 32",
            )
    host = hooks.get("outside_host")
    if isinstance(host, str) and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?", host):
        yield Problem("hooks.outside_host", f"{host!r} is no host: write hooks.example.com, without https:// and path")
    yield from _name("hooks.certificate_secret", hooks.get("certificate_secret"))


def _certificates(text: object) -> Iterator[Problem]:
    if isinstance(text, str) and text:
        try:
            read_certificates(text)
        except InvalidCertificatesError as error:
            yield Problem("certificates", str(error))


def _proxy(proxy: object) -> Iterator[Problem]:
    """A proxy's URL is never quoted: it may hold a login."""
    if not isinstance(proxy, Mapping) or not proxy:
        return
    urls = {name: proxy[name] for name in ("http", "https") if isinstance(proxy.get(name), str)}
    for name, url in urls.items():
        if not is_proxy(url):
            yield Problem(
                f"proxy.{name}", "is no proxy's URL: write http://<host>:<port>, with <user>:<password>@ before"
            )
        elif has_login(url) and not proxy.get("namespaces"):
            yield Problem(
                "proxy.namespaces", "is missing: the proxy asks for a login; name the namespaces of the builds"
            )
    if not proxy.get("http") and not proxy.get("https"):
        yield Problem("proxy", "names no proxy: give http or https, or leave it out")
    for argument, names in _texts(proxy, "no_proxy", "namespaces"):
        yield from _name(argument, names) if "namespaces" in argument else _host(argument, names)


def _texts(args: Mapping[str, object], *names: str) -> Iterator[tuple[str, str]]:
    """The texts of lists, each with its path below `proxy`."""
    for name in names:
        listed = args.get(name)
        if isinstance(listed, Sequence) and not isinstance(listed, str):
            yield from (
                (f"proxy.{name}[{number}]", text) for number, text in enumerate(listed) if isinstance(text, str)
            )


def _host(argument: str, host: str) -> Iterator[Problem]:
    if not _HOST.fullmatch(host):
        yield Problem(argument, f"{host!r} is no host: write a name, an address, or a domain that begins with a dot")


def _registry_credentials(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _one_form(args, ("username", "password"), "docker_config_json")
    if "docker_config_json" in args and "registry" in args:
        yield Problem("registry", "docker_config_json names its registries itself: leave registry out")


def _git_credentials(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _one_form(args, ("username", "password"), "ssh_private_key")
    if "known_hosts" in args and "ssh_private_key" not in args:
        yield Problem("known_hosts", "belongs to an ssh_private_key: give one, or leave known_hosts out")
    url = args.get("url")
    if isinstance(url, str) and "ssh_private_key" not in args and not url.startswith(("https://", "http://")):
        yield Problem("url", f"{url!r}: a login is for http: begin with https://, or give ssh_private_key")


def _builder(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _reference("image", args.get("image"))
    yield from _word("update_policy", args.get("update_policy"), tuple(UpdatePolicy))


def _image(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _reference("tag", args.get("tag"), digest=False)
    yield from _source(args.get("source"))
    yield from _strip_components(args.get("source"))
    yield from _builder_reference(args.get("builder"))
    yield from _word("image_tagging_strategy", args.get("image_tagging_strategy"), tuple(ImageTaggingStrategy))
    yield from _word("wait", args.get("wait"), tuple(Wait))
    for argument in ("failed_build_history_limit", "success_build_history_limit", "timeout_minutes"):
        yield from _positive(argument, args.get(argument))
    pace = args.get("source_polling")
    if isinstance(pace, str) and not is_pace(pace):
        yield Problem("source_polling", f"{pace!r} is no interval: write off, or 90s, 10m, 12h, at least 10s")
    size = args.get("cache_size")
    if isinstance(size, str) and not _QUANTITY.fullmatch(size):
        yield Problem("cache_size", f"{size!r} is no quantity: write for example '2Gi'")


def _existing_image(args: Mapping[str, object]) -> Iterator[Problem]:
    given = args.get("id")
    if isinstance(given, str):
        namespace, slash, name = given.partition("/")
        if not slash:
            yield Problem("id", f"{given!r} names no namespace: write '<namespace>/<name>'")
        else:
            yield from (*_name("id", namespace), *_name("id", name))


def _name(argument: str, name: object) -> Iterator[Problem]:
    """A name must be a DNS label: it becomes part of names of builds and pods."""
    if isinstance(name, str) and (len(name) > _MAXIMUM_NAME or not _NAME.fullmatch(name)):
        yield Problem(
            argument,
            f"{name!r} is no name for a Kubernetes object: use at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )


def _reference(argument: str, reference: object, *, digest: bool = True) -> Iterator[Problem]:
    """An image reference: `[registry/]repository[:tag][@digest]`; a digest only where one is allowed."""
    if not isinstance(reference, str):
        return
    rest, at, _ = reference.partition("@")
    if at and not digest:
        yield Problem(argument, f"{reference!r} names a digest: builds push to a tag, leave '@…' out")
    head, _, last = rest.rpartition("/")
    repository, colon, tag = last.partition(":")
    parts = [part for part in (*head.split("/")[1:], repository) if head] or [repository]
    if not all(_REPOSITORY.fullmatch(part) for part in parts) or (colon and not _TAG.fullmatch(tag)):
        yield Problem(argument, f"{reference!r} is no image reference: write [registry/]repository[:tag] in lower case")


def _source(source: object) -> Iterator[Problem]:
    given = [name for name in _SOURCES if isinstance(source, Mapping) and source.get(name)]
    if len(given) != 1:
        yield Problem("source", f"names {' and '.join(given) or 'nothing'}: give exactly one of {', '.join(_SOURCES)}")


def _strip_components(source: object) -> Iterator[Problem]:
    blob = source.get("blob") if isinstance(source, Mapping) else None
    number = blob.get("strip_components") if isinstance(blob, Mapping) else None
    if isinstance(number, int) and number < 0:
        yield Problem("source.blob.strip_components", f"{number} is too small: use 0 or more")


def _builder_reference(builder: object) -> Iterator[Problem]:
    if isinstance(builder, Mapping):
        yield from _word("builder.kind", builder.get("kind"), (Kind.BUILDER, Kind.CLUSTER_BUILDER))
        yield from _name("builder.name", builder.get("name"))


def _one_form(args: Mapping[str, object], login: tuple[str, str], other: str) -> Iterator[Problem]:
    given = [name for name in login if name in args]
    if other in args and given:
        yield Problem(other, f"stands beside {' and '.join(given)}: give one or the other")
    if other not in args and len(given) < len(login):
        yield Problem(" and ".join(login), f"must both be given, or {other} instead")


def _word(argument: str, word: object, words: Sequence[str]) -> Iterator[Problem]:
    if isinstance(word, str) and word not in words:
        yield Problem(argument, f"{word!r} is unknown: use one of {', '.join(words)}")


def _positive(argument: str, number: object) -> Iterator[Problem]:
    if isinstance(number, int) and number < 1:
        yield Problem(argument, f"{number} is too small: use a whole number above 0")
