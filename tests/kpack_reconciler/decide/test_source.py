import pytest
from msgspec.structs import replace

from kpack_api.types import BlobSource, GitType, RegistrySource, Source, SourceResolver, SourceResolverStatus
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.model.actions import PatchStatus
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault, Revision
from kpack_reconciler.model.worlds import SourceResolverWorld
from tests import make

REFUSED = Fault(reason="RepositoryNotFound", message="https://git.example/app: 404", permanent=True)
DOWN = Fault(reason="GitUnreachable", message="timeout", permanent=False)


def unresolved(source: Source | None = None) -> SourceResolver:
    return replace(make.resolver(source), status=SourceResolverStatus())


def look(subject: SourceResolver, answer: Revision | Fault | None) -> Decision:
    resolved = None if answer is None else make.revision_seen(subject, answer)
    return decide_source_resolver(SourceResolverWorld(source_resolver=subject, resolved=resolved), make.NOW)


def patched(decision: Decision) -> SourceResolverStatus:
    (action,) = decision.actions
    assert isinstance(action, PatchStatus)
    assert isinstance(action.status, SourceResolverStatus)
    return action.status


@pytest.mark.parametrize(
    ("kind", "polled"), [(GitType.BRANCH, "True"), (GitType.TAG, "True"), (GitType.COMMIT, "False")]
)
def test_a_resolved_revision_is_shown(kind: GitType, polled: str) -> None:
    """With what it turned out to be; branches and tags are polled, commits are not."""
    subject = unresolved(make.git_source(sub_path="web"))

    status = patched(look(subject, Revision(revision=make.REVISION, type=kind)))

    assert status.source == make.git_source(make.REVISION, kind, sub_path="web")
    assert [(condition.type, condition.status) for condition in status.conditions] == [
        ("Ready", "True"),
        ("ActivePolling", polled),
    ]
    assert status.observed_generation == 1


def test_the_same_answer_writes_nothing() -> None:
    """Polling is free while nothing moves."""
    assert look(make.resolver(), Revision(revision=make.REVISION, type=GitType.BRANCH)).actions == ()


def test_without_an_answer_nothing_is_said() -> None:
    """The poller looks again when it has one."""
    assert look(unresolved(), None).actions == ()


def test_a_definite_refusal_is_shown() -> None:
    """Ready False with the server's words, and it goes on being asked."""
    for subject in (unresolved(), make.resolver()):
        ready, polling = patched(look(subject, REFUSED)).conditions
        assert (ready.status, ready.reason, ready.message) == ("False", REFUSED.reason, REFUSED.message)
        assert polling.status == "True"


def test_a_fault_that_may_pass_changes_nothing_once_resolved() -> None:
    """Before that it is told, and Ready stays Unknown."""
    assert look(make.resolver(), DOWN).actions == ()
    ready, _ = patched(look(unresolved(), DOWN)).conditions
    assert (ready.status, ready.reason, ready.message) == ("Unknown", DOWN.reason, DOWN.message)


@pytest.mark.parametrize(
    "source", [Source(blob=BlobSource(url="u"), sub_path="x"), Source(registry=RegistrySource(image="i"))]
)
def test_other_sources_are_taken_as_written(source: Source) -> None:
    """Blob and registry sources need no answer and are not polled (kpack v0.0.9)."""
    status = patched(decide_source_resolver(SourceResolverWorld(source_resolver=unresolved(source)), make.NOW))

    assert status.source == source
    assert [condition.status for condition in status.conditions] == ["True", "False"]


def test_no_source_at_all_is_refused() -> None:
    """In the words of kpack v0.0.9, with the next step."""
    status = patched(
        decide_source_resolver(SourceResolverWorld(source_resolver=unresolved(Source(sub_path="x"))), make.NOW)
    )

    assert status.conditions[0].message.startswith("invalid source type")


def test_what_is_going_away_is_left_alone() -> None:
    """Nothing is written about it."""
    subject = unresolved()
    subject = replace(subject, metadata=replace(subject.metadata, deletion_timestamp=make.CREATED))

    assert look(subject, REFUSED).actions == ()
