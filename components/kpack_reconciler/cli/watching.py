"""Waiting for changes: read one object or many, then watch them.

Owns resuming and the patience with an API server that fades for a moment. Leaves the limit of the whole wait to the
caller.

Rules:
- An object that does not exist, or is deleted while watched, is None.
- The first read fails at once, unless the caller is `patient`; after it, transient errors are waited out.
- A refusal (no rights, no such kind) is never waited out.
- Collections are read in pages, as kubectl does.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from kpack_reconciler.clients.kube.answers import decode_event, decode_object, decode_page
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.errors import TransientError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

_PAUSE_SECONDS = 0.5
_WATCH_SECONDS = 240
_SILENCE_SECONDS = 90.0
"""Bookmarks come about each minute, so longer silence means a dead connection."""
_PAGE = "500"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Generic[T_co]):
    """Objects of one collection: its path, how their bytes are read, and which of them.

    `name` means that one only; `labels` is a label selector; neither means all.
    """

    path: str
    decode: Callable[[msgspec.Raw], T_co]
    name: str = ""
    labels: str = ""

    @property
    def selector(self) -> dict[str, str]:
        """The parameters that make a list or watch speak of these objects only."""
        selector = {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}
        return selector | ({"labelSelector": self.labels} if self.labels else {})


@dataclass(frozen=True, slots=True)
class Change(Generic[T_co]):
    """What became of one object, `key` being its namespace and name; `state` None means that it is gone."""

    key: tuple[str, str]
    state: T_co | None


async def read_all(kube: KubeClient, watched: Watched[T], *, patient: bool = False) -> list[T]:
    """The objects as they are now."""
    while True:
        try:
            found, _ = await _read(kube, watched)
        except TransientError:
            if not patient:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return list(found.values())


async def until(
    kube: KubeClient, watched: Watched[T], answer: Callable[[T | None], R | None], *, patient: bool = False
) -> R:
    """The first answer that is not None, asked of the one object now and after each of its changes."""
    async with aclosing(states_of(kube, watched, patient=patient)) as states:
        async for state in states:
            found = answer(state)
            if found is not None:
                return found
    raise AssertionError("a watch without end has ended")


async def states_of(kube: KubeClient, watched: Watched[T], *, patient: bool = False) -> AsyncGenerator[T | None, None]:
    """The one object now and after each of its changes, without end. Close it (`contextlib.aclosing`) to stop."""
    async with aclosing(changes_of(kube, watched, patient=patient)) as batches:
        async for batch in batches:
            yield batch[-1].state if batch else None


async def changes_of(
    kube: KubeClient, watched: Watched[T], *, patient: bool = False
) -> AsyncGenerator[tuple[Change[T], ...], None]:
    """All objects as they are, then each change by itself, without end. Close it (`contextlib.aclosing`) to stop.

    After an interruption all objects come again, behind those that went away meanwhile.
    """
    known: set[tuple[str, str]] = set()
    while True:
        try:
            found, version = await _read(kube, watched)
            gone = sorted(known - found.keys())
            yield (*(Change(key, None) for key in gone), *(Change(key, state) for key, state in found.items()))
            known, patient = set(found), True
            async with aclosing(_changes(kube, watched, version)) as changes:
                async for change in changes:
                    (known.discard if change.state is None else known.add)(change.key)
                    yield (change,)
        except TransientError:
            if not patient:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def _read(kube: KubeClient, watched: Watched[T]) -> tuple[dict[tuple[str, str], T], str]:
    """The objects and the version of the collection, from where a watch goes on."""
    found: dict[tuple[str, str], T] = {}
    params = {**watched.selector, "limit": _PAGE}
    while True:
        page = decode_page(await kube.get(watched.path, params=params))
        found |= {key: watched.decode(item) for item in page.items if _is(watched, key := _key(item))}
        if not page.metadata.continue_:
            return found, page.metadata.resource_version
        params["continue"] = page.metadata.continue_


async def _changes(kube: KubeClient, watched: Watched[T], version: str) -> AsyncGenerator[Change[T], None]:
    params = {
        **watched.selector,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(_WATCH_SECONDS),
    }
    async with aclosing(kube.lines(watched.path, params=params, read_timeout=_SILENCE_SECONDS)) as lines:
        async for line in lines:
            event = decode_event(line)
            if event.type == "ERROR":
                return
            if event.type != "BOOKMARK" and _is(watched, key := _key(event.object)):
                yield Change(key, None if event.type == "DELETED" else watched.decode(event.object))


def _key(raw: msgspec.Raw) -> tuple[str, str]:
    metadata = decode_object(raw).metadata
    return metadata.namespace, metadata.name


def _is(watched: Watched[T], key: tuple[str, str]) -> bool:
    return watched.name in ("", key[1])
