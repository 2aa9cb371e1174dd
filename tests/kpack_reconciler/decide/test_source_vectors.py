"""What a SourceResolver shows, as in kpack v0.0.9; the numbers are those of `docs/parity.md`."""

import pytest
from msgspec.structs import replace

from kpack_api.types import BlobSource, GitType, RegistrySource, Source, SourceResolver, SourceResolverStatus
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.model.actions import PatchStatus
from kpack_reconciler.model.facts import Fault, Revision
from kpack_reconciler.model.worlds import SourceResolverWorld
from tests import make

DOWN = Fault(reason="GitUnavailable", message="503", permanent=False)


def fresh(source: Source) -> SourceResolver:
    return replace(make.resolver(source), status=SourceResolverStatus())


def answered(resolver: SourceResolver, answer: Revision | Fault) -> SourceResolverWorld:
    return SourceResolverWorld(source_resolver=resolver, resolved=make.revision_seen(resolver, answer))


def shown(world: SourceResolverWorld) -> SourceResolverStatus:
    (action,) = decide_source_resolver(world, make.NOW).actions
    assert isinstance(action, PatchStatus)
    assert isinstance(action.status, SourceResolverStatus)
    return action.status


def conditions(status: SourceResolverStatus) -> list[tuple[str, str]]:
    return [(condition.type, condition.status) for condition in status.conditions]


@pytest.mark.parametrize(
    ("kind", "polled"),
    [
        pytest.param(GitType.BRANCH, "True", id="R12 branch"),
        pytest.param(GitType.TAG, "True", id="R13 tag"),
        pytest.param(GitType.COMMIT, "False", id="R14 commit"),
    ],
)
def test_a_revision_is_shown_with_what_it_is(kind: GitType, polled: str) -> None:
    """The commit is shown, Ready is True, and only what can move is polled."""
    resolver = fresh(make.git_source(sub_path="web"))

    status = shown(answered(resolver, Revision(revision=make.REVISION, type=kind)))

    assert conditions(status) == [("Ready", "True"), ("ActivePolling", polled)]
    assert status.source == make.git_source(make.REVISION, kind, sub_path="web")


def test_a_fault_on_first_contact_is_told() -> None:
    """R15: nothing is resolved, Ready is Unknown and it is asked again (kpack: Ready True and asked no more)."""
    status = shown(answered(fresh(make.git_source()), DOWN))

    assert conditions(status) == [("Ready", "Unknown"), ("ActivePolling", "True")]
    assert (status.source, status.observed_generation) == (None, 1)


def test_a_later_fault_keeps_what_was_resolved() -> None:
    """R16: the generation is resolved already, so that nothing is written."""
    decision = decide_source_resolver(answered(make.resolver(), DOWN), make.NOW)

    assert decision.actions == ()


def test_the_same_answer_is_not_written_again() -> None:
    """R17: polling is free while nothing moves."""
    world = answered(make.resolver(), Revision(revision=make.REVISION, type=GitType.BRANCH))

    assert decide_source_resolver(world, make.NOW).actions == ()


def test_a_new_generation_is_observed() -> None:
    """R18: the same answer for a new generation moves `observedGeneration` only."""
    resolver = make.resolver()
    resolver = replace(resolver, metadata=replace(resolver.metadata, generation=2))

    status = shown(answered(resolver, Revision(revision=make.REVISION, type=GitType.BRANCH)))

    assert status == replace(resolver.status, observed_generation=2)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Source(blob=BlobSource(url="https://blobs.example/a.zip"), sub_path="web"), id="R22"),
        pytest.param(
            Source(blob=BlobSource(url="https://blobs.example/a.zip", strip_components=1), sub_path="x"), id="R25"
        ),
        pytest.param(
            Source(
                registry=RegistrySource(
                    image=f"reg.example/src@{make.digest('a')}", image_pull_secrets=(LocalObjectReference(name="s"),)
                )
            ),
            id="R23",
        ),
    ],
)
def test_other_sources_are_shown_as_written(source: Source) -> None:
    """Blobs and registry images are Ready at once and not polled."""
    status = shown(SourceResolverWorld(source_resolver=fresh(source)))

    assert conditions(status) == [("Ready", "True"), ("ActivePolling", "False")]
    assert status.source == source


def test_no_source_is_refused() -> None:
    """R24: kpack's words, in the condition."""
    status = shown(SourceResolverWorld(source_resolver=fresh(Source())))

    assert status.conditions[0].message.startswith("invalid source type")
    assert conditions(status)[0] == ("Ready", "False")
