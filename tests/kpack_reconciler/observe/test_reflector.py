"""A reflector against an API server in memory: its store ends up like the server's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest

from kpack_api.core import Pod
from kpack_api.wire import ObjectMeta
from kpack_reconciler.cache.store import Store
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.observe.reflector import Reflector, Watched
from tests.fakes.api_objects import Change
from tests.fakes.kubernetes import FakeKubernetes

PODS = "/api/v1/namespaces/team/pods"


def pod(name: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": name, "labels": {"build.pivotal.io/build": "b", **labels}}}


@dataclass
class Seen:
    """What a reflector told, and the way to wait for it."""

    store: Store[Pod]
    changes: list[tuple[str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self, before: Pod | None, after: Pod | None) -> None:
        """Remember one change."""
        value = after or before
        assert value is not None
        kind = "deleted" if after is None else "changed" if before else "added"
        self.changes.append((kind, value.metadata.name))
        self.news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for a change that makes this true."""
        async with asyncio.timeout(5):
            while not true():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def reflecting(
    api: FakeKubernetes, store: Store[Pod] | None = None, *, namespace: str = ""
) -> AsyncIterator[Seen]:
    seen = Seen(Store() if store is None else store)
    async with api.serve() as config, KubeClient(config) as kube:
        watched = Watched(
            path=f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods",
            decode=msgspec.json.Decoder(Pod).decode,
            store=seen.store,
            changed=seen.changed,
            label_selector="build.pivotal.io/build",
            namespace=namespace,
        )
        reflector = Reflector(kube, watched, jitter=lambda: 1.0, first_delay=0.001)
        task = asyncio.create_task(reflector.run())
        try:
            async with asyncio.timeout(5):
                await reflector.synced.wait()
            yield seen
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_all_pages_of_a_list_arrive_before_synced() -> None:
    """A list longer than a page is read to its end; objects without the label are not asked for."""
    api = FakeKubernetes()
    for number in range(1203):
        api.put(PODS, pod(f"p{number}"))
    api.put(PODS, {"metadata": {"name": "foreign"}})

    async with reflecting(api) as seen:
        names = {value.metadata.name for value in seen.store.values()}

    assert names == {f"p{number}" for number in range(1203)}


async def test_changes_are_told_as_they_happen_in_torn_lines() -> None:
    """Added, changed and deleted objects reach the store, however the lines of the watch are cut."""
    api = FakeKubernetes()
    api.split_lines = True

    async with reflecting(api) as seen:
        api.put(PODS, pod("app"))
        await seen.until(lambda: len(seen.changes) == 1)
        api.put(PODS, pod("app", x="1"))
        await seen.until(lambda: len(seen.changes) == 2)
        api.remove(f"{PODS}/app")
        await seen.until(lambda: len(seen.changes) == 3)

    assert seen.changes == [("added", "app"), ("changed", "app"), ("deleted", "app")]
    assert seen.store.get("team", "app") is None


async def test_a_watch_resumes_where_it_ended() -> None:
    """A watch that ends is opened again from the last version; nothing is listed anew or told twice."""
    api = FakeKubernetes()
    api.put(PODS, pod("first"))

    async with reflecting(api) as seen:
        api.cut_watches()
        api.put(PODS, pod("second"))
        await seen.until(lambda: seen.store.get("team", "second") is not None)

    assert seen.changes == [("added", "first"), ("added", "second")]


async def test_a_deletion_missed_while_away_is_seen_after_410() -> None:
    """When the version is gone, the list that follows tells of what vanished meanwhile, and only of that."""
    api = FakeKubernetes()
    api.put(PODS, pod("stays"))
    api.put(PODS, pod("goes"))

    async with reflecting(api) as seen:
        api.remove(f"{PODS}/goes")
        api.compact()
        api.cut_watches()
        await seen.until(lambda: seen.store.get("team", "goes") is None)

    assert seen.changes == [("added", "goes"), ("added", "stays"), ("deleted", "goes")]


async def test_a_list_of_one_namespace_forgets_nothing_of_another() -> None:
    """Several reflectors keep one store: each one's list tells only what vanished from its own namespace."""
    api, store = FakeKubernetes(), Store[Pod]()
    api.put(PODS, pod("stays"))
    for namespace, name in (("team", "vanished"), ("other", "foreign")):
        store.put(Pod(metadata=ObjectMeta(namespace=namespace, name=name)))

    async with reflecting(api, store, namespace="team") as seen:
        places = {(value.metadata.namespace, value.metadata.name) for value in store.values()}

    assert places == {("team", "stays"), ("other", "foreign")}
    assert seen.changes == [("added", "stays"), ("deleted", "vanished")]


async def test_refusals_of_the_server_are_waited_out() -> None:
    """A missing kind, missing rights and a broken server at the start are all tried again."""
    api = FakeKubernetes()
    api.put(PODS, pod("app"))
    for status in (404, 403, 500):
        api.refuse_next("GET", "/api/v1/pods", status)

    async with reflecting(api) as seen:
        assert seen.store.get("team", "app") is not None


async def test_an_object_that_is_not_understood_does_not_hide_the_others() -> None:
    """One broken object is skipped; the reflector lives."""
    api = FakeKubernetes()
    api.put(PODS, {**pod("broken"), "spec": {"containers": "none"}})
    api.put(PODS, pod("sound"))

    async with reflecting(api) as seen:
        assert [value.metadata.name for value in seen.store.values()] == ["sound"]


async def test_an_object_that_is_nested_too_deeply_is_waited_out() -> None:
    """The API server keeps more levels than any reader; once such an object is gone, its kind is seen again."""
    api = FakeKubernetes()
    api.put(PODS, pod("sound"))
    line = b'{"type":"ADDED","object":{"metadata":{"name":"deep"},"spec":' + b"[" * 1500 + b"]" * 1500 + b"}}\n"
    deep = Change(api.version + 1, "ADDED", pod("deep"), line)
    api.history["api/v1/pods"].append(deep)

    async with reflecting(api) as seen:
        async with asyncio.timeout(5):
            while len(api.requests) < 3:  # noqa: ASYNC110 - a list, a watch, and the watch once more
                await asyncio.sleep(0.01)
        api.history["api/v1/pods"].remove(deep)
        api.put(PODS, pod("later"))
        await seen.until(lambda: seen.store.get("team", "later") is not None)

    assert seen.changes == [("added", "sound"), ("added", "later")]


async def test_a_line_that_is_cut_off_is_waited_out() -> None:
    """A proxy may end a watch in good order within a line: it is resumed, and the change told again."""
    api = FakeKubernetes()
    api.put(PODS, pod("app"))
    async with reflecting(api) as seen:
        api.torn = 1
        api.put(PODS, pod("web"))
        await seen.until(lambda: ("added", "web") in seen.changes)

    assert seen.changes == [("added", "app"), ("added", "web")]


async def test_a_bug_ends_the_reflector() -> None:
    """Whatever is no answer of the server leaves `run`, so that the process ends."""
    api = FakeKubernetes()
    api.put(PODS, pod("app"))

    def decode(_: msgspec.Raw) -> Pod:
        raise ZeroDivisionError

    async with api.serve() as config, KubeClient(config) as kube:
        watched = Watched(path="/api/v1/pods", decode=decode, store=Store[Pod](), changed=lambda *_: None)
        with pytest.raises(ZeroDivisionError):
            await Reflector(kube, watched, jitter=lambda: 1.0).run()
