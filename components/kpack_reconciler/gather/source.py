"""A SourceResolver with what its git revision was last seen to be."""

from datetime import timedelta

from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import revision_question
from kpack_reconciler.model.worlds import SourceResolverWorld


def gather_source_resolver(cache: Cache, key: Key, interval: timedelta) -> SourceResolverWorld | None:
    """The SourceResolver's world; None where it is gone. `interval` is that of polling."""
    resolver = cache.source_resolvers.get(key.namespace, key.name)
    if resolver is None:
        return None
    question = revision_question(resolver)
    resolved = None if question is None else cache.facts.revision(question)
    return SourceResolverWorld(source_resolver=resolver, resolved=resolved, interval=interval)
