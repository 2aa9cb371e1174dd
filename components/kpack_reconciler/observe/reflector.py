"""The objects of one kind, kept like the API server's: list, then watch, for ever.

Owns resuming, listing anew and telling what changed. The semantics are those of client-go's reflector.

Rules:
- A list comes in pages. A watch resumes at the last version seen, and lists anew when that version is gone (410).
- A deletion that was missed while away is seen by the next list.
- The API server's refusals and silences are waited out with growing delays: rights and kinds may arrive after us. Any
  other exception is a bug and leaves `run`, which ends the process: a dead reflector must not go unnoticed.
- An answer or a line that is no whole JSON (a proxy ended it early) is a silence too.
- An object that cannot be decoded is logged and treated as absent; the others stay served. Only one that is nested too
  deeply for any reader (the webhook refuses it) holds its kind up, until it is gone; the process lives.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

import msgspec
import structlog

from kpack_reconciler.cache.store import Store, T
from kpack_reconciler.clients.kube.answers import WatchEvent, decode_event, decode_object, decode_page
from kpack_reconciler.clients.kube.client import GoneError, KubeClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.metrics import LISTS, WATCH_FAILURES

log = structlog.get_logger(__name__)

Read = TypeVar("Read")

_PAGE = 500
_SHORTEST_WATCH, _LONGEST_WATCH = 240.0, 300.0
_SILENCE_SECONDS = 90.0
"""Bookmarks come about each minute, so longer silence means a dead connection."""
_LONGEST_DELAY = 30.0
_HTTP_GONE = 410


class _Failure(msgspec.Struct):
    code: int = 0
    message: str = ""


_decode_failure = msgspec.json.Decoder(_Failure).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Generic[T]):
    """What a reflector keeps: the collection's path, a label selector, how to decode, where to, whom to tell.

    `namespace` is that of the path, "" where the path is of all: of a store, which others may keep as well, a reflector
    forgets only what lies there. `changed` gets the object before and after; None where there was or is none.
    """

    path: str
    decode: Callable[[msgspec.Raw], T]
    store: Store[T]
    changed: Callable[[T | None, T | None], None]
    label_selector: str = ""
    namespace: str = ""


class Reflector(Generic[T]):
    """Keeps one store like one collection. `synced` is set once the first list is in the store.

    `broken_since` is the time (`time.monotonic`) from which on nothing could be seen; None while all is well.
    """

    def __init__(
        self, kube: KubeClient, watched: Watched[T], *, jitter: Callable[[], float], first_delay: float = 0.1
    ) -> None:
        self._kube = kube
        self._watched = watched
        self._jitter = jitter
        self._first_delay = first_delay
        self._version = ""
        self.synced = asyncio.Event()
        self.broken_since: float | None = None

    @property
    def resource(self) -> str:
        """The collection's plural name, e.g. `images`."""
        return self._watched.path.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        """The collection's namespace; "" where it is of all."""
        return self._watched.namespace

    async def run(self) -> None:
        """List and watch until cancelled."""
        delay = self._first_delay
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
                delay, self.broken_since = self._first_delay, None
            except GoneError as gone:
                log.info("listing anew", path=self._watched.path, reason=str(gone))
                self._version = ""
                await asyncio.sleep(self._first_delay * self._jitter())
            except (TransientError, PermanentError) as error:
                self._note_failure()
                log.warning("watch failed", path=self._watched.path, reason=str(error), again_in=delay)
                await asyncio.sleep(delay * self._jitter())
                delay = min(delay * 2, _LONGEST_DELAY)

    def _note_failure(self) -> None:
        WATCH_FAILURES.labels(self.resource).inc()
        if self.broken_since is None:
            self.broken_since = monotonic()

    async def _list(self) -> None:
        known = (value.metadata for value in self._watched.store.values())
        gone = {(each.namespace, each.name) for each in known if self.namespace in ("", each.namespace)}
        params = {"limit": str(_PAGE), **self._selector()}
        while True:
            page = self._read(decode_page, await self._kube.get(self._watched.path, params=params))
            for raw in page.items:
                gone.discard(self._put(raw))
            if not page.metadata.continue_:
                break
            params["continue"] = page.metadata.continue_
        for namespace, name in gone:
            self._remove(namespace, name)
        self._version = page.metadata.resource_version
        self.synced.set()
        LISTS.labels(self.resource).inc()

    async def _watch(self) -> None:
        seconds = _SHORTEST_WATCH + (_LONGEST_WATCH - _SHORTEST_WATCH) * min(self._jitter(), 1.0)
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(int(seconds)),
            **self._selector(),
        }
        lines = self._kube.lines(self._watched.path, params=params, read_timeout=_SILENCE_SECONDS)
        async with aclosing(lines):
            async for line in lines:
                self._take(self._read(decode_event, line))

    def _read(self, decode: Callable[[bytes], Read], raw: bytes) -> Read:
        try:
            return decode(raw)
        except RecursionError as error:
            path = self._watched.path
            raise TransientError(f"{path}: an object is nested more than 1,000 levels deep: delete it") from error
        except msgspec.DecodeError as error:
            raise TransientError(f"{self._watched.path}: the answer is no whole JSON: {error}") from error

    def _take(self, event: WatchEvent) -> None:
        if event.type == "ERROR":
            failure = _decode_failure(event.object)
            raise (GoneError if failure.code == _HTTP_GONE else TransientError)(f"watch ended: {failure.message}")
        metadata = decode_object(event.object).metadata
        if event.type == "DELETED":
            self._remove(metadata.namespace, metadata.name)
        elif event.type != "BOOKMARK":
            self._put(event.object)
        self._version, self.broken_since = metadata.resource_version, None

    def _put(self, raw: msgspec.Raw) -> tuple[str, str]:
        metadata = decode_object(raw).metadata
        place = (metadata.namespace, metadata.name)
        known = self._watched.store.get(*place)
        if known is not None and known.metadata.resource_version == metadata.resource_version:
            return place
        try:
            value = self._watched.decode(raw)
        except msgspec.DecodeError as error:
            log.error(  # noqa: TRY400 - the reason says it all
                "object not understood", path=self._watched.path, key="/".join(place), reason=str(error)
            )
            self._remove(*place)
            return place
        before = self._watched.store.put(value)
        self._watched.changed(before, value)
        return place

    def _remove(self, namespace: str, name: str) -> None:
        before = self._watched.store.remove(namespace, name)
        if before is not None:
            self._watched.changed(before, None)

    def _selector(self) -> Mapping[str, str]:
        return {"labelSelector": self._watched.label_selector} if self._watched.label_selector else {}
