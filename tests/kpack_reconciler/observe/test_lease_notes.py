"""What the leader tells the others with the Lease."""

import asyncio
from datetime import UTC, datetime

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.observe.lease import LeaseElection, LeaseTerms
from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.wiring.test_controller import until

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kpack/leases"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def election(kube: KubeClient, holder: str, notes: dict[str, str]) -> LeaseElection:
    terms = LeaseTerms(namespace="kpack", name="kpack-controller", holder=holder, renew_period=0.01, retry_period=0.01)
    return LeaseElection(kube, terms, now=lambda: NOW, monotonic=lambda: 0.0, notes=lambda: notes)


async def test_what_the_leader_notes_is_told_to_the_others() -> None:
    """As annotations of the Lease, renewed with it, gone when it is given back."""
    api, notes = FakeKubernetes(), {"example.com/address": "10.0.0.1"}
    async with api.serve() as config, KubeClient(config) as kube:
        leader, standby = election(kube, "first", notes), election(kube, "second", {})
        await leader.acquire()
        tasks = [asyncio.create_task(leader.keep()), asyncio.create_task(standby.acquire())]
        await until(lambda: standby.told == {"example.com/address": "10.0.0.1"})
        notes["example.com/address"] = "10.0.0.2"
        await until(lambda: standby.told == {"example.com/address": "10.0.0.2"})
        assert leader.told == {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await leader.release()

    (lease,) = api.all(LEASES)
    assert "annotations" not in lease["metadata"]
