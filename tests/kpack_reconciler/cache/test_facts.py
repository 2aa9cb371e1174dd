"""What is forgotten, and when."""

from datetime import timedelta

from msgspec.structs import replace

from kpack_api.types import GitType
from kpack_reconciler.cache.facts import Facts
from kpack_reconciler.model.facts import Revision
from kpack_reconciler.model.questions import builder_question
from tests import make


def test_a_revision_that_nobody_asks_for_is_forgotten() -> None:
    """What is still asked for stays."""
    facts, commit = Facts(), Revision(revision=make.REVISION, type=GitType.COMMIT)
    asked = make.revision_seen(make.resolver(), commit)
    other = make.revision_seen(make.resolver(source=make.git_source("other")), commit)
    for fact in (asked, other):
        facts.record(fact)

    facts.keep_revisions({asked.question})

    assert (facts.revision(asked.question), facts.revision(other.question)) == (asked, None)


def test_a_builder_image_that_nobody_asks_for_is_forgotten_after_a_while() -> None:
    """A Build asks for itself, once: its answer is not taken away before it was read."""
    facts, build, builder = Facts(), make.running_build(), make.ready_builder()
    old, polled = make.build_seen(build, at=make.NOW), make.builder_seen(builder, make.builder_image())
    for fact in (old, polled):
        facts.record(fact)

    facts.keep_builder_images({builder_question(builder)}, since=make.NOW)
    assert facts.builder_image(old.question) == old
    facts.keep_builder_images({builder_question(builder)}, since=make.NOW + timedelta(seconds=1))

    assert (facts.builder_image(old.question), facts.builder_image(polled.question)) == (None, polled)


def test_a_builder_image_is_found_by_its_digest() -> None:
    """By whoever is in the namespace of the one who asked; what a ClusterBuilder learnt serves all."""
    facts, builder = Facts(), make.ready_builder()
    cluster_builder = replace(builder, metadata=replace(builder.metadata, namespace=""))
    in_team = make.builder_seen(builder, make.builder_image())
    for_all = make.builder_seen(cluster_builder, make.builder_image(latest_image=make.RUN_IMAGE))
    for fact in (in_team, for_all):
        facts.record(fact)

    assert facts.builder_contents(make.BUILDER_IMAGE, "team") == in_team
    assert facts.builder_contents(make.BUILDER_IMAGE, "other") is None
    assert facts.builder_contents(make.RUN_IMAGE, "other") == for_all


def test_the_contents_of_a_builder_image_are_forgotten_with_it() -> None:
    """A refused look and a builder that is gone both leave nothing behind."""
    facts, builder = Facts(), make.ready_builder()
    facts.record(make.builder_seen(builder, make.builder_image()))

    facts.keep_builder_images((), since=make.NOW + timedelta(seconds=1))

    assert facts.builder_contents(make.BUILDER_IMAGE, "team") is None
