"""Who is concerned by a change."""

from datetime import UTC, datetime, timedelta

import pytest

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.types import Build, Builder, BuilderReference, GitType, Image, ImageSpec, Kind, SourceResolver
from kpack_api.wire import ObjectMeta, OwnerReference
from kpack_reconciler.cache.cache import Cache, CachedObject, CoreKind
from kpack_reconciler.cache.facts import Facts
from kpack_reconciler.model.facts import Fault, Revision, RevisionQuestion, RevisionResolved
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.refusals import WriteRefused, Written

APP = Key(Kind.IMAGE, "team", "app")
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def owned(name: str, kind: Kind, owner: str, *, uid: str = "u1") -> ObjectMeta:
    reference = OwnerReference(api_version="build.pivotal.io/v1alpha1", kind=kind, name=owner, uid=uid, controller=True)
    labels = {"image.build.pivotal.io/image": "app"}
    return ObjectMeta(name=name, namespace="team", labels=labels, owner_references=(reference,))


def image(name: str = "app", *, namespace: str = "team", builder: str = "Builder", uid: str = "u1") -> Image:
    metadata = ObjectMeta(name=name, namespace=namespace, uid=uid)
    return Image(metadata=metadata, spec=ImageSpec(builder=BuilderReference(kind=builder, name="paketo")))


@pytest.mark.parametrize(
    ("kind", "value", "keys"),
    [
        (Kind.IMAGE, image(), [APP]),
        (Kind.BUILD, Build(metadata=owned("b1", Kind.IMAGE, "app")), [Key(Kind.BUILD, "team", "b1"), APP]),
        (
            Kind.SOURCE_RESOLVER,
            SourceResolver(metadata=owned("app-source", Kind.IMAGE, "app")),
            [Key(Kind.SOURCE_RESOLVER, "team", "app-source"), APP],
        ),
        (
            Kind.BUILDER,
            Builder(metadata=ObjectMeta(name="paketo", namespace="team")),
            [Key(Kind.BUILDER, "team", "paketo"), APP],
        ),
        (
            Kind.CLUSTER_BUILDER,
            Builder(metadata=ObjectMeta(name="paketo")),
            [Key(Kind.CLUSTER_BUILDER, "", "paketo"), Key(Kind.IMAGE, "team", "clustered")],
        ),
        (CoreKind.POD, Pod(metadata=owned("b1-pod", Kind.BUILD, "b1")), [Key(Kind.BUILD, "team", "b1")]),
        (CoreKind.CLAIM, PersistentVolumeClaim(metadata=owned("app-cache", Kind.IMAGE, "app")), [APP]),
        (CoreKind.POD, Pod(metadata=ObjectMeta(name="foreign", namespace="team")), []),
    ],
    ids=lambda value: str(value) if isinstance(value, (Kind, CoreKind)) else "",
)
def test_a_change_concerns_itself_and_its_readers(kind: Kind | CoreKind, value: CachedObject, keys: list[Key]) -> None:
    """Whoever reads an object when it gathers its world is looked at again when that object changes."""
    cache = Cache()
    cache.images.put(image())
    cache.images.put(image("clustered", builder="ClusterBuilder"))
    cache.images.put(image("elsewhere", namespace="other"))

    assert list(cache.related(kind, value)) == keys


def test_an_image_made_anew_does_not_inherit_builds() -> None:
    """Builds belong by label, unless another object of that name controls them."""
    cache = Cache()
    mine, theirs = owned("b1", Kind.IMAGE, "app", uid="u1"), owned("b2", Kind.IMAGE, "app", uid="u0")
    cache.builds.put(Build(metadata=mine))
    cache.builds.put(Build(metadata=theirs))

    assert [build.metadata.name for build in cache.builds_of(image())] == ["b1"]


def test_an_index_follows_the_object() -> None:
    """An Image that names another builder is found there, and no longer at the old one."""
    cache = Cache()
    builder = Builder(metadata=ObjectMeta(name="paketo", namespace="team"))
    cache.images.put(image())
    cache.images.put(image(builder="ClusterBuilder"))

    assert cache.images_of(builder) == ()
    assert cache.images_of(Builder(metadata=ObjectMeta(name="paketo"))) == (image(builder="ClusterBuilder"),)


def test_a_fact_tells_whether_the_answer_is_new() -> None:
    """The same answer at another time is no change; the time is remembered all the same."""
    facts, question = Facts(), RevisionQuestion("https://git/app", "main", "team", "default")
    first = RevisionResolved(question=question, answer=Revision(revision="abc", type=GitType.BRANCH), at=NOW)
    again = RevisionResolved(question=question, answer=first.answer, at=NOW + timedelta(seconds=60))
    moved = RevisionResolved(question=question, answer=Revision(revision="def", type=GitType.BRANCH), at=NOW)

    assert [facts.record(fact) for fact in (first, again)] == [True, False]
    assert facts.revision(question) == again
    assert facts.record(moved)


def test_refusals_are_kept_by_object_and_bounded() -> None:
    """The newest of each object, and the last thousand of them."""
    facts = Facts()
    fault = Fault(reason="Forbidden", message="quota", permanent=False)
    names = [Written("Pod", "team", f"p{number}") for number in range(1001)]
    for at in (NOW, NOW + timedelta(seconds=1)):
        for name in names:
            facts.refuse(WriteRefused(question=name, answer=fault, at=at))

    kept = facts.refusals(names)

    assert len(kept) == 1000
    assert {refused.at for refused in kept} == {NOW + timedelta(seconds=1)}
