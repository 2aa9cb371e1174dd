"""The controller as a whole against an API server in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import aiohttp
import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.observe.lease import LeaseLostError, LeaseTerms
from kpack_reconciler.settings import Settings
from kpack_reconciler.wiring.controller import Controller
from tests.fakes.kubernetes import FakeKubernetes

KPACK = "/apis/build.pivotal.io/v1alpha1/namespaces/team"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kpack/leases"
IMAGE = {
    "metadata": {"name": "app"},
    "spec": {
        "tag": "127.0.0.1:1/app",
        "builder": {"kind": "Builder", "name": "paketo"},
        "source": {"git": {"url": "http://127.0.0.1:1/app", "revision": "main"}},
    },
}


def settings(holder: str) -> Settings:
    return Settings(
        system_namespace="kpack",
        pod_name=holder,
        step_image="127.0.0.1:1/reconciler@sha256:1",
        log_level="info",
        source_poll=timedelta(seconds=60),
        builder_poll=timedelta(seconds=60),
        workers=2,
    )


@asynccontextmanager
async def running(api: FakeKubernetes, holder: str = "first") -> AsyncIterator[asyncio.Task[None]]:
    async with api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
        task = asyncio.create_task(Controller(settings(holder), kube, http).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the fake server has no event for it
            await asyncio.sleep(0.01)


async def test_nothing_is_written_before_every_first_list_is_done() -> None:
    """An Image gets its first status only once all collections, the slowest too, have been listed."""
    api = FakeKubernetes()
    api.put(f"{KPACK}/images", IMAGE)
    for _ in range(2):
        api.refuse_next("GET", "persistentvolumeclaims", 503)

    async with running(api):
        await until(lambda: "status" in api.get(f"{KPACK}/images/app"))

    lists = [number for number, (_, path) in enumerate(api.requests) if path.endswith("persistentvolumeclaims")]
    assert lists[2] < api.requests.index(("PATCH", f"{KPACK}/images/app/status"))


async def test_a_standby_only_watches() -> None:
    """A replica that does not hold the Lease lists and watches, and writes nothing."""
    api = FakeKubernetes()
    api.put(f"{KPACK}/images", IMAGE)
    api.put(LEASES, {"metadata": {"name": "kpack-controller"}, "spec": {"holderIdentity": "other"}})

    async with running(api):
        await until(lambda: ("GET", f"{LEASES}/kpack-controller") in api.requests)

    assert {method for method, _ in api.requests} == {"GET"}


async def test_losing_the_lease_ends_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    """When another holder appears in the Lease, all workers stop with an error that ends the process."""
    at_once = partial(LeaseTerms, renew_period=0.01, retry_period=0.01)
    monkeypatch.setattr("kpack_reconciler.wiring.controller.LeaseTerms", at_once)
    api = FakeKubernetes()

    async with running(api) as task:
        await until(lambda: bool(api.all(LEASES)))
        api.put(LEASES, {"metadata": {"name": "kpack-controller"}, "spec": {"holderIdentity": "other"}})
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.timeout(10):
                await task

    assert caught.group_contains(LeaseLostError)
    assert api.get(f"{LEASES}/kpack-controller")["spec"]["holderIdentity"] == "other"


async def test_a_controller_that_is_told_to_end_gives_the_lease_back() -> None:
    """The next leader need not wait for the Lease to expire."""
    api = FakeKubernetes()

    async with running(api) as task:
        await until(lambda: bool(api.all(LEASES)))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert api.get(f"{LEASES}/kpack-controller")["spec"].get("holderIdentity", "") == ""
