"""A controller that may run three builds at once, against an API server in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import msgspec

from kpack_api.types import BuiltImage
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.decide.times import write_time
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.facts import BuilderImageQuestion, BuilderImageSeen
from kpack_reconciler.wiring.controller import Controller
from tests import make
from tests.fakes.api_objects import Change, Json, Target
from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.wiring.test_controller import settings, until
from tests.scrape import counted

API = "/apis/build.pivotal.io/v1alpha1/namespaces"
LIMIT = 3
CROWD, FEW = 20, 4


class Cluster(FakeKubernetes):
    """An API server that notes the order in which pods came, how many ran at once, and what is told of waits."""

    def __init__(self) -> None:
        super().__init__(lambda: write_time(datetime.now(UTC)))
        self.came: list[str] = []
        self.most = self.told_waits = 0

    def told(self, change: Change, target: Target) -> None:
        """Count what runs after each write."""
        super().told(change, target)
        if target.collection.endswith("/pods") and change.type == "ADDED":
            self.came.append(target.namespace)
            self.most = max(self.most, len(self.running()))
        self.told_waits += any(_waits(condition) for condition in change.value.get("status", {}).get("conditions", []))

    def running(self) -> list[Json]:
        """The pods that have not ended."""
        pods = (pod for namespace in ("crowd", "few") for pod in self.all(f"/api/v1/namespaces/{namespace}/pods"))
        return [pod for pod in pods if "phase" not in pod.get("status", {})]

    def finish(self, pod: Json) -> None:
        """The pod ends well."""
        result = BuiltImage(latest_image=make.APP_IMAGE, stack=make.succeeded_build().status.stack)
        status = msgspec.to_builtins(make.ended_pod(make.running_build(), encode_built_image(result)).status)
        self.put(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods", {**pod, "status": status})

    def waits(self) -> list[Json]:
        """The conditions of the Builds that say that they wait."""
        builds = (build for namespace in ("crowd", "few") for build in self.all(f"{API}/{namespace}/builds"))
        told = (condition for build in builds for condition in build.get("status", {}).get("conditions", []))
        return [condition for condition in told if _waits(condition)]

    def add_builds(self, namespace: str, number: int) -> None:
        """Builds that somebody made, without Images."""
        self.put(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "bot"}})
        for each in range(number):
            spec = {
                "tags": ["registry.example/app"],
                "builder": {"image": "registry.example/builder:test"},
                "serviceAccount": "bot",
                "source": {"git": {"url": make.URL, "revision": make.REVISION}},
            }
            self.put(f"{API}/{namespace}/builds", {"metadata": {"name": f"b-{each:02}"}, "spec": spec})


def _waits(condition: Json) -> bool:
    return bool(condition.get("reason") == "Queued")


@asynccontextmanager
async def controlled(api: Cluster) -> AsyncIterator[None]:
    """Sixteen workers, and a registry that answers at once."""

    async def inspect(question: BuilderImageQuestion) -> BuilderImageSeen:
        await asyncio.sleep(0)
        return BuilderImageSeen(question=question, answer=make.builder_image(), at=datetime.now(UTC))

    async with api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
        controller = Controller(replace(settings("first"), workers=16, max_concurrent_builds=LIMIT), kube, http)
        controller._effects = replace(controller._effects, inspect=inspect)
        task = asyncio.create_task(controller.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def one_ends(api: Cluster) -> None:
    """The first pod ends; wait for the next one."""
    came = len(api.came)
    api.finish(api.running()[0])
    await until(lambda: len(api.came) > came)


async def test_sixteen_workers_start_as_many_pods_as_may_run_and_share_them_fairly() -> None:
    """Each end brings one more: of the namespace with fewer, then of who waits longer; a new process goes on so."""
    api = Cluster()
    api.add_builds("crowd", CROWD)
    async with controlled(api):
        await until(lambda: len(api.running()) == LIMIT and len(api.waits()) == CROWD - LIMIT)
        api.add_builds("few", FEW)
        await until(lambda: len(api.waits()) == CROWD - LIMIT + FEW)
        for _ in range(3):
            await one_ends(api)
        assert api.came[LIMIT:] == ["few", "crowd", "crowd"]

    async with controlled(api):
        while len(api.came) < CROWD + FEW:
            await one_ends(api)

    assert api.most == LIMIT
    assert sorted(api.came) == ["crowd"] * CROWD + ["few"] * FEW


async def test_a_wait_is_told_once_and_counted() -> None:
    """One Event and one status for each Build that waits, and the length of the wait; nothing says so any more then."""
    api = Cluster()
    api.add_builds("few", LIMIT + 1)
    before = counted("kpack_build_waited_seconds_count")
    async with controlled(api):
        await until(lambda: (counted("kpack_builds_running"), counted("kpack_builds_waiting")) == (LIMIT, 1))
        api.finish(api.running()[0])
        await until(lambda: not api.waits() and counted("kpack_build_waited_seconds_count") == before + 1)
        events = [event["reason"] for event in api.all("/api/v1/namespaces/few/events")]

    assert (events.count("BuildQueued"), api.told_waits) == (1, 1)
