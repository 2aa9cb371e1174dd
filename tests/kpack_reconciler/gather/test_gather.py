"""A world holds all that its object refers to, and nothing else."""

from datetime import timedelta

from msgspec.structs import replace

from kpack_api.names import build_name
from kpack_api.types import BlobSource, Builder, BuilderReference, GitType, Kind, Source
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.gather.build import gather_build
from kpack_reconciler.gather.builder import gather_builder
from kpack_reconciler.gather.image import gather_image
from kpack_reconciler.gather.source import gather_source_resolver
from kpack_reconciler.model.facts import Fault, Revision
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.refusals import WriteRefused, Written
from kpack_reconciler.model.worlds import ImageWorld
from tests import make

INTERVAL = timedelta(seconds=30)


def cluster_builder() -> Builder:
    builder = make.ready_builder()
    return replace(builder, metadata=replace(builder.metadata, namespace=""))


def test_an_image_comes_with_builder_builds_resolver_and_claim() -> None:
    """Each found by its own name."""
    cache = Cache()
    cache.images.put(make.settled_image())
    cache.builders.put(make.ready_builder())
    cache.cluster_builders.put(cluster_builder())
    cache.builds.put(make.succeeded_build())
    cache.source_resolvers.put(make.resolver())
    cache.claims.put(make.claim())

    world = gather_image(cache, Key(Kind.IMAGE, "team", "app"))

    assert world == ImageWorld(
        image=make.settled_image(),
        builder=make.ready_builder(),
        builds=(make.succeeded_build(),),
        source_resolver=make.resolver(),
        cache_claim=make.claim(),
    )


def test_the_builder_s_kind_decides_where_it_is_sought() -> None:
    """A ClusterBuilder has no namespace; an unknown kind is not found."""
    cache = Cache()
    cache.cluster_builders.put(cluster_builder())

    found = {}
    for kind in ("ClusterBuilder", "Builder", "CustomBuilder"):
        reference = BuilderReference(kind=kind, name="builder")
        cache.images.put(make.new_image(replace(make.image_spec(), builder=reference)))
        world = gather_image(cache, Key(Kind.IMAGE, "team", "app"))
        assert world is not None
        found[kind] = world.builder

    assert found == {"ClusterBuilder": cluster_builder(), "Builder": None, "CustomBuilder": None}


def test_a_build_comes_with_pod_and_facts() -> None:
    """The facts are those that answer the Build's own questions."""
    cache, build = Cache(), make.running_build()
    expected = make.build_world(build)
    assert expected.builder_image is not None
    assert expected.credentials is not None
    cache.builds.put(build)
    cache.pods.put(make.pod(build))
    cache.facts.record(expected.builder_image)
    cache.facts.record(expected.credentials)

    world = gather_build(cache, Key(Kind.BUILD, "team", build.metadata.name), make.SETTINGS)

    assert world is not None
    assert (world.pod, world.builder_image, world.credentials) == (
        make.pod(build),
        expected.builder_image,
        expected.credentials,
    )


def test_a_build_comes_with_its_own_newest_pod_and_those_before() -> None:
    """By the attempts in their names; a pod of somebody else counts only where the Build has none of its own."""
    cache, build = Cache(), make.running_build()
    first = make.pod(build)
    second = replace(first, metadata=replace(first.metadata, name=f"{first.metadata.name}-2"))
    foreign = replace(first, metadata=replace(first.metadata, name=f"{first.metadata.name}-3", owner_references=()))
    cache.builds.put(build)

    seen = []
    for pods in ((), (foreign,), (second, first), (first, second, foreign)):
        for pod in pods:
            cache.pods.put(pod)
        world = gather_build(cache, Key(Kind.BUILD, "team", build.metadata.name), make.SETTINGS)
        assert world is not None
        seen.append((world.pod, world.earlier))

    assert seen == [(None, ()), (foreign, ()), (second, (first,)), (second, (first,))]


