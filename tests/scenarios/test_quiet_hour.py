"""A whole controller on swift time: an hour in which nothing changes, then a restart: nothing is built or written."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec
import pytest
from aiohttp import web

from kpack_api.types import BuiltImage
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.loop.clock import SystemClock
from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.wiring.controller import Controller
from tests import make
from tests.fakes.api_objects import Json
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry
from tests.fakes.serving import served
from tests.fakes.swift_loop import SwiftLoop
from tests.scenarios.processes import SETTINGS

KPACK = "/apis/build.pivotal.io/v1alpha1/namespaces/team"
CORE = "/api/v1/namespaces/team"
START = datetime(2026, 11, 24, 10, tzinfo=UTC)
HOUR = 3600
INTERVAL = 60


class Scene:
    """An API server, a registry and a git server; the two last count what they are asked."""

    def __init__(self) -> None:
        self.api, self.registry = FakeKubernetes(), FakeRegistry()
        self.git_requests = 0

    def written(self) -> list[tuple[str, str]]:
        """The requests that changed anything but the Lease."""
        return [(method, path) for method, path in self.api.requests if method != "GET" and "/leases" not in path]

    def image(self) -> Json:
        """The Image."""
        return self.api.get(f"{KPACK}/images/app")

    async def answer_git(self, _: web.Request) -> web.Response:
        """The branch never moves (gitprotocol-v2, `ls-refs`)."""
        self.git_requests += 1
        line = f"{make.REVISION} refs/heads/main\n"
        return web.Response(body=f"{len(line) + 4:04x}{line}0000".encode())

    def finish_pods(self) -> None:
        """What a kubelet tells of a build that went well."""
        for pod in self.api.all(f"{CORE}/pods"):
            build = self.api.get(f"{KPACK}/builds/{pod['metadata']['ownerReferences'][0]['name']}")
            run_image = build["metadata"]["annotations"]["image.build.pivotal.io/runImage"]
            stack = msgspec.structs.replace(make.succeeded_build().status.stack, run_image=run_image)
            result = encode_built_image(BuiltImage(latest_image=make.APP_IMAGE, stack=stack))
            ended = make.ended_pod(make.running_build(), result)
            self.api.put(f"{CORE}/pods", {**pod, "status": msgspec.to_builtins(ended.status)})


@asynccontextmanager
async def scene() -> AsyncIterator[tuple[Scene, KubeClient, aiohttp.ClientSession]]:
    made = Scene()
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(made.registry.serve())
        app = web.Application()
        app.router.add_post("/app/git-upload-pack", made.answer_git)
        git = await stack.enter_async_context(served(app))
        fill(made, registry, f"http://{git}/app")
        kube = await stack.enter_async_context(KubeClient(await stack.enter_async_context(made.api.serve())))
        yield made, kube, await stack.enter_async_context(aiohttp.ClientSession())


def fill(made: Scene, registry: str, git_url: str) -> None:
    """A Builder and an Image, and what they name."""
    metadata = {
        "stack": {"runImage": {"image": f"{registry}/team/run:1"}},
        "lifecycle": {"version": "0.20.0", "apis": {"platform": {"supported": ["0.10"]}}},
    }
    labels = {STACK_LABEL: make.STACK_ID, METADATA_LABEL: json.dumps(metadata)}
    made.registry.put_image("team/run", "1", labels={})
    made.registry.put_image("team/builder", "1", labels=labels, env=("CNB_USER_ID=1000", "CNB_GROUP_ID=1000"))
    made.api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": "bot"}})
    builder = {"metadata": {"name": "builder"}, "spec": {"image": f"{registry}/team/builder:1"}}
    made.api.put(f"{KPACK}/builders", builder)
    spec = {
        "tag": f"{registry}/team/app",
        "builder": {"kind": "Builder", "name": "builder"},
        "serviceAccount": "bot",
        "source": {"git": {"url": git_url, "revision": "main"}},
    }
    made.api.put(f"{KPACK}/images", {"metadata": {"name": "app"}, "spec": spec})


@asynccontextmanager
async def running(kube: KubeClient, http: aiohttp.ClientSession) -> AsyncIterator[None]:
    task = asyncio.create_task(Controller(SETTINGS, kube, http).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10 * INTERVAL):
        while not true():  # noqa: ASYNC110 - the kubelet has no event for it
            await asyncio.sleep(1)


def built(made: Scene) -> bool:
    """Whether the Image shows its first result; pods end as soon as they are there."""
    made.finish_pods()
    conditions = made.image().get("status", {}).get("conditions", [])
    return any((condition["type"], condition["status"]) == ("Ready", "True") for condition in conditions)


async def quiet_hour() -> None:
    async with scene() as (made, kube, http):
        async with running(kube, http):
            await until(lambda: built(made))
            await asyncio.sleep(INTERVAL)
            written, asked, looked = len(made.written()), made.git_requests, len(made.registry.requests)
            await asyncio.sleep(HOUR)
            assert made.written()[written:] == []
            assert made.git_requests - asked == HOUR // INTERVAL
            assert len(made.registry.requests) - looked == 2 * HOUR // INTERVAL

        async with running(kube, http):
            await asyncio.sleep(10 * INTERVAL)
            assert made.written()[written:] == []
            assert len(made.api.all(f"{KPACK}/builds")) == 1
            assert made.git_requests > asked + HOUR // INTERVAL


def test_in_a_quiet_hour_and_after_a_restart_nothing_is_built_or_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """One git request and two of the registry (builder, run image) each interval are all that an idle Image costs."""
    loop = SwiftLoop()
    monkeypatch.setattr(SystemClock, "now", lambda _clock: START + timedelta(seconds=loop.time()))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(quiet_hour())

    assert loop.time() > HOUR
