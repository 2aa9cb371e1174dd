"""The reflectors of the controller: which collections are kept in which store, and who is told of a change."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import msgspec

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.dialects import build_pivotal_io_v1alpha1 as dialect
from kpack_api.names import BUILD_LABEL
from kpack_api.types import Build, Builder, Image, Kind, SourceResolver
from kpack_reconciler.cache.cache import Cache, CachedObject, CoreKind
from kpack_reconciler.cache.store import Store, T
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.paths import core_path, object_path
from kpack_reconciler.observe.reflector import Reflector, Watched

Changed = Callable[[Kind | CoreKind, CachedObject | None, CachedObject | None], None]
"""Told of each change: the kind, the object before and after; None where there was or is none."""


class AnyReflector(Protocol):
    """A reflector, whatever it keeps."""

    synced: asyncio.Event
    broken_since: float | None

    @property
    def resource(self) -> str:
        """The collection's plural name."""

    async def run(self) -> None:
        """Keep the store until cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflecting:
    """Makes reflectors that share a client and tell the same listener."""

    kube: KubeClient
    changed: Changed

    def all(self, cache: Cache) -> tuple[AnyReflector, ...]:
        """One reflector for each store of the cache."""
        return (
            self._kpack(Kind.IMAGE, cache.images, lambda raw: cast("Image", dialect.decode(Kind.IMAGE, raw))),
            self._kpack(Kind.BUILD, cache.builds, lambda raw: cast("Build", dialect.decode(Kind.BUILD, raw))),
            self._kpack(Kind.BUILDER, cache.builders, lambda raw: cast("Builder", dialect.decode(Kind.BUILDER, raw))),
            self._kpack(
                Kind.CLUSTER_BUILDER,
                cache.cluster_builders,
                lambda raw: cast("Builder", dialect.decode(Kind.CLUSTER_BUILDER, raw)),
            ),
            self._kpack(
                Kind.SOURCE_RESOLVER,
                cache.source_resolvers,
                lambda raw: cast("SourceResolver", dialect.decode(Kind.SOURCE_RESOLVER, raw)),
            ),
            self._core(CoreKind.POD, "pods", cache.pods, form=Pod, labels=BUILD_LABEL),
            self._core(CoreKind.CLAIM, "persistentvolumeclaims", cache.claims, form=PersistentVolumeClaim),
        )

    def _kpack(self, kind: Kind, store: Store[T], decode: Callable[[msgspec.Raw], T]) -> AnyReflector:
        return Reflector(
            self.kube,
            Watched(path=object_path(kind, ""), decode=decode, store=store, changed=self._told(kind)),
            jitter=jitter,
        )

    def _core(self, kind: CoreKind, plural: str, store: Store[T], *, form: type[T], labels: str = "") -> AnyReflector:
        watched = Watched(
            path=core_path(plural, ""),
            decode=msgspec.json.Decoder(form).decode,
            store=store,
            changed=self._told(kind),
            label_selector=labels,
        )
        return Reflector(self.kube, watched, jitter=jitter)

    def _told(self, kind: Kind | CoreKind) -> Callable[[object, object], None]:
        return lambda before, after: self.changed(
            kind, cast("CachedObject | None", before), cast("CachedObject | None", after)
        )


def jitter() -> float:
    """A factor between 0.5 and 1.5."""
    return random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, keeps no secret
