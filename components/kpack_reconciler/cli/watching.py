"""Waiting for a change of one object: read it, then watch it, until a question about it has an answer.

Owns resuming and the patience with an API server that fades for a moment. Leaves the limit of the whole wait to the
caller.

Rules:
- An object that does not exist, or is deleted while watched, is None.
- The first read fails at once; after it, transient errors are waited out.
- A refusal (no rights, no such kind) is never waited out.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from kpack_api.wire import ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.errors import TransientError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

_PAUSE_SECONDS = 0.5
_WATCH_SECONDS = 240
_SILENCE_SECONDS = 90.0
"""Bookmarks come about each minute, so longer silence means a dead connection."""


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _List(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw]


class _Object(msgspec.Struct):
    metadata: ObjectMeta


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Generic[T_co]):
    """One object: its collection's path, its name, and how its bytes are read."""

    path: str
    name: str
    decode: Callable[[msgspec.Raw], T_co]

    @property
    def selector(self) -> Mapping[str, str]:
        """The parameters that make a list or watch speak of this object only."""
        return {"fieldSelector": f"metadata.name={self.name}"}


async def read_all(kube: KubeClient, path: str, decode: Callable[[msgspec.Raw], T], *, labels: str = "") -> list[T]:
    """The objects of a collection; `labels` is a label selector."""
    answer = await kube.get(path, params={"labelSelector": labels} if labels else {})
    return [decode(item) for item in msgspec.json.decode(answer, type=_List).items]


async def until(kube: KubeClient, watched: Watched[T], answer: Callable[[T | None], R | None]) -> R:
    """The first answer that is not None, asked of the object now and after each of its changes."""
    async with aclosing(states_of(kube, watched)) as states:
        async for state in states:
            found = answer(state)
            if found is not None:
                return found
    raise AssertionError("a watch without end has ended")


async def states_of(kube: KubeClient, watched: Watched[T]) -> AsyncGenerator[T | None, None]:
    """The object now and after each of its changes, without end. Close it (`contextlib.aclosing`) to stop watching."""
    read_before = False
    while True:
        try:
            state, version = await _read(kube, watched)
            yield state
            read_before = True
            async with aclosing(_changes(kube, watched, version)) as changes:
                async for change in changes:
                    yield change
        except TransientError:
            if not read_before:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def _read(kube: KubeClient, watched: Watched[T]) -> tuple[T | None, str]:
    """The object and the version of the collection, from where a watch goes on."""
    listed = msgspec.json.decode(await kube.get(watched.path, params=watched.selector), type=_List)
    ours = (item for item in listed.items if _is(item, watched.name))
    return next((watched.decode(item) for item in ours), None), listed.metadata.resource_version


async def _changes(kube: KubeClient, watched: Watched[T], version: str) -> AsyncGenerator[T | None, None]:
    params = {
        **watched.selector,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(_WATCH_SECONDS),
    }
    async with aclosing(kube.lines(watched.path, params=params, read_timeout=_SILENCE_SECONDS)) as lines:
        async for line in lines:
            event = msgspec.json.decode(line, type=_Event)
            if event.type == "ERROR":
                return
            if event.type != "BOOKMARK" and _is(event.object, watched.name):
                yield None if event.type == "DELETED" else watched.decode(event.object)


def _is(raw: msgspec.Raw, name: str) -> bool:
    return msgspec.json.decode(raw, type=_Object).metadata.name == name
