"""Which replica works: leader election over a `coordination.k8s.io/v1` Lease.

Owns taking, keeping and giving back the Lease. Leaves ending the process to whoever sees `LeaseLostError`.

Rules (client-go's leader election):
- Expiry is judged by our own monotonic clock, from the moment at which we saw the record change. Wall clocks of others
  are never trusted.
- Writes carry the resource version that was read, so that of two takers one gets a conflict.
- A leader that could not renew for `renew_deadline` seconds stops before any other may start (`duration`).
- A Lease that bears our own name is ours: our predecessor in this pod is dead.
- A renewal is one PUT, at the version that our last one made; after a conflict the Lease is read first. A standby
  watches the Lease: one request for minutes, and a leader that falls silent is followed when the Lease has run out.
- What the leader has to tell the others (`notes`) are the Lease's annotations, written with each renewal.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import msgspec
import structlog

from kpack_api.wire import ObjectMeta, Wire
from kpack_reconciler.clients.kube.answers import decode_event
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import resource_path
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError

log = structlog.get_logger(__name__)

_API_VERSION = "coordination.k8s.io/v1"


class LeaseLostError(Exception):
    """Another replica leads, or may; this process must end at once."""


class _LeaseSpec(Wire, frozen=True, kw_only=True):
    holder_identity: str = ""
    lease_duration_seconds: int = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class _Lease(Wire, frozen=True, kw_only=True):
    metadata: ObjectMeta
    spec: _LeaseSpec = _LeaseSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """Who asks for which Lease, and the seconds that govern it.

    client-go's numbers by default, but for `renew_period`, from one renewal to the next: client-go takes the
    `retry_period`, which is the pause after what failed.
    """

    namespace: str
    name: str
    holder: str
    duration: float = 15.0
    renew_deadline: float = 10.0
    renew_period: float = 4.0
    retry_period: float = 2.0


class LeaseElection:
    """One replica's part in the election."""

    def __init__(
        self,
        kube: KubeClient,
        terms: LeaseTerms,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        notes: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.told: Mapping[str, str] = {}
        """What the leader tells, as last read while another one led."""
        self._kube = kube
        self._notes = notes
        self._terms = terms
        self._now = now
        self._monotonic = monotonic
        self._collection = resource_path(_API_VERSION, "leases", terms.namespace)
        self._path = resource_path(_API_VERSION, "leases", terms.namespace, terms.name)
        self._seen = _LeaseSpec()
        self._seen_at = 0.0
        self._renewed_at = 0.0
        self._version = ""
        self._watched_from = ""

    async def acquire(self) -> None:
        """Wait until this replica holds the Lease."""
        while not await self._try(self._terms.renew_deadline):
            await self._stand_by()
        log.info("leading", lease=self._terms.name, holder=self._terms.holder)

    async def keep(self) -> NoReturn:
        """Renew for ever; LeaseLostError where another holds the Lease or renewing has failed for too long."""
        held = True
        while True:
            await asyncio.sleep(self._terms.renew_period if held else self._terms.retry_period)
            left = self._renewed_at + self._terms.renew_deadline - self._monotonic()
            if left <= 0:
                raise LeaseLostError(f"lease {self._terms.name} could not be renewed: is the API server reachable?")
            held = await self._try(left)
            if not held and self._seen.holder_identity != self._terms.holder:
                raise LeaseLostError(f"lease {self._terms.name} is now held by {self._seen.holder_identity!r}")

    async def release(self) -> None:
        """Give the Lease back, so that another replica need not wait for its expiry."""
        lease = await self._read()
        if lease is not None and lease.spec.holder_identity == self._terms.holder:
            await self._write(lease, msgspec.structs.replace(lease.spec, holder_identity=""))

    async def _stand_by(self) -> None:
        """Watch the Lease until it may be taken, or for a retry period where it cannot be watched."""
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.sleep(self._terms.retry_period)
            while not watching.done() and not self._may_be_taken():  # noqa: ASYNC110 - time has no event
                await asyncio.sleep(self._terms.retry_period)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        """Follow the Lease until the API server ends the watch; an end for another reason is logged."""
        params = {
            "watch": "true",
            "fieldSelector": f"metadata.name={self._terms.name}",
            "resourceVersion": self._watched_from,
        }
        try:
            async with aclosing(self._kube.lines(self._collection, params=params)) as lines:
                async for line in lines:
                    event = decode_event(line)
                    if event.type in {"DELETED", "ERROR"}:
                        return
                    if event.type != "BOOKMARK":
                        self._see(msgspec.json.decode(event.object, type=_Lease))
        except (TransientError, PermanentError, msgspec.DecodeError) as error:
            log.warning("lease not watched", lease=self._terms.name, reason=str(error))

    def _see(self, lease: _Lease) -> None:
        if lease.spec != self._seen:
            self._seen, self._seen_at = lease.spec, self._monotonic()
        if lease.spec.holder_identity != self._terms.holder:
            self.told = lease.metadata.annotations

    def _may_be_taken(self) -> bool:
        """Whether nobody else holds the Lease, as far as was seen: our own clock tells when it has run out."""
        expired = self._monotonic() - self._seen_at > self._terms.duration
        return self._seen.holder_identity in {"", self._terms.holder} or expired

    async def _try(self, longest: float) -> bool:
        """Try once, for so many seconds at most and for no longer than a third of the deadline."""
        started = self._monotonic()
        try:
            async with asyncio.timeout(min(longest, self._terms.renew_deadline / 3)):
                held = await self._take_or_renew()
        except ConflictError:
            return False
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("lease not reached", lease=self._terms.name, reason=str(error) or "timeout")
            return False
        if held:
            self._renewed_at = started
        return held

    async def _take_or_renew(self) -> bool:
        lease = self._written() or await self._read()
        if lease is None:
            await self._create()
            return True
        self._see(lease)
        if not self._may_be_taken():
            self._watched_from = lease.metadata.resource_version
            return False
        await self._write(lease, self._claim(lease.spec))
        return True

    def _written(self) -> _Lease | None:
        """The Lease as we wrote it last, once: should it have changed since, the next try reads it."""
        version, self._version = self._version, ""
        if not version or self._seen.holder_identity != self._terms.holder:
            return None
        return _Lease(metadata=ObjectMeta(resource_version=version), spec=self._seen)

    def _claim(self, before: _LeaseSpec) -> _LeaseSpec:
        now = _micro_time(self._now())
        ours = before.holder_identity == self._terms.holder
        return _LeaseSpec(
            holder_identity=self._terms.holder,
            lease_duration_seconds=max(1, round(self._terms.duration)),
            acquire_time=before.acquire_time if ours else now,
            renew_time=now,
            lease_transitions=before.lease_transitions + (0 if ours else 1),
        )

    async def _read(self) -> _Lease | None:
        try:
            return msgspec.json.decode(await self._kube.get(self._path), type=_Lease)
        except NotFoundError:
            return None

    async def _create(self) -> None:
        spec = self._claim(_LeaseSpec(lease_transitions=-1))
        await self._kube.create(self._collection, self._manifest({"name": self._terms.name}, spec))
        self._seen, self._seen_at = spec, self._monotonic()

    async def _write(self, lease: _Lease, spec: _LeaseSpec) -> None:
        metadata = {"name": self._terms.name, "resourceVersion": lease.metadata.resource_version}
        answer = await self._kube.replace(self._path, self._manifest(metadata, spec))
        self._seen, self._seen_at = spec, self._monotonic()
        self._version = msgspec.json.decode(answer, type=_Lease).metadata.resource_version

    def _manifest(self, metadata: dict[str, str], spec: _LeaseSpec) -> dict[str, object]:
        notes = dict(self._notes()) if spec.holder_identity else {}
        return {
            "apiVersion": _API_VERSION,
            "kind": "Lease",
            "metadata": {**metadata, "namespace": self._terms.namespace, **({"annotations": notes} if notes else {})},
            "spec": msgspec.to_builtins(spec),
        }


def _micro_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
