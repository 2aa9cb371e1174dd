"""The line between one controller process and the API server, in the hands of a test.

Every request waits until it is let through, every watch brings what is let through, and any of them may be lost.

Rules: within one watch the order is that of the writes; between watches there is none. What was lost is seen by
resuming, or by listing anew once the server answers 410.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError, PatchStyle, _translated
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Fault
from tests.fakes.api_objects import ApiObjects, Json, RefusedError, Target, fits, target_of

_PAGE = 2
_ASK = "ASK"


class Fate(Enum):
    """What becomes of a request."""

    ANSWERED = "answered"
    LOST = "lost"
    """The server never saw it."""
    ANSWER_LOST = "answer lost"
    """The server did it, and the client does not know."""
    REFUSED = "refused"
    """A quota, a policy or missing rights."""


@dataclass(eq=False)
class Call:
    """A request under way. Method ASK is a question to another server than the API server."""

    method: str
    path: str
    body: object
    params: Mapping[str, str]
    answer: "asyncio.Future[bytes]"


@dataclass(eq=False)
class Stream:
    """One open watch. `place` is how far in the collection's history it is."""

    target: Target
    selector: str
    place: int
    lines: list[bytes] = field(default_factory=list)
    ended: Exception | None = None
    closed: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, line: bytes) -> None:
        """Bring one line."""
        self.lines.append(line)
        self.news.set()

    def end(self, error: Exception | None) -> None:
        """End the watch: in good order, or with an error."""
        self.ended, self.closed = error, True
        self.news.set()