def test_what_was_refused_comes_with_whom_it_concerns() -> None:
    """A Build hears of its pods, an Image of its next Build, its SourceResolver and its claim."""
    cache, build = Cache(), make.succeeded_build()
    names = {
        "Pod": f"{build.metadata.name}-build-pod-2",
        Kind.BUILD: build_name("app", 2, uid=make.IMAGE_UID),
        Kind.SOURCE_RESOLVER: "app-source",
        "PersistentVolumeClaim": "app-cache",
    }
    fault = Fault(reason="Forbidden", message="quota", permanent=False)
    refused = [
        WriteRefused(question=Written(kind, "team", name), answer=fault, at=make.NOW) for kind, name in names.items()
    ]
    cache.images.put(make.settled_image())
    cache.builds.put(build)
    for fact in (WriteRefused(question=Written("Pod", "team", "other"), answer=fault, at=make.NOW), *refused):
        cache.facts.refuse(fact)

    of_build = gather_build(cache, Key(Kind.BUILD, "team", build.metadata.name), make.SETTINGS)
    of_image = gather_image(cache, Key(Kind.IMAGE, "team", "app"))

    assert of_build is not None
    assert of_image is not None
    assert of_build.refusals == (refused[0],)
    assert of_image.refusals == tuple(refused[1:])


def test_an_image_comes_with_whoever_has_its_next_build_s_name() -> None:
    """A Build without the Image's label is in no list of its Builds."""
    cache = Cache()
    stranger = make.running_build(2)
    stranger = replace(stranger, metadata=replace(stranger.metadata, labels={}))
    cache.images.put(make.settled_image())
    cache.builds.put(make.succeeded_build())
    cache.builds.put(stranger)

    world = gather_image(cache, Key(Kind.IMAGE, "team", "app"))

    assert world is not None
    assert (world.builds, world.namesake) == ((make.succeeded_build(),), stranger)


def test_builders_come_with_what_was_seen_of_their_images() -> None:
    """Builder and ClusterBuilder ask with different credentials."""
    cache, local, wide = Cache(), make.ready_builder(), cluster_builder()
    cache.builders.put(local)
    cache.cluster_builders.put(wide)
    cache.facts.record(make.builder_seen(wide, make.builder_image()))

    of_local = gather_builder(cache, Key(Kind.BUILDER, "team", "builder"), INTERVAL)
    of_wide = gather_builder(cache, Key(Kind.CLUSTER_BUILDER, "", "builder"), INTERVAL)

    assert of_local is not None
    assert of_wide is not None
    assert (of_local.seen, of_wide.seen) == (None, make.builder_seen(wide, make.builder_image()))
    assert of_local.interval == INTERVAL


def test_a_source_resolver_comes_with_its_revision() -> None:
    """Only git sources have one."""
    cache, subject = Cache(), make.resolver()
    seen = make.revision_seen(subject, Revision(revision=make.REVISION, type=GitType.BRANCH))
    cache.facts.record(seen)
    key = Key(Kind.SOURCE_RESOLVER, "team", "app-source")

    cache.source_resolvers.put(subject)
    git = gather_source_resolver(cache, key, INTERVAL)
    cache.source_resolvers.put(make.resolver(Source(blob=BlobSource(url="u"))))
    blob = gather_source_resolver(cache, key, INTERVAL)

    assert git is not None
    assert blob is not None
    assert (git.resolved, blob.resolved) == (seen, None)


def test_what_is_gone_has_no_world() -> None:
    """A key of something that is no longer in the cache needs no decision."""
    cache = Cache()

    assert gather_image(cache, Key(Kind.IMAGE, "team", "app")) is None
    assert gather_build(cache, Key(Kind.BUILD, "team", "app"), make.SETTINGS) is None
    assert gather_builder(cache, Key(Kind.BUILDER, "team", "app"), INTERVAL) is None
    assert gather_source_resolver(cache, Key(Kind.SOURCE_RESOLVER, "team", "app"), INTERVAL) is None


def test_a_build_knows_of_its_builder_image_what_its_builder_knows() -> None:
    """By digest; what was answered to the Build itself counts more."""
    cache, build = Cache(), make.running_build()
    polled = make.builder_seen(make.ready_builder(), make.builder_image())
    cache.builds.put(build)
    cache.facts.record(polled)
    key = Key(Kind.BUILD, "team", build.metadata.name)

    first = gather_build(cache, key, make.SETTINGS)
    own = make.build_seen(build, Fault(reason="ImageNotFound", message="gone", permanent=True))
    cache.facts.record(own)
    second = gather_build(cache, key, make.SETTINGS)

    assert first is not None
    assert second is not None
    assert (first.builder_image, second.builder_image) == (polled, own)
