"""What a hook's body says, for each sender's documented shape."""

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from kpack_reconciler.model.hook_payloads import read_hook
from kpack_reconciler.model.hooks import Heard, ImagesPushed, Provider, Pushed, Told, UnreadableHookError
from tests.fakes.hook_senders import Sent, data_center_push, image_push, push, sent

WORDS = (
    "repository", "clone_url", "ref", "refs", "project", "git_http_url", "object_kind", "push", "changes", "new",
    "name", "type", "slug", "key", "events", "action", "target", "tag",
)  # fmt: skip
GIT = [Provider.GITHUB, Provider.GITEA, Provider.GITLAB, Provider.BITBUCKET]
MAIN = Pushed(repositories=frozenset({"team/app"}), refs=frozenset({"refs/heads/main"}))


def read(provider: Provider, hook: Sent) -> Told:
    return read_hook(provider, CIMultiDict(hook.headers), hook.body)


@pytest.mark.parametrize("provider", GIT)
def test_a_pushed_branch(provider: Provider) -> None:
    """All spellings of the repository's address are one path."""
    assert read(provider, push(provider)) == MAIN


@pytest.mark.parametrize("provider", GIT)
def test_a_pushed_tag(provider: Provider) -> None:
    """A tag is told by its full name, too."""
    told = read(provider, push(provider, ref="refs/tags/v1"))

    assert told == Pushed(repositories=frozenset({"team/app"}), refs=frozenset({"refs/tags/v1"}))


def test_a_push_to_bitbucket_data_center() -> None:
    """The repository is its project's key and its slug."""
    assert read(Provider.BITBUCKET, data_center_push()) == MAIN


def test_a_branch_that_bitbucket_deleted_is_told() -> None:
    """`new` is null then, `old` has the name."""
    change = {"new": None, "old": {"type": "branch", "name": "main"}, "closed": True}
    payload = {"repository": {"full_name": "team/app"}, "push": {"changes": [change]}}

    assert read(Provider.BITBUCKET, sent(Provider.BITBUCKET, "repo:push", payload)) == MAIN


def test_a_system_hook_of_gitlab() -> None:
    """It names its event in the body, and may name several references."""
    project = {"git_http_url": "https://git.example.com/team/app.git"}
    payload = {"event_name": "repository_update", "project": project, "refs": ["refs/heads/main"]}

    assert read(Provider.GITLAB, sent(Provider.GITLAB, "System Hook", payload)) == MAIN


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.GITEA])
def test_a_form(provider: Provider) -> None:
    """GitHub's default is a form whose field `payload` has the JSON."""
    hook = push(provider)
    body = urlencode({"payload": hook.body.decode()}).encode()
    headers = hook.headers | {"Content-Type": "application/x-www-form-urlencoded"}

    assert read(provider, Sent(body=body, headers=headers)) == MAIN


def test_pushed_images() -> None:
    """Tags that were pushed, each with its repository; a push by digest moves none."""
    told = read(Provider.REGISTRY, image_push(("stack/run", "base"), ("stack/run", ""), ("stack/builder", "base")))

    assert told == ImagesPushed(tags=frozenset({("stack/run", "base"), ("stack/builder", "base")}))


@pytest.mark.parametrize(
    "hook",
    [image_push(("a/b", "c"), action="pull"), image_push(("a/b", "")), image_push()],
    ids=["pull", "digest", "none"],
)
def test_events_of_a_registry_that_move_no_tag(hook: Sent) -> None:
    """Pulls, pushes by digest, an empty envelope."""
    told = read(Provider.REGISTRY, hook)

    assert isinstance(told, Heard)
    assert not told.is_ping


@pytest.mark.parametrize(
    ("provider", "event"),
    [(Provider.GITHUB, "ping"), (Provider.GITEA, "ping"), (Provider.BITBUCKET, "diagnostics:ping")],
)
def test_a_ping(provider: Provider, event: str) -> None:
    """Whatever its body is: that of Data Center is not the push's."""
    told = read(provider, sent(provider, event, {"test": True}))

    assert isinstance(told, Heard)
    assert told.is_ping


@pytest.mark.parametrize(
    ("provider", "event", "payload"),
    [
        (Provider.GITHUB, "issues", {}),
        (Provider.GITEA, "pull_request", {}),
        (Provider.GITLAB, "Issue Hook", {"object_kind": "issue"}),
        (Provider.GITLAB, "System Hook", {"event_name": "project_create"}),
        (Provider.BITBUCKET, "pr:opened", {}),
    ],
)
def test_another_event_is_heard_only(provider: Provider, event: str, payload: object) -> None:
    """The answer says which events are wanted."""
    told = read(provider, sent(provider, event, payload))

    assert isinstance(told, Heard)
    assert "let the hook send pushes only" in told.why


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000], ids=["empty", "cut", "list", "bytes", "deep"]
)
def test_what_is_not_the_events_json(provider: Provider, body: bytes) -> None:
    """It says what the hook should send."""
    with pytest.raises(UnreadableHookError, match="let the hook send"):
        read(provider, Sent(body=body, headers=push(provider).headers))


@pytest.mark.parametrize("body", [b"other=1", b"", b"&".join([b"a=1"] * 100)])
def test_a_form_without_its_field(body: bytes) -> None:
    """It says what the hook should send; a form of many fields is none of ours."""
    headers = push(Provider.GITHUB).headers | {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    with pytest.raises(UnreadableHookError, match="payload"):
        read(Provider.GITHUB, Sent(body=body, headers=headers))


def test_a_push_that_names_no_repository() -> None:
    """Nothing can be asked then."""
    with pytest.raises(UnreadableHookError, match="names no repository"):
        read(Provider.GITHUB, sent(Provider.GITHUB, "push", {"ref": "refs/heads/main", "repository": {}}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("provider", Provider)
@given(payload=JSON)
def test_any_payload_is_read_or_refused(provider: Provider, payload: object) -> None:
    """Whoever has the secret may send anything: it is told, heard or refused, never an error of ours."""
    body = json.dumps(payload).encode()

    with suppress(UnreadableHookError):
        assert isinstance(read(provider, Sent(body=body, headers=push(provider).headers)), Told)


def test_unknown_fields_and_nulls_of_others_do_not_disturb() -> None:
    """Payloads grow with each release of the sender."""
    payload = json.loads(push(Provider.GITHUB).body) | {"new_field": {"a": None}, "pusher": None}

    assert read(Provider.GITHUB, sent(Provider.GITHUB, "push", payload)) == MAIN
