"""Leader election of two replicas against an API server in memory, on a clock that tests move."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.observe.lease import LeaseElection, LeaseLostError, LeaseTerms
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.swift_loop import SwiftLoop

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kpack/leases"
LEASE = f"{LEASES}/kpack-controller"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


class Hand:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.reads = 0

    def read(self) -> float:
        """Seconds since the start."""
        self.reads += 1
        return self.seconds


def election(kube: KubeClient, holder: str, hand: Hand) -> LeaseElection:
    terms = LeaseTerms(
        namespace="kpack", name="kpack-controller", holder=holder, renew_period=0.001, retry_period=0.001
    )
    return LeaseElection(kube, terms, now=lambda: NOW + timedelta(seconds=hand.seconds), monotonic=hand.read)


async def some_requests(api: FakeKubernetes) -> None:
    async with asyncio.timeout(5):
        before = len(api.requests)
        while len(api.requests) < before + 3:  # noqa: ASYNC110 - the fake server has no event for it
            await asyncio.sleep(0)


async def watched(api: FakeKubernetes, hand: Hand) -> None:
    """Wait until a standby watches the Lease and has looked at the clock again."""
    async with asyncio.timeout(5):
        while ("GET", LEASES) not in api.requests:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        before = hand.reads
        while hand.reads < before + 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)


async def test_a_standby_takes_over_after_the_leader_falls_silent() -> None:
    """A Lease that has not changed for its duration, by the standby's own clock, is taken; not a moment earlier."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        await election(kube, "first", hand).acquire()
        second = asyncio.create_task(election(kube, "second", hand).acquire())

        await watched(api, hand)
        hand.seconds = 14.0
        await watched(api, hand)
        assert api.get(LEASE)["spec"]["holderIdentity"] == "first"
        hand.seconds = 16.0
        async with asyncio.timeout(5):
            await second

    spec = api.get(LEASE)["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("second", 1)
    assert spec["renewTime"] == "2026-11-24T10:00:16.000000Z"


async def test_a_standby_asks_once_and_watches() -> None:
    """While the leader renews, its standby makes two requests: it reads the Lease, and watches it."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        first = election(kube, "first", hand)
        await first.acquire()
        await first._try(1.0)
        api.requests.clear()
        standby = election(kube, "second", hand)
        second = asyncio.create_task(standby.acquire())
        for seconds in (10.0, 20.0, 30.0):
            await watched(api, hand)
            hand.seconds = seconds
            assert await first._try(1.0)
            async with asyncio.timeout(5):
                while standby._seen_at < seconds:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    reads = [path for method, path in api.requests if method == "GET" and "/leases" in path]
    assert (api.get(LEASE)["spec"]["holderIdentity"], len(reads)) == ("first", 2)


class Unwatchable(KubeClient):
    """Refuses every watch, as with the rights of an older installation."""

    async def lines(  # noqa: D102 - the client's
        self, path: str, *, params: Mapping[str, str] | None = None, read_timeout: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        raise PermanentError("Forbidden", f"{path} {params} {read_timeout}")
        yield b""


async def test_a_standby_that_may_not_watch_reads_the_lease() -> None:
    """Again and again, and takes it over all the same."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, Unwatchable(config) as kube:
        await election(kube, "first", hand).acquire()
        second = asyncio.create_task(election(kube, "second", hand).acquire())
        await some_requests(api)
        hand.seconds = 16.0
        async with asyncio.timeout(5):
            await second

    assert api.get(LEASE)["spec"]["holderIdentity"] == "second"


async def test_a_leader_whose_lease_was_taken_stops() -> None:
    """A leader that finds another name in the Lease ends at once."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        first = election(kube, "first", hand)
        await first.acquire()
        lease = api.get(LEASE)
        api.put(LEASE.rpartition("/")[0], {**lease, "spec": {**lease["spec"], "holderIdentity": "second"}})

        with pytest.raises(LeaseLostError, match="second"):
            async with asyncio.timeout(5):
                await first.keep()


async def test_a_leader_that_cannot_renew_stops_before_another_may_start() -> None:
    """After the renew deadline without a renewal the leader gives up, although the Lease still bears its name."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        first = election(kube, "first", hand)
        await first.acquire()
        keeping = asyncio.create_task(first.keep())
        await some_requests(api)
        hand.seconds = 11.0
        for _ in range(1000):
            api.refuse_next("GET", "leases", 500)

        with pytest.raises(LeaseLostError, match="could not be renewed"):
            async with asyncio.timeout(5):
                await keeping


async def test_a_lease_that_was_given_back_is_taken_at_once() -> None:
    """A leader that ends in peace leaves the Lease without a holder: nobody waits for its expiry."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        first = election(kube, "first", hand)
        await first.acquire()
        await first.release()

        async with asyncio.timeout(5):
            await election(kube, "second", hand).acquire()

    assert api.get(LEASE)["spec"]["holderIdentity"] == "second"


def test_a_leader_whose_last_renewal_hangs_stops_before_another_may_start() -> None:
    """Refusals until the deadline and silence after it do not add up to more than the Lease's duration."""
    loop = SwiftLoop()

    class Silent(KubeClient):
        """Lets the Lease be made, then refuses at once, and from the deadline on says nothing."""

        async def get(self, path: str, *, params: Mapping[str, str] | None = None) -> bytes:
            if loop.time() > 11.0:
                await asyncio.Event().wait()
            raise TransientError(str(params)) if loop.time() else NotFoundError("NotFound", path)

        async def create(self, path: str, body: Mapping[str, object]) -> bytes:
            return f"{path} {body}".encode()

    async def keep() -> None:
        terms = LeaseTerms(namespace="kpack", name="kpack-controller", holder="first", retry_period=2.4)
        kube = Silent(ClusterConfig(server=""))
        first = LeaseElection(kube, terms, now=lambda: NOW, monotonic=loop.time)
        await first.acquire()
        await first.keep()

    with asyncio.Runner(loop_factory=lambda: loop) as runner, pytest.raises(LeaseLostError):
        runner.run(keep())
    assert loop.time() < 15.0


async def test_a_renewal_is_one_request() -> None:
    """The version is known from the one before; after a conflict the Lease is read first."""
    api, hand = FakeKubernetes(), Hand()
    async with api.serve() as config, KubeClient(config) as kube:
        leader = election(kube, "first", hand)
        await leader.acquire()
        await leader._try(1.0)
        api.requests.clear()
        renewed = [await leader._try(1.0) for _ in range(3)]
        api.refuse_next("PUT", "leases", 409)
        after = [await leader._try(1.0) for _ in range(2)]

    assert (renewed, after) == ([True, True, True], [False, True])
    assert [method for method, _ in api.requests] == ["PUT", "PUT", "PUT", "PUT", "GET", "PUT"]
