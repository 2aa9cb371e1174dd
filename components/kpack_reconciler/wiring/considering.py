"""For each kind that is looked at: gather its world from the cache, then decide."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.builder import decide_builder
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.gather.build import gather_build
from kpack_reconciler.gather.builder import gather_builder
from kpack_reconciler.gather.image import gather_image
from kpack_reconciler.gather.source import gather_source_resolver
from kpack_reconciler.loop.worker import Consider
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.worlds import BuildPodSettings
from kpack_reconciler.settings import Settings

World = TypeVar("World")


def considering(cache: Cache, settings: Settings) -> Mapping[str, Consider]:
    """How to consider an object of each kind."""
    pods = BuildPodSettings(
        step_image=settings.step_image, pull_secrets=settings.pull_secrets, network=settings.network
    )
    builder = _both(lambda key: gather_builder(cache, key, settings.builder_poll), decide_builder)
    return {
        Kind.IMAGE: _both(lambda key: gather_image(cache, key), decide_image),
        Kind.BUILD: _both(lambda key: gather_build(cache, key, pods), decide_build),
        Kind.BUILDER: builder,
        Kind.CLUSTER_BUILDER: builder,
        Kind.SOURCE_RESOLVER: _both(
            lambda key: gather_source_resolver(cache, key, settings.source_poll), decide_source_resolver
        ),
    }


def _both(gather: Callable[[Key], World | None], decide: Callable[[World, datetime], Decision]) -> Consider:
    def consider(key: Key, now: datetime) -> Decision | None:
        world = gather(key)
        return None if world is None else decide(world, now)

    return consider
