"""How the controller is: what is read when metrics are scraped, and what makes it unready or sick.

Rules:
- Ready: every collection was listed once. What broke later does not undo that: nobody else would do better.
- Sick, so that the kubelet starts it anew: a collection could not be seen, or one look has gone on, for longer than any
  outage that passes by itself and any time limit of a request. A stuck event loop answers nothing, which is as good.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache, CoreKind
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.metrics import BROKEN_SECONDS, CACHED, QUEUE_DEPTH, QUEUE_LONGEST, begin
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
    for reflector in reflectors:
        BROKEN_SECONDS.labels(reflector.resource).set_function(partial(_broken_now, reflector, now))


def unready(reflectors: Iterable[AnyReflector]) -> str:
    """What has not been listed yet."""
    missing = [reflector.resource for reflector in reflectors if not reflector.synced.is_set()]
    return f"not listed yet: {', '.join(missing)}" if missing else ""


def sick(queue: Queue, reflectors: Iterable[AnyReflector], now: float) -> str:
    """What has been broken for too long."""
    blind = [reflector.resource for reflector in reflectors if broken_seconds(reflector, now) > LONGEST_BREAK]
    if blind:
        return f"not seen for {LONGEST_BREAK:.0f} s: {', '.join(blind)}; the log tells why"
    return f"a look has gone on for {LONGEST_LOOK:.0f} s" if queue.longest() > LONGEST_LOOK else ""


def broken_seconds(reflector: AnyReflector, now: float) -> float:
    """For how long a collection could not be seen; 0.0 while all is well."""
    return 0.0 if reflector.broken_since is None else now - reflector.broken_since


def _broken_now(reflector: AnyReflector, now: Callable[[], float]) -> float:
    return broken_seconds(reflector, now())


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
