"""An API server in memory, behind real HTTP: `api_objects` with lists in pages, watches and authentication.

Rules it keeps as the real one does: 410 for versions and pages that were compacted away, pages of one moment, bookmarks
at once after the start of a watch and each minute, watches that end when their time is over, `Retry-After` with 429.
"""

import asyncio
import json
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from kpack_reconciler.clients.kube.config import ClusterConfig
from tests.fakes.api_objects import ApiObjects, Change, Json, RefusedError, Target, fits, target_of
from tests.fakes.serving import served

__all__ = ["FakeKubernetes", "Json", "RefusedError", "Target"]

_BOOKMARK_SECONDS = 60.0
_TOO_MANY = 429


class FakeKubernetes(ApiObjects):
    """Objects behind HTTP. `requests` records method and path of each request, `refusals` are answered first.

    A watch tells each change `late` seconds after the one before, and begins `rewind` changes too early. The next
    `torn` of them are cut within a line and ended in good order, as a proxy may do. No page holds more than `page`.
    """

    def __init__(self, now: Callable[[], str] = lambda: "2026-11-24T10:00:00Z") -> None:
        super().__init__(now)
        self.late: Callable[[], float] = lambda: 0.0
        self.rewind = 0
        self.torn = 0
        self.page = 500
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, int]] = []
        self.tokens: set[str] = set()
        self.split_lines = False
        self._news = asyncio.Event()
        self._cut = 0
        self._listed: dict[tuple[str, str], list[Json]] = {}

    def cut_watches(self) -> None:
        """End all watches that are open."""
        self._cut += 1
        self._wake()

    def refuse_next(self, method: str, part: str, status: int) -> None:
        """Answer the next request of this method whose path holds `part` with this status."""
        self.refusals.append((method, part, status))

    def told(self, _change: Change, _target: Target) -> None:
        """Wake the watches."""
        self._wake()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[ClusterConfig]:
        """Listen on a free port while the context is open."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with served(app) as host:
            try:
                yield ClusterConfig(server=f"http://{host}")
            finally:
                self.cut_watches()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        try:
            self._refuse(request)
            target = target_of(request.path)
            if "watch" in request.query:
                return await self._watch(request, target)
            if request.method == "GET" and not target.name:
                return web.json_response(self._list(request, target))
            body = await request.json() if request.can_read_body else {}
            return web.json_response(self.write(request.method, target, body))
        except RefusedError as error:
            said = {"Retry-After": "1"} if error.code == _TOO_MANY else {}
            return web.json_response(error.body, status=error.code, headers=said)

    def _list(self, request: web.Request, target: Target) -> Json:
        version, _, place = request.query.get("continue", "").partition("/")
        if not place:
            version, place = str(self.version), "0"
            found = self.matching(target, request.query.get("labelSelector", ""))
            self._listed[request.path, version] = list(found)
        elif int(version) < self.oldest:
            raise RefusedError(410, "Expired", "The provided continue parameter is too old")
        listed, start = self._listed[request.path, version], int(place)
        end = start + min(self.page, int(request.query.get("limit", "500")))
        metadata: Json = {"resourceVersion": version}
        if end < len(listed):
            metadata["continue"] = f"{version}/{end}"
        return {"kind": "List", "metadata": metadata, "items": listed[start:end]}

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        seen = int(request.query["resourceVersion"])
        if seen < self.oldest:
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            return response
        await response.write(_bookmark(seen))
        with suppress(TimeoutError):
            async with asyncio.timeout(float(request.query.get("timeoutSeconds", "1800"))):
                await self._follow(response, target, request.query.get("labelSelector", ""), seen)
        return response

    async def _follow(self, response: web.StreamResponse, target: Target, selector: str, seen: int) -> None:
        """Write what changes, until the watches are cut or one of them is torn."""
        history, cut = self.history.setdefault(target.collection, []), self._cut
        place = max(0, bisect_right(history, seen, key=lambda change: change.version) - self.rewind)
        while self._cut == cut:
            news, version = self._news, self.version
            while place < len(history):
                change = history[place]
                place += 1
                if fits(change.value, target, selector) and await self._told_all(response, change.line):
                    return
            try:
                async with asyncio.timeout(_BOOKMARK_SECONDS):
                    await news.wait()
            except TimeoutError:
                await response.write(_bookmark(version))

    async def _told_all(self, response: web.StreamResponse, line: bytes) -> bool:
        """Write one line; whether the watch ends with it."""
        if late := self.late():
            await asyncio.sleep(late)
        if self.torn:
            self.torn -= 1
            await response.write(line[: len(line) // 2])
            return True
        await self._write(response, line)
        return False

    async def _write(self, response: web.StreamResponse, line: bytes) -> None:
        step = 7 if self.split_lines else len(line)
        for start in range(0, len(line), step):
            await response.write(line[start : start + step])
            await asyncio.sleep(0)

    def _refuse(self, request: web.Request) -> None:
        if self.tokens and request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise RefusedError(401, "Unauthorized")
        for refusal in self.refusals:
            method, part, status = refusal
            if method == request.method and part in request.path:
                self.refusals.remove(refusal)
                raise RefusedError(status, {403: "Forbidden", 422: "Invalid"}.get(status, "Failure"), "as ordered")

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _bookmark(version: int) -> bytes:
    bookmark = {"kind": "Bookmark", "metadata": {"resourceVersion": str(version)}}
    return json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n"
