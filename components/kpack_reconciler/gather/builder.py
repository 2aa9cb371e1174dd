"""A Builder or ClusterBuilder with what its image was last seen to be."""

from datetime import timedelta

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import builder_question
from kpack_reconciler.model.worlds import BuilderWorld


def gather_builder(cache: Cache, key: Key, interval: timedelta) -> BuilderWorld | None:
    """The builder's world; None where the builder is gone. `interval` is that of polling."""
    store = cache.builders if key.kind is Kind.BUILDER else cache.cluster_builders
    builder = store.get(key.namespace, key.name)
    if builder is None:
        return None
    seen = cache.facts.builder_image(builder_question(builder))
    return BuilderWorld(builder=builder, seen=seen, interval=interval)
