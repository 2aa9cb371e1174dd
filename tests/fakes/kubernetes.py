"""An API server in memory, behind real HTTP: `api_objects` with lists in pages, watches and authentication.

Rules it keeps as the real one does: 410 for versions that were compacted away, pages, bookmarks at once after the start
of a watch.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from kpack_reconciler.clients.kube.config import ClusterConfig
from tests.fakes.api_objects import ApiObjects, Change, Json, RefusedError, Target, fits, target_of
from tests.fakes.serving import served

__all__ = ["FakeKubernetes", "Json", "RefusedError", "Target"]


class FakeKubernetes(ApiObjects):
    """Objects behind HTTP. `requests` records method and path of each request, `refusals` are answered first."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, int]] = []
        self.tokens: set[str] = set()
        self.split_lines = False
        self._news = asyncio.Event()
        self._cut = 0

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
            return web.json_response(error.body, status=error.code)

    def _list(self, request: web.Request, target: Target) -> Json:
        listed = list(self.matching(target, request.query.get("labelSelector", "")))
        start = int(request.query.get("continue", "0"))
        end = start + int(request.query.get("limit", "500"))
        metadata: Json = {"resourceVersion": str(self.version)}
        if end < len(listed):
            metadata["continue"] = str(end)
        return {"kind": "List", "metadata": metadata, "items": listed[start:end]}

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        seen, cut = int(request.query["resourceVersion"]), self._cut
        if seen < self.oldest:
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            return response
        bookmark = {"kind": "Bookmark", "metadata": {"resourceVersion": str(seen)}}
        await response.write(json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n")
        selector = request.query.get("labelSelector", "")
        while self._cut == cut:
            news = self._news
            for change in list(self.history.get(target.collection, ())):
                if change.version > seen and fits(change.value, target, selector):
                    await self._write(response, change.line)
            seen = self.version
            await news.wait()
        return response

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
