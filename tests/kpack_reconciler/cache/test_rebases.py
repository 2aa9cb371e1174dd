"""What became of rebases is found by the Build that is one, for as long as it may matter."""

from datetime import UTC, datetime

import pytest

from kpack_api.types import Kind
from kpack_reconciler.cache import facts as module
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.cache.facts import Facts
from kpack_reconciler.gather.build import gather_build
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import rebase_question
from tests import make

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def rebased(number: int, answer: NotRebasable | Fault | None = None, *, attempt: int = 1) -> ImageRebased:
    question = rebase_question(make.running_build(number), make.RUN_IMAGE)
    told = answer or NotRebasable(reason="StackMismatch", message="no")
    return ImageRebased(question=question, answer=told, at=NOW, attempt=attempt)


def test_the_newest_outcome_counts() -> None:
    """A later attempt replaces an earlier one."""
    facts, later = Facts(), rebased(1, attempt=2)

    told = [facts.record(fact) for fact in (rebased(1, Fault(reason="x", message="y", permanent=False)), later)]

    assert told == [True, True]
    assert facts.rebased(later.question.build_uid) == later


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten: should it be needed, it is found out again."""
    monkeypatch.setattr(module, "_MOST_REBASES", 2)
    facts, kept = Facts(), [rebased(number) for number in (1, 2, 1, 3)]

    for fact in kept:
        facts.record(fact)

    assert facts.rebased(rebased(2).question.build_uid) is None
    assert facts.rebased(rebased(1).question.build_uid) == kept[2]
    assert facts.rebased(rebased(3).question.build_uid) == kept[3]


def test_a_build_knows_its_rebase_and_no_other_s() -> None:
    """By its UID: a Build of the same name that was deleted and made again asks anew."""
    cache, build = Cache(), make.running_build(2)
    cache.builds.put(build)
    cache.facts.record(rebased(1))

    def world() -> ImageRebased | None:
        found = gather_build(cache, Key(Kind.BUILD, build.metadata.namespace, build.metadata.name), make.SETTINGS)
        assert found is not None
        return found.rebased

    before = world()
    cache.facts.record(rebased(2))

    assert before is None
    assert world() == rebased(2)
