"""How the controller is: what is read when metrics are scraped, and what makes it unready or sick.

Rules:
- Ready: every collection was listed once. What broke later does not undo that: nobody else would do better.
- Sick, so that the kubelet starts it anew: a collection could not be seen, or one look has gone on, for longer than any
  outage that passes by itself and any time limit of a request. A stuck event loop answers nothing, which is as good.
- Where single namespaces are watched, a kind has several collections: the gauge shows the worst of them, and sick is
  only who sees none. A namespace that was deleted is not healed by a new process, and the others need this one.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache, CoreKind
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.metrics import (
    BROKEN_SECONDS,
    BUILDS_RUNNING,
    BUILDS_WAITING,
    CACHED,
    QUEUE_DEPTH,
    QUEUE_LONGEST,
    begin,
)
from kpack_reconciler.wiring.reflecting import AnyReflector

LONGEST_BREAK = 600.0
"""Seconds without sight of a collection. A kind that is not installed, or whose rights are missing, ends here too."""
LONGEST_LOOK = 900.0
"""Seconds for one look; each request in it ends after one minute or less."""


def expose(queue: Queue, cache: Cache, reflectors: Iterable[AnyReflector], now: Callable[[], float]) -> None:
    """Have depths, sizes and ages read at each scrape, and counters begin. `now` is `time.monotonic`."""
    begin(Kind)
    for kind in Kind:
        QUEUE_DEPTH.labels(kind.lower()).set_function(partial(queue.depth, kind))
        QUEUE_LONGEST.labels(kind.lower()).set_function(partial(queue.longest, kind))
    for cached, values in _stores(cache).items():
        CACHED.labels(cached).set_function(partial(_size, values))
    BUILDS_RUNNING.set_function(lambda: cache.turns.running)
    BUILDS_WAITING.set_function(lambda: cache.turns.waiting)
    for resource, alike in _by_resource(reflectors).items():
        BROKEN_SECONDS.labels(resource).set_function(partial(_worst_now, alike, now))


def unready(reflectors: Iterable[AnyReflector]) -> str:
    """What has not been listed yet."""
    missing = [_named(reflector) for reflector in reflectors if not reflector.synced.is_set()]
    return f"not listed yet: {', '.join(missing)}" if missing else ""


def sick(queue: Queue, reflectors: Iterable[AnyReflector], now: float) -> str:
    """What has been broken for too long."""
    blind = [
        resource
        for resource, alike in _by_resource(reflectors).items()
        if min(broken_seconds(reflector, now) for reflector in alike) > LONGEST_BREAK
    ]
    if blind:
        return f"not seen for {LONGEST_BREAK:.0f} s: {', '.join(blind)}; the log tells why"
    return f"a look has gone on for {LONGEST_LOOK:.0f} s" if queue.longest() > LONGEST_LOOK else ""


def broken_seconds(reflector: AnyReflector, now: float) -> float:
    """For how long a collection could not be seen; 0.0 while all is well."""
    return 0.0 if reflector.broken_since is None else now - reflector.broken_since


def _by_resource(reflectors: Iterable[AnyReflector]) -> dict[str, list[AnyReflector]]:
    found: dict[str, list[AnyReflector]] = {}
    for reflector in reflectors:
        found.setdefault(reflector.resource, []).append(reflector)
    return found


def _named(reflector: AnyReflector) -> str:
    return f"{reflector.resource} in {reflector.namespace}" if reflector.namespace else reflector.resource


def _worst_now(reflectors: Iterable[AnyReflector], now: Callable[[], float]) -> float:
    return max(broken_seconds(reflector, now()) for reflector in reflectors)


def _stores(cache: Cache) -> dict[Kind | CoreKind, Callable[[], Collection[object]]]:
    return {
        Kind.IMAGE: cache.images.values,
        Kind.BUILD: cache.builds.values,
        Kind.BUILDER: cache.builders.values,
        Kind.CLUSTER_BUILDER: cache.cluster_builders.values,
        Kind.SOURCE_RESOLVER: cache.source_resolvers.values,
        CoreKind.POD: cache.pods.values,
        CoreKind.CLAIM: cache.claims.values,
    }


def _size(values: Callable[[], Collection[object]]) -> int:
    return len(values())
