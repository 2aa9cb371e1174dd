"""Which refusals of the API server are remembered, and for how long they count."""

import pytest

from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.actions import (
    Action,
    CreateBuild,
    CreateCacheClaim,
    CreatePod,
    CreateSourceResolver,
    DeletePod,
    UpdateCacheClaim,
    UpdateSourceResolver,
)
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.numbers import build_number, image_generation
from kpack_reconciler.model.refusals import Written, refusal, refusal_of
from tests import make

CLAIM = Written("PersistentVolumeClaim", "team", "app-cache")


@pytest.mark.parametrize(
    ("action", "written"),
    [
        (CreatePod(pod=make.pod(make.running_build()), reason=""), ("Pod", "app-build-1-7b56t-build-pod")),
        (CreateBuild(build=make.running_build(), reason=""), ("Build", "app-build-1-7b56t")),
        (CreateSourceResolver(source_resolver=make.resolver(), reason=""), ("SourceResolver", "app-source")),
        (UpdateSourceResolver(source_resolver=make.resolver(), reason=""), ("SourceResolver", "app-source")),
        (CreateCacheClaim(claim=make.claim(), reason=""), ("PersistentVolumeClaim", "app-cache")),
        (UpdateCacheClaim(claim=make.claim(), reason=""), ("PersistentVolumeClaim", "app-cache")),
    ],
)
def test_a_refused_write_is_known_by_its_object(action: Action, written: tuple[str, str]) -> None:
    """So that whoever would write it again can tell why it does not exist."""
    refused = refusal(action, PermanentError("Forbidden", "exceeded quota"), make.NOW)

    assert refused is not None
    assert (refused.question.kind, refused.question.name) == written
    assert refused.answer == Fault(reason="Forbidden", message="exceeded quota", permanent=False)
    assert refusal_of(action, (refused,), make.later(599)) == refused.answer
    assert refusal_of(action, (refused,), make.later(600)) is None


def test_only_invalid_is_final() -> None:
    """A quota may grow and a policy may change; an invalid object stays one."""
    create = CreateCacheClaim(claim=make.claim(), reason="")
    refused = refusal(create, PermanentError("Invalid", "must be greater than 0"), make.NOW)

    assert refused is not None
    assert refused.answer.permanent


def test_a_refused_deletion_holds_nothing_up() -> None:
    """Nothing needs to know of it."""
    delete = DeletePod(namespace="team", name="p", uid="u", reason="")

    assert refusal(delete, PermanentError("Forbidden", "no"), make.NOW) is None


@pytest.mark.parametrize(
    ("label", "number"), [("7", 7), ("007", 7), ("", 0), ("x", 0), ("-1", 0), ("²", 0), ("٣", 0), ("9" * 63, 0)]
)
def test_a_label_that_is_no_number_counts_as_none(label: str, number: int) -> None:
    """Labels can be edited by anybody; no text of theirs crashes a decision or overflows a status."""
    build = make.running_build()
    labels = dict.fromkeys(build.metadata.labels, label)
    build = make.replace(build, metadata=make.replace(build.metadata, labels=labels))

    assert (build_number(build), image_generation(build)) == (number, number)
