"""The reflectors of the controller: which collections are kept in which store, and who is told of a change.

Rules:
- A store is kept by one reflector, or by one for each namespace where only some are watched.
- Where only some are watched, a namespace that cannot be seen (it was deleted, its Role is gone) does not hold the
  others up. So its collections are listed in turn: what is acted upon after what is looked up for it, since what is
  not listed yet looks as if it did not exist.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

import msgspec

from kpack_api.core import PersistentVolumeClaim
from kpack_api.names import BUILD_LABEL
from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache, CachedObject, CoreKind
from kpack_reconciler.cache.store import Store, T
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.paths import core_path, object_path
from kpack_reconciler.observe.arrival import arrived, arrived_pod
from kpack_reconciler.observe.reflector import Reflector, Watched

_decode_claim = msgspec.json.Decoder(PersistentVolumeClaim).decode
_PLURALS = {CoreKind.POD: "pods", CoreKind.CLAIM: "persistentvolumeclaims"}

Changed = Callable[[Kind | CoreKind, CachedObject | None, CachedObject | None], None]
"""Told of each change: the kind, the object before and after; None where there was or is none."""


class AnyReflector(Protocol):
    """A reflector, whatever it keeps."""

    synced: asyncio.Event

    @property
    def broken_since(self) -> float | None:
        """From when on nothing could be seen; None while all is well."""

    @property
    def resource(self) -> str:
        """The collection's plural name."""

    @property
    def namespace(self) -> str:
        """The collection's namespace; "" where it is of all, or of the cluster."""

    async def run(self) -> None:
        """Keep the store until cancelled."""


class Later:
    """A reflector that begins when others have listed."""

    def __init__(self, reflector: AnyReflector, *, after: tuple[AnyReflector, ...]) -> None:
        self._reflector = reflector
        self._after = after
        self.synced = reflector.synced

    @property
    def broken_since(self) -> float | None:
        """From when on nothing could be seen; waiting is not being broken."""
        return self._reflector.broken_since

    @property
    def resource(self) -> str:
        """The collection's plural name."""
        return self._reflector.resource

    @property
    def namespace(self) -> str:
        """The collection's namespace."""
        return self._reflector.namespace

    async def run(self) -> None:
        """Wait for the others, then keep the store until cancelled."""
        for other in self._after:
            await other.synced.wait()
        await self._reflector.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflecting:
    """Makes reflectors with one client and one listener. `namespaces` are the only ones; empty for all."""

    kube: KubeClient
    changed: Changed
    namespaces: tuple[str, ...] = ()

    def all(self, cache: Cache) -> tuple[AnyReflector, ...]:
        """The reflectors for all stores of the cache."""
        of_cluster = self._kpack(Kind.CLUSTER_BUILDER, "", cache.cluster_builders)
        if not self.namespaces:
            builds, images = self._kpack(Kind.BUILD, "", cache.builds), self._kpack(Kind.IMAGE, "", cache.images)
            return (of_cluster, *self._looked_up(cache, ""), builds, images)
        named = (self._in_turn(cache, namespace, of_cluster) for namespace in self.namespaces)
        return (of_cluster, *(reflector for each in named for reflector in each))

    def _in_turn(self, cache: Cache, namespace: str, of_cluster: AnyReflector) -> tuple[AnyReflector, ...]:
        """The reflectors of one namespace: what they keep is whole before it is acted upon."""
        first = self._looked_up(cache, namespace)
        builds = Later(self._kpack(Kind.BUILD, namespace, cache.builds), after=first)
        images = Later(self._kpack(Kind.IMAGE, namespace, cache.images), after=(of_cluster, *first, builds))
        return (*first, builds, images)

    def _looked_up(self, cache: Cache, namespace: str) -> tuple[AnyReflector, ...]:
        return (
            self._kpack(Kind.BUILDER, namespace, cache.builders),
            self._kpack(Kind.SOURCE_RESOLVER, namespace, cache.source_resolvers),
            self._core(CoreKind.POD, namespace, cache.pods, decode=arrived_pod, labels=BUILD_LABEL),
            self._core(CoreKind.CLAIM, namespace, cache.claims, decode=_decode_claim),
        )

    def _kpack(self, kind: Kind, namespace: str, store: Store[T]) -> AnyReflector:
        watched = Watched(
            path=object_path(kind, namespace),
            decode=cast("Callable[[msgspec.Raw], T]", partial(arrived, kind)),
            store=store,
            changed=self._told(kind),
            namespace=namespace,
        )
        return Reflector(self.kube, watched, jitter=jitter)

    def _core(
        self, kind: CoreKind, namespace: str, store: Store[T], *, decode: Callable[[msgspec.Raw], T], labels: str = ""
    ) -> AnyReflector:
        watched = Watched(
            path=core_path(_PLURALS[kind], namespace),
            decode=decode,
            store=store,
            changed=self._told(kind),
            label_selector=labels,
            namespace=namespace,
        )
        return Reflector(self.kube, watched, jitter=jitter)

    def _told(self, kind: Kind | CoreKind) -> Callable[[object, object], None]:
        return lambda before, after: self.changed(
            kind, cast("CachedObject | None", before), cast("CachedObject | None", after)
        )


def jitter() -> float:
    """A factor between 0.5 and 1.5."""
    return random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, keeps no secret
