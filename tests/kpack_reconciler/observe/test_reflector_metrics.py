"""What a reflector tells of its own sight, against an API server in memory."""

import asyncio
from collections.abc import Callable

import msgspec

from kpack_api.core import Pod
from kpack_reconciler.cache.store import Store
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.observe.reflector import Reflector, Watched
from tests.fakes.kubernetes import FakeKubernetes
from tests.scrape import counted

PODS = "/api/v1/namespaces/team/pods"
FAILURES, LISTS = "kpack_reflector_failures_total", "kpack_reflector_lists_total"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the reflector has no event for it
            await asyncio.sleep(0.001)


async def test_a_reflector_tells_since_when_it_sees_nothing() -> None:
    """The first failure sets the time, later ones leave it, and the next thing that is seen ends it."""
    api = FakeKubernetes()
    for _ in range(3):
        api.refuse_next("GET", "/api/v1/pods", 503)
    failures, lists = counted(FAILURES, resource="pods"), counted(LISTS, resource="pods")
    times: set[float | None] = set()

    async with api.serve() as config, KubeClient(config) as kube:
        form = msgspec.json.Decoder(Pod).decode
        watched = Watched(path="/api/v1/pods", decode=form, store=Store(), changed=lambda _, __: None)
        reflector = Reflector(kube, watched, jitter=lambda: 1.0, first_delay=0.01)
        task = asyncio.create_task(reflector.run())
        await until(lambda: times.add(reflector.broken_since) or reflector.synced.is_set())
        times.add(reflector.broken_since)
        api.put(PODS, {"metadata": {"name": "app"}})
        await until(lambda: reflector.broken_since is None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert len(times - {None}) == 1
    assert (counted(FAILURES, resource="pods") - failures, counted(LISTS, resource="pods") - lists) == (3, 1)
    assert reflector.resource == "pods"
