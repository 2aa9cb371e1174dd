"""The reflectors of single namespaces against an API server in memory: what is asked for, and in which order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache, CachedObject, CoreKind
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.wiring.reflecting import AnyReflector, Later, Reflecting
from tests.fakes.kubernetes import FakeKubernetes

KPACK = "/apis/build.pivotal.io/v1alpha1"
NAMESPACED = {"builders", "sourceresolvers", "pods", "persistentvolumeclaims", "builds", "images"}


def nothing(_kind: Kind | CoreKind, _before: CachedObject | None, _after: CachedObject | None) -> None:
    """Listen to no change."""


@asynccontextmanager
async def reflecting(api: FakeKubernetes, *namespaces: str) -> AsyncIterator[tuple[Cache, tuple[AnyReflector, ...]]]:
    """Run the reflectors of these namespaces until the context ends; it begins when all of them have listed."""
    cache = Cache()
    async with api.serve() as config, KubeClient(config) as kube:
        made = Reflecting(kube=kube, changed=nothing, namespaces=namespaces).all(cache)
        tasks = [asyncio.create_task(reflector.run()) for reflector in made]
        async with asyncio.timeout(10):
            for reflector in made:
                await reflector.synced.wait()
        yield cache, made
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def collections(api: FakeKubernetes) -> list[str]:
    """The plural names of the collections that were asked for, in order."""
    return [path.rpartition("/")[2] for _, path in api.requests]


async def test_only_the_named_namespaces_are_asked_for() -> None:
    """Each kind is listed in each of them, ClusterBuilders once; all objects of a kind lie in one store."""
    api = FakeKubernetes()
    for namespace in ("a", "b", "other"):
        api.put(f"{KPACK}/namespaces/{namespace}/images", {"metadata": {"name": "app"}, "spec": {}})

    async with reflecting(api, "a", "b") as (cache, made):
        places = {image.metadata.namespace for image in cache.images.values()}

    assert places == {"a", "b"}
    assert {(each.namespace, each.resource) for each in made} == {
        ("", "clusterbuilders"),
        *((namespace, kind) for namespace in ("a", "b") for kind in NAMESPACED),
    }
    asked = {path.removeprefix(KPACK).removeprefix("/api/v1").rpartition("/")[0] for _, path in api.requests}
    assert asked == {"", "/namespaces/a", "/namespaces/b"}


async def test_without_names_all_namespaces_are_asked_for_at_once() -> None:
    """One reflector for each kind."""
    async with reflecting(FakeKubernetes()) as (_, made):
        assert [(each.namespace, each.resource) for each in made if each.namespace] == []
        assert {each.resource for each in made} == NAMESPACED | {"clusterbuilders"}


async def test_a_namespace_is_listed_in_turn() -> None:
    """Builds come after their pods, Images after all that they are judged by, however long that takes."""
    api = FakeKubernetes()
    for part in ("pods", "clusterbuilders"):
        for _ in range(2):
            api.refuse_next("GET", part, 503)

    async with reflecting(api, "team"):
        asked = collections(api)

    assert [index for index, kind in enumerate(asked) if kind == "pods"][2] < asked.index("builds")
    assert [index for index, kind in enumerate(asked) if kind == "clusterbuilders"][2] < asked.index("images")
    assert asked.index("builds") < asked.index("images")


async def test_who_waits_for_others_is_not_broken() -> None:
    """A reflector that has not begun shows what it will keep, and no failure."""
    api = FakeKubernetes()

    async with reflecting(api, "team") as (_, made):
        images = made[-1]

    assert isinstance(images, Later)
    assert (images.namespace, images.resource, images.broken_since) == ("team", "images", None)
