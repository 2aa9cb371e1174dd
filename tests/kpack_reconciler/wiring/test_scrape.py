"""The processes as Prometheus and the kubelet meet them, against an API server in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kpack_reconciler.wiring import controller as controlling
from kpack_reconciler.wiring import webhook as admitting
from kpack_reconciler.wiring.controller import run_controller
from kpack_reconciler.wiring.webhook import run_webhook
from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.wiring.test_controller import IMAGE, KPACK, settings, until
from tests.kpack_reconciler.wiring.test_webhook import SETTINGS, cluster

RESOLVER = {
    "metadata": {"name": "app-source"},
    "spec": {"serviceAccount": "", "source": {"git": {"url": "http://127.0.0.1:1/app", "revision": "main"}}},
}


class Shown:
    """What a process shows."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self._samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, /, **labels: str) -> float:
        """The sum of the series with these labels."""
        wanted = labels.items()
        return sum(each.value for each in self._samples if each.name == name and wanted <= each.labels.items())


async def scrape(http: aiohttp.ClientSession) -> Shown:
    async with http.get("/metrics") as response:
        return Shown(await response.text())


@asynccontextmanager
async def ready(process: Coroutine[object, object, None], port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """A process that runs and is ready, and a session that asks it."""
    task = asyncio.ensure_future(process)
    try:
        async with asyncio.timeout(10), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            while not await is_well(http, "/readyz"):  # noqa: ASYNC110 - the process is asked as the kubelet asks
                await asyncio.sleep(0.01)
            yield http
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_well(http: aiohttp.ClientSession, path: str) -> bool:
    try:
        async with http.get(path) as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


async def test_a_controller_shows_what_it_does(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """A leader with one Image has led, listed, looked, asked the API server and a git server that is not there."""
    api = FakeKubernetes()
    api.put(f"{KPACK}/images", IMAGE)
    api.put(f"{KPACK}/sourceresolvers", RESOLVER)
    monkeypatch.setattr(controlling, "HEALTH_PORT", unused_tcp_port)

    async with api.serve() as config, ready(run_controller(settings("first"), config), unused_tcp_port) as http:
        await until(lambda: "conditions" in api.get(f"{KPACK}/sourceresolvers/app-source").get("status", {}))
        shown, healthy = await scrape(http), await is_well(http, "/healthz")

    assert healthy
    assert shown.value("leader_election_master_status", name="kpack-controller") == 1.0
    assert shown.value("kpack_cache_objects", kind="Image") == 1.0
    assert shown.value("kpack_reflector_lists_total", resource="images") >= 1.0
    assert shown.value("kpack_reflector_broken_seconds", resource="images") == 0.0
    assert shown.value("workqueue_adds_total", name="image") >= 1.0
    assert shown.value("controller_runtime_reconcile_time_seconds_count", controller="image") >= 1.0
    assert shown.value("rest_client_requests_total", code="200", method="GET") >= 1.0
    assert shown.value("kpack_remote_requests_total", service="git", result="unreachable") >= 1.0
    assert shown.value("kpack_polls_total", source="git", result="unavailable") >= 1.0


async def test_a_webhook_shows_its_certificate(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """A webhook that is ready shows the end of what it serves, and lives."""
    port = unused_tcp_port_factory()
    monkeypatch.setattr(admitting, "HEALTH_PORT", port)
    monkeypatch.setattr(admitting, "WEBHOOK_PORT", unused_tcp_port_factory())
    monkeypatch.setattr(admitting, "_FIRST_TRY_SECONDS", 0.01)

    async with cluster().serve() as config, ready(run_webhook(SETTINGS, config), port) as http:
        shown, healthy = await scrape(http), await is_well(http, "/healthz")

    assert healthy
    assert shown.value("kpack_webhook_certificate_not_after_timestamp_seconds") > 0.0
