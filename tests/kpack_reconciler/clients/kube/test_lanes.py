"""Writes in parallel, and what a server that is too busy does to them."""

import asyncio

import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.lanes import MOST, TRIES, BusyError, Lanes
from kpack_reconciler.errors import TransientError
from tests.fakes.kubernetes import FakeKubernetes

PODS = "/api/v1/namespaces/team/pods"


class Server:
    """Takes writes, all of them after having refused the first `refusals`; counts those that are under way."""

    def __init__(self, *, refusals: int = 0, retry_after: float | None = None) -> None:
        self.refusals, self.retry_after = refusals, retry_after
        self.time, self.under_way, self.most, self.sent = 0.0, 0, 0, 0
        self.slept: list[float] = []
        self.open, self.full = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.lanes = Lanes(sleep=self.sleep, now=lambda: self.time)

    async def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    async def take(self) -> bytes:
        """Take a write, or refuse it."""
        self.sent += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way == MOST:
            self.full.set()
        await asyncio.sleep(0)
        await self.open.wait()
        self.under_way -= 1
        if self.refusals:
            self.refusals -= 1
            raise BusyError("too many", retry_after=self.retry_after)
        return b"taken"

    async def write(self, number: int) -> list[bytes]:
        """Write so often at once."""
        return await asyncio.gather(*(self.lanes.carry(self.take) for _ in range(number)))


async def test_a_refused_write_is_sent_again_after_the_time_that_was_named() -> None:
    """And the lanes are halved."""
    server = Server(refusals=1, retry_after=7.0)

    assert await server.write(1) == [b"taken"]

    assert (server.sent, server.slept, server.lanes.width) == (2, [7.0], MOST // 2)


async def test_writes_that_are_refused_together_halve_the_lanes_once() -> None:
    """The others wait with them; without a named time a second passes."""
    server = Server(refusals=8)

    assert await server.write(8) == [b"taken"] * 8

    assert (server.lanes.width, set(server.slept)) == (MOST // 2, {1.0})


async def test_no_more_writes_are_under_way_than_there_are_lanes() -> None:
    """One lane stays however often a write is refused, and each success widens them again."""
    server = Server()
    await server.write(200)
    assert server.most == MOST

    server.refusals = TRIES * 14
    for _ in range(2):
        await asyncio.gather(*(server.lanes.carry(server.take) for _ in range(7)), return_exceptions=True)
    narrow, server.most = server.lanes.width, 0
    await server.write(3)

    assert (narrow, server.most, server.lanes.width) == (1, 2, 2)


async def test_a_write_that_is_refused_time_and_again_is_given_up() -> None:
    """As a fault that may pass."""
    server = Server(refusals=100)

    with pytest.raises(TransientError, match="too many"):
        await server.write(1)

    assert server.sent == TRIES


async def test_a_write_that_is_cancelled_frees_its_lane() -> None:
    """Whether it was sent or still waited for one."""
    server = Server()
    server.open.clear()
    tasks = [asyncio.create_task(server.lanes.carry(server.take)) for _ in range(MOST + 3)]
    await server.full.wait()

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    server.open.set()
    server.under_way, server.most = 0, 0

    assert await server.write(MOST) == [b"taken"] * MOST
    assert server.most == MOST


async def test_the_client_sends_a_write_again_that_the_server_was_too_busy_for() -> None:
    """A read is not: whoever reads looks again by himself."""
    api = FakeKubernetes()
    api.refuse_next("POST", "pods", 429)
    async with api.serve() as config, KubeClient(config) as kube:
        kube._lanes = Server().lanes
        await kube.create(PODS, {"metadata": {"name": "app"}})
        api.refuse_next("GET", "pods", 429)
        with pytest.raises(TransientError):
            await kube.get(PODS)

    assert [method for method, _ in api.requests] == ["POST", "POST", "GET"]
