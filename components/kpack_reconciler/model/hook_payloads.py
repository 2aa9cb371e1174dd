"""What the body of a hook says: which repositories and references, or which tags of a registry, have changed.

Facts: the documentation of webhooks of GitHub (`push`), GitLab (push, tag and system hooks), Gitea (`push`), Bitbucket
Cloud (`repo:push`), Bitbucket Data Center (`repo:refs_changed`, `mirror:repo_synchronized`), and of notifications of
Distribution.

Rules:
- A body is believed only as far as "ask now": the commits that it names are not even read.
- A deleted reference is one that changed: whoever builds from it is told so.
- Of a registry only pushed tags count; a manifest that is pushed by digest moves no tag.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from kpack_reconciler.model.hooks import (
    Heard,
    ImagesPushed,
    Provider,
    Pushed,
    Told,
    UnreadableHookError,
    event_of,
)
from kpack_reconciler.model.repository_paths import repository_path

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 16
_PINGS = frozenset({"ping", "diagnostics:ping"})
_PUSHES = {
    Provider.GITHUB: frozenset({"push"}),
    Provider.GITEA: frozenset({"push"}),
    Provider.GITLAB: frozenset({"Push Hook", "Tag Push Hook", "System Hook"}),
    Provider.BITBUCKET: frozenset({"repo:push", "repo:refs_changed", "mirror:repo_synchronized"}),
}
_GITLAB_PUSHES = frozenset({"push", "tag_push", "repository_update"})

Payload = TypeVar("Payload", bound=msgspec.Struct)


class _Repository(msgspec.Struct):
    clone_url: str = ""
    ssh_url: str = ""
    html_url: str = ""


class _Push(msgspec.Struct):
    """GitHub and Gitea."""

    repository: _Repository
    ref: str = ""


class _Project(msgspec.Struct):
    git_http_url: str = ""
    git_ssh_url: str = ""
    web_url: str = ""


class _GitlabPush(msgspec.Struct):
    project: _Project = msgspec.field(default_factory=_Project)
    object_kind: str = ""
    event_name: str = ""
    ref: str = ""
    refs: list[str] = []


class _Key(msgspec.Struct):
    key: str = ""


class _BitbucketRepository(msgspec.Struct):
    """Cloud tells `full_name`, Data Center `slug` and the project's key."""

    full_name: str = ""
    slug: str = ""
    project: _Key = msgspec.field(default_factory=_Key)


class _Named(msgspec.Struct):
    """A branch or tag as Bitbucket Cloud tells it."""

    name: str = ""
    type: str = ""


class _Reference(msgspec.Struct):
    id: str = ""


class _Change(msgspec.Struct):
    """Cloud: `new` and `old`, None where the reference is gone or is new. Data Center: `ref`."""

    new: _Named | None = None
    old: _Named | None = None
    ref: _Reference | None = None


class _Changes(msgspec.Struct):
    changes: list[_Change] = []


class _BitbucketPush(msgspec.Struct):
    repository: _BitbucketRepository
    push: _Changes = msgspec.field(default_factory=_Changes)
    changes: list[_Change] = []


class _Target(msgspec.Struct):
    repository: str = ""
    tag: str = ""


class _Event(msgspec.Struct):
    action: str = ""
    target: _Target = msgspec.field(default_factory=_Target)


class _Envelope(msgspec.Struct):
    events: list[_Event]


def read_hook(provider: Provider, headers: Mapping[str, str], body: bytes) -> Told:
    """What a hook tells. Raises UnreadableHookError."""
    event = event_of(provider, headers)
    if event in _PINGS:
        return Heard(why="the hook works: pushes will be told to this address", is_ping=True)
    if provider is Provider.REGISTRY:
        return _images(_decode(body, _Envelope))
    if event not in _PUSHES[provider]:
        return Heard(why=f"the event {event[:64]!r} changes no source: let the hook send pushes only")
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM:
        body = _form(body)
    match provider:
        case Provider.GITLAB:
            return _gitlab(_decode(body, _GitlabPush))
        case Provider.BITBUCKET:
            return _bitbucket(_decode(body, _BitbucketPush))
        case _:
            push = _decode(body, _Push)
            found = push.repository
            return _pushed((found.clone_url, found.ssh_url, found.html_url), (push.ref,))


def _gitlab(push: _GitlabPush) -> Told:
    event = push.object_kind or push.event_name
    if event not in _GITLAB_PUSHES:
        return Heard(why=f"the event {event[:64]!r} changes no source: let the hook send pushes only")
    project = push.project
    return _pushed((project.git_http_url, project.git_ssh_url, project.web_url), (push.ref, *push.refs))


def _bitbucket(push: _BitbucketPush) -> Told:
    repository = push.repository
    path = repository.full_name or f"{repository.project.key}/{repository.slug}"
    refs = [ref for change in (*push.push.changes, *push.changes) for ref in _bitbucket_refs(change)]
    return _pushed((f"https://bitbucket/{path}",), refs)


def _bitbucket_refs(change: _Change) -> Iterable[str]:
    if change.ref is not None:
        yield change.ref.id
    for named in (change.new, change.old):
        if named is not None:
            yield f"refs/{'tags' if named.type == 'tag' else 'heads'}/{named.name}"


def _images(envelope: _Envelope) -> Told:
    tags = frozenset(
        (event.target.repository, event.target.tag)
        for event in envelope.events
        if event.action == "push" and event.target.tag
    )
    return ImagesPushed(tags=tags) if tags else Heard(why="no tag was pushed: the other events change no builder")


def _pushed(urls: Iterable[str], refs: Iterable[str]) -> Pushed:
    repositories = frozenset(path for url in urls if (path := repository_path(url)))
    if not repositories:
        raise UnreadableHookError("the payload names no repository: let the hook send the provider's own push event")
    return Pushed(repositories=repositories, refs=frozenset(ref for ref in refs if ref))


def _form(body: bytes) -> bytes:
    """The JSON in the field `payload` of a form, as GitHub and Gitea send it by choice."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)["payload"][0].encode()
    except (KeyError, ValueError) as error:
        raise UnreadableHookError("the form has no field `payload`: let the hook send application/json") from error


def _decode(body: bytes, form: type[Payload]) -> Payload:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableHookError(f"not the JSON of this event: {error}; let the hook send application/json") from error
