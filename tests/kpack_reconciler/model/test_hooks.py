"""Who sent a hook, and whether it is proven."""

import pytest
from multidict import CIMultiDict

from kpack_reconciler.model.hooks import ImagesPushed, Provider, Pushed, event_of, is_proven, proof_header, provider_of
from kpack_reconciler.model.references import parse_image
from tests.fakes.hook_senders import SECRET, Sent, push

WRONG = "another-secret"


def proven(provider: Provider, hook: Sent, *secrets: str) -> bool:
    return is_proven(provider, CIMultiDict(hook.headers), hook.body, secrets)


@pytest.mark.parametrize("provider", Provider)
def test_a_sender_is_known_by_its_headers(provider: Provider) -> None:
    """Gitea, which also sends GitHub's headers, is not taken for GitHub."""
    headers = CIMultiDict({name.lower(): value for name, value in push(provider).headers.items()})

    assert provider_of(headers) is provider
    assert event_of(provider, headers) in {"push", "Push Hook", "repo:push", ""}


def test_an_unknown_sender_is_none() -> None:
    """JSON alone is nobody's hook."""
    assert provider_of(CIMultiDict({"Content-Type": "application/json"})) is None


@pytest.mark.parametrize("provider", Provider)
def test_the_right_secret_proves(provider: Provider) -> None:
    """Also as one of two, in either order; not a wrong one, an empty one or none."""
    hook = push(provider)

    assert proven(provider, hook, SECRET)
    assert proven(provider, hook, WRONG, SECRET)
    assert proven(provider, hook, SECRET, WRONG)
    assert not proven(provider, hook, WRONG)
    assert not proven(provider, hook)
    assert not proven(provider, push(provider, secret=""), "")


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.GITEA, Provider.BITBUCKET])
def test_a_signature_is_of_the_whole_body(provider: Provider) -> None:
    """One byte more proves nothing."""
    hook = push(provider)

    assert not is_proven(provider, CIMultiDict(hook.headers), hook.body + b" ", (SECRET,))


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("shown", [None, "", "sha256=", "Bearer ", "\udcff", SECRET[:-1]])
def test_a_missing_or_broken_proof_proves_nothing(provider: Provider, shown: str | None) -> None:
    """Neither no header nor what is no signature."""
    hook = push(provider)
    headers = {name: value for name, value in hook.headers.items() if name != proof_header(provider)}
    headers |= {} if shown is None else {proof_header(provider): shown}

    assert not is_proven(provider, CIMultiDict(headers), hook.body, (SECRET,))


@pytest.mark.parametrize(
    ("revision", "refs", "moves"),
    [
        ("main", {"refs/heads/main"}, True),
        ("v1", {"refs/tags/v1"}, True),
        ("refs/heads/main", {"refs/heads/main"}, True),
        ("heads/main", {"refs/heads/main"}, True),
        ("HEAD", {"refs/heads/other"}, True),
        ("main", set(), True),
        ("main", {"refs/heads/other", "refs/tags/v1"}, False),
        ("main", {"refs/heads/feature/main"}, False),
        ("bffeb74", {"refs/heads/main"}, False),
    ],
)
def test_which_revisions_a_push_may_move(revision: str, refs: set[str], *, moves: bool) -> None:
    """Those that its references name; all where it names none; HEAD always."""
    assert Pushed(repositories=frozenset({"team/app"}), refs=frozenset(refs)).moves(revision) is moves


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("registry.example.com/stack/builder:base", True),
        ("other.example.com:5000/stack/builder:base", True),
        ("registry.example.com/stack/builder:full", False),
        ("registry.example.com/stack/builder", False),
        (f"registry.example.com/stack/builder@sha256:{'a' * 64}", True),
        (f"registry.example.com/stack/run@sha256:{'a' * 64}", False),
    ],
)
def test_which_images_a_pushed_tag_may_move(image: str, *, moves: bool) -> None:
    """Those of this repository and tag; of a digest the tag is not known."""
    assert ImagesPushed(tags=frozenset({("stack/builder", "base")})).moves(parse_image(image)) is moves
