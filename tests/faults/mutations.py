"""Bugs to plant: each takes one guard out of the product, and says under which fault the invariants must break.

That they do is what the silence of the invariants about the product is worth.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.decide import build_progress, image, next_build
from kpack_reconciler.errors import TransientError
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.observe import reflector
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.lease import LeaseElection


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug, the fault that shows it, and words that must be in what is then said."""

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    fault: str
    says: str


def _blind_retry(patch: pytest.MonkeyPatch) -> None:
    original, drawn = KubeClient.create, count()

    async def create(self: KubeClient, path: str, body: Mapping[str, Any]) -> bytes:
        try:
            return await original(self, path, body)
        except TransientError:
            metadata = {**body["metadata"], "name": f"again-{next(drawn)}"}
            return await original(self, path, {**body, "metadata": metadata})

    patch.setattr(KubeClient, "create", create)


def _gone_is_broken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reflector, "_decode_failure", lambda _: reflector._Failure())


def _faults_for_ever(patch: pytest.MonkeyPatch) -> None:
    original = GitPoller._due_at

    def due_at(self: GitPoller, question: Any) -> Any:
        resolved = self._cache.facts.revision(question)
        return None if resolved and isinstance(resolved.answer, Fault) else original(self, question)

    patch.setattr(GitPoller, "_due_at", due_at)


def _everybody_leads(patch: pytest.MonkeyPatch) -> None:
    async def acquire(_self: LeaseElection) -> None:
        """Ask nobody."""

    async def keep(_self: LeaseElection) -> None:
        await asyncio.Event().wait()

    drawn = count()
    patch.setattr(LeaseElection, "acquire", acquire)
    patch.setattr(LeaseElection, "keep", keep)
    patch.setattr(image, "_premises", lambda _world: ())
    patch.setattr(next_build, "build_name", lambda name, number, *, uid: f"{name}-{number}-{next(drawn)}-{uid}")


def _no_retry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queue, "retry", lambda _self, _key: 0.0)


def _one_attempt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(build_progress, "MAXIMUM_ATTEMPTS", 1)


PLANTED = (
    Planted("a create that failed is sent again blindly", _blind_retry, "api-server-fails", "again-"),
    Planted("410 is taken for a broken connection", _gone_is_broken, "compaction", "demand"),
    Planted("git's faults are believed for ever", _faults_for_ever, "outside-fails", "demand"),
    Planted("every replica leads", _everybody_leads, "leader-partitioned", "has number"),
    Planted("a failure is not tried again", _no_retry, "api-server-fails", "demand"),
    Planted("a lost node fails the Build", _one_attempt, "node-gone", "nothing is wrong"),
)