class Network(KubeClient):
    """A client of an API server in memory.

    `waiting` are its requests, `calls` counts those to the API server that ended, `streams` are its watches by path. A
    watch that is opened begins `rewind` changes too early.
    """

    def __init__(self, api: ApiObjects) -> None:
        self.api = api
        self.waiting: list[Call] = []
        self.streams: dict[str, Stream] = {}
        self.calls = 0
        self.rewind = 0
        self._snapshots: dict[str, list[Json]] = {}

    async def get(self, path: str, *, params: Mapping[str, str] | None = None) -> bytes:
        """Read an object or a list."""
        return await self._call("GET", path, params=params)

    async def create(self, path: str, body: Mapping[str, object]) -> bytes:
        """Create an object."""
        return await self._call("POST", path, body=body)

    async def replace(self, path: str, body: Mapping[str, object]) -> bytes:
        """Write an object whole."""
        return await self._call("PUT", path, body=body)

    async def patch(self, path: str, body: object, *, style: PatchStyle, field_manager: str = "") -> bytes:
        """Change an object by a merge patch or a JSON patch, which the body tells apart."""
        assert style in (PatchStyle.MERGE, PatchStyle.JSON), (style, field_manager)
        return await self._call("PATCH", path, body=body)

    async def delete(self, path: str, *, uid: str = "") -> None:
        """Delete an object."""
        try:
            await self._call("DELETE", path, body={"preconditions": {"uid": uid} if uid else {}})
        except NotFoundError:
            return

    async def asked(self, reason: str) -> Fault | None:
        """Wait for the answer of another server; a fault where it is lost."""
        try:
            await self._call(_ASK, "")
        except (TransientError, PermanentError) as error:
            return Fault(reason=reason, message=str(error), permanent=False)
        return None

    async def lines(
        self, path: str, *, params: Mapping[str, str] | None = None, read_timeout: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a watch."""
        assert params is not None, read_timeout
        stream = self.streams[path] = self._open(path, params)
        while True:
            while stream.lines:
                yield stream.lines.pop(0)
            if stream.closed:
                break
            stream.news.clear()
            await stream.news.wait()
        if stream.ended is not None:
            raise stream.ended

    def settle(self, call: Call, fate: Fate) -> None:
        """Let a request end."""
        self.waiting.remove(call)
        self.calls += call.method != _ASK
        try:
            if fate in (Fate.ANSWERED, Fate.ANSWER_LOST):
                raw = self._done(call)
        except RefusedError as error:
            raw = msgspec.json.encode(error.body)
            call.answer.set_exception(_refused(call, error.code, raw))
            return
        if fate is Fate.ANSWERED:
            call.answer.set_result(raw)
        elif fate is Fate.REFUSED:
            told = msgspec.json.encode({"reason": "Forbidden", "message": "exceeded quota"})
            call.answer.set_exception(_refused(call, 403, told))
        else:
            call.answer.set_exception(TransientError(f"{call.method} {call.path}: no answer"))

    def deliver(self, path: str, most: int) -> int:
        """Bring at most so many changes through one watch; how many there were. A bookmark follows the last of all."""
        stream = self.streams.get(path)
        if stream is None or stream.closed:
            return 0
        history, brought = self.api.history.get(stream.target.collection, []), 0
        while brought < most and stream.place < len(history):
            change = history[stream.place]
            stream.place += 1
            if fits(change.value, stream.target, stream.selector):
                stream.push(change.line)
                brought += 1
        if brought and stream.place == len(history):
            bookmark = {"kind": "Bookmark", "metadata": {"resourceVersion": str(self.api.version)}}
            stream.push(msgspec.json.encode({"type": "BOOKMARK", "object": bookmark}))
        return brought

    def behind(self, path: str) -> bool:
        """Whether a watch has not seen everything."""
        stream = self.streams.get(path)
        return stream is None or stream.closed or stream.place < len(self.api.history.get(stream.target.collection, ()))

    def cut(self, path: str, error: Exception | None) -> None:
        """End one watch."""
        stream = self.streams.get(path)
        if stream is not None and not stream.closed:
            stream.end(error)

    def expire(self, path: str) -> None:
        """Tell one watch that its version is gone."""
        stream = self.streams.get(path)
        if stream is not None and not stream.closed:
            stream.push(_expired())

    def _open(self, path: str, params: Mapping[str, str]) -> Stream:
        target, seen = target_of(path), int(params["resourceVersion"])
        history = self.api.history.get(target.collection, [])
        place = next((number for number, change in enumerate(history) if change.version > seen), len(history))
        stream = Stream(target, params.get("labelSelector", ""), max(0, place - self.rewind))
        if seen < self.api.oldest:
            stream.push(_expired())
        return stream

    async def _call(
        self, method: str, path: str, *, body: object = None, params: Mapping[str, str] | None = None
    ) -> bytes:
        call = Call(method, path, body, params or {}, asyncio.get_running_loop().create_future())
        self.waiting.append(call)
        return await call.answer

    def _done(self, call: Call) -> bytes:
        if call.method == _ASK:
            return b""
        target = target_of(call.path)
        if call.method == "GET" and not target.name:
            return msgspec.json.encode(self._list(call, target))
        body = msgspec.json.decode(msgspec.json.encode(call.body))
        return msgspec.json.encode(self.api.write(call.method, target, body))

    def _list(self, call: Call, target: Target) -> Json:
        """A page of a consistent list: later pages tell of the same moment as the first (Kubernetes API concepts)."""
        version, _, start = call.params.get("continue", "").partition("/")
        if not start:
            version, start = str(self.api.version), "0"
            self._snapshots[call.path] = list(self.api.matching(target, call.params.get("labelSelector", "")))
        items, end = self._snapshots[call.path], int(start) + _PAGE
        more = {"continue": f"{version}/{end}"} if end < len(items) else {}
        return {"metadata": {"resourceVersion": version, **more}, "items": items[int(start) : end]}


def paths(network: Network) -> Iterator[str]:
    """The collections that are watched."""
    yield from sorted(network.streams)


def _refused(call: Call, status: int, body: bytes) -> Exception:
    response = cast("Any", SimpleNamespace(status=status, headers={}))
    return _translated(response, body, request=f"{call.method} {call.path}")


def _expired() -> bytes:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    return msgspec.json.encode({"type": "ERROR", "object": status})
