"""An API server in memory, behind real HTTP: enough of Kubernetes to be listed, watched, written and refused by.

Rules it keeps as the real one does: a resource version that grows with each write, uid and generation, the status
subresource apart from the rest, 409 for stale versions, foreign UIDs and names that are taken, 410 for versions that
were compacted away, pages, label selectors, bookmarks at once after the start of a watch.
"""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from kpack_reconciler.clients.kube.config import ClusterConfig

_PATH = re.compile(
    r"^/(?P<api>api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[a-z]+))?$"
)
Json = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A request's path, taken apart."""

    collection: str
    namespace: str
    name: str
    subresource: str


class RefusedError(Exception):
    """A request ends in a Status."""

    def __init__(self, code: int, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.body = {"kind": "Status", "code": code, "reason": reason, "message": message or reason}


class FakeKubernetes:
    """Objects by collection. `requests` records method and path of each request, `refusals` are answered first."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, int]] = []
        self.tokens: set[str] = set()
        self.split_lines = False
        self._version = 100
        self._oldest = 100
        self._history: list[tuple[int, str, str, Json]] = []
        self._news = asyncio.Event()
        self._cut = 0

    def put(self, path: str, body: Json) -> Json:
        """Create or overwrite an object, given its collection's path (with the namespace)."""
        target = _target(path)
        body = copy.deepcopy(body)
        metadata = body.setdefault("metadata", {})
        metadata["namespace"] = target.namespace
        place = (target.collection, target.namespace, metadata["name"])
        known = place in self.objects
        return self._store(place, body, "MODIFIED" if known else "ADDED")

    def get(self, path: str) -> Json:
        """The object at this path."""
        target = _target(path)
        return self.objects[target.collection, target.namespace, target.name]

    def all(self, path: str) -> list[Json]:
        """The objects of this collection."""
        return list(self._matching(_target(path), ""))

    def remove(self, path: str) -> None:
        """Delete an object."""
        target = _target(path)
        self._delete((target.collection, target.namespace, target.name))

    def compact(self) -> None:
        """Forget all history: watches from versions before now are refused with 410."""
        self._history.clear()
        self._oldest = self._version

    def cut_watches(self) -> None:
        """End all watches that are open."""
        self._cut += 1
        self._tell()

    def refuse_next(self, method: str, part: str, status: int) -> None:
        """Answer the next request of this method whose path holds `part` with this status."""
        self.refusals.append((method, part, status))

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[ClusterConfig]:
        """Listen on a free port while the context is open."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        server = TestServer(app)
        await server.start_server(shutdown_timeout=0.1)
        try:
            yield ClusterConfig(server=str(server.make_url("")).rstrip("/"))
        finally:
            self.cut_watches()
            await server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        try:
            self._refuse(request)
            target = _target(request.path)
            if "watch" in request.query:
                return await self._watch(request, target)
            return web.json_response(await self._plain(request, target))
        except RefusedError as error:
            return web.json_response(error.body, status=int(str(error.body["code"])))

    async def _plain(self, request: web.Request, target: Target) -> Json:
        if request.method == "GET" and not target.name:
            return self._list(request, target)
        if request.method == "POST":
            return self._create(target, await request.json())
        place = (target.collection, target.namespace, target.name)
        if place not in self.objects:
            raise RefusedError(404, "NotFound", f"{target.name} not found")
        match request.method:
            case "PUT":
                self._check_version(place, body := await request.json())
                return self._store(place, body, "MODIFIED")
            case "PATCH":
                return self._patch(place, target, await request.json())
            case "DELETE":
                wanted = (await request.json()).get("preconditions", {}).get("uid")
                if wanted and wanted != self.objects[place]["metadata"]["uid"]:
                    raise RefusedError(409, "Conflict", "the UID is another")
                return self._delete(place)
        return self.objects[place]

    def _list(self, request: web.Request, target: Target) -> Json:
        items = self._matching(target, request.query.get("labelSelector", ""))
        listed = list(items)
        start = int(request.query.get("continue", "0"))
        end = start + int(request.query.get("limit", "500"))
        metadata: Json = {"resourceVersion": str(self._version)}
        if end < len(listed):
            metadata["continue"] = str(end)
        return {"kind": "List", "metadata": metadata, "items": listed[start:end]}

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        seen, cut = int(request.query["resourceVersion"]), self._cut
        if seen < self._oldest:
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            return response
        bookmark = {"kind": "Bookmark", "metadata": {"resourceVersion": str(seen)}}
        await response.write(json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n")
        while self._cut == cut:
            news = self._news
            for version, kind, collection, value in list(self._history):
                fits = _fits(value, target, request.query.get("labelSelector", ""))
                if version > seen and collection == target.collection and fits:
                    await self._write(response, json.dumps({"type": kind, "object": value}).encode() + b"\n")
            seen = self._version
            await news.wait()
        return response

    async def _write(self, response: web.StreamResponse, line: bytes) -> None:
        step = 7 if self.split_lines else len(line)
        for start in range(0, len(line), step):
            await response.write(line[start : start + step])
            await asyncio.sleep(0)

    def _create(self, target: Target, body: Json) -> Json:
        metadata = body.setdefault("metadata", {})
        metadata["namespace"] = target.namespace
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self._version:05d}")
        place = (target.collection, target.namespace, metadata["name"])
        if place in self.objects:
            raise RefusedError(409, "AlreadyExists", f"{metadata['name']} already exists")
        return self._store(place, body, "ADDED")

    def _patch(self, place: tuple[str, str, str], target: Target, patch: Json | list[Json]) -> Json:
        value = copy.deepcopy(self.objects[place])
        if isinstance(patch, list):
            value = _operated(value, patch)
            self._check_version(place, value)
            return self._store(place, value, "MODIFIED")
        self._check_version(place, patch)
        if target.subresource == "status":
            patch = {"status": patch.get("status", {})}
        elif "build.pivotal.io" in target.collection:
            patch = {key: part for key, part in patch.items() if key != "status"}
        return self._store(place, _merged(value, patch), "MODIFIED")

    def _check_version(self, place: tuple[str, str, str], body: Json) -> None:
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted and wanted != self.objects[place]["metadata"]["resourceVersion"]:
            raise RefusedError(409, "Conflict", "the object has been modified")

    def _store(self, place: tuple[str, str, str], body: Json, kind: str) -> Json:
        before = self.objects.get(place)
        self._version += 1
        metadata = body["metadata"]
        metadata["resourceVersion"] = str(self._version)
        metadata.setdefault("uid", before["metadata"]["uid"] if before else f"uid-{self._version}")
        metadata.setdefault("creationTimestamp", "2026-11-24T10:00:00Z")
        changed = before is None or before.get("spec") != body.get("spec")
        metadata["generation"] = (before["metadata"]["generation"] if before else 0) + int(changed)
        self.objects[place] = body
        self._history.append((self._version, kind, place[0], copy.deepcopy(body)))
        self._tell()
        return body

    def _delete(self, place: tuple[str, str, str]) -> Json:
        self._version += 1
        body = self.objects.pop(place)
        body["metadata"]["resourceVersion"] = str(self._version)
        self._history.append((self._version, "DELETED", place[0], body))
        self._tell()
        return body

    def _matching(self, target: Target, selector: str) -> Iterator[Json]:
        for (collection, _, _), value in sorted(self.objects.items(), key=lambda item: item[0]):
            if collection == target.collection and _fits(value, target, selector):
                yield value

    def _refuse(self, request: web.Request) -> None:
        if self.tokens and request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise RefusedError(401, "Unauthorized")
        for refusal in self.refusals:
            method, part, status = refusal
            if method == request.method and part in request.path:
                self.refusals.remove(refusal)
                raise RefusedError(status, {403: "Forbidden", 422: "Invalid"}.get(status, "Failure"), "as ordered")

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _target(path: str) -> Target:
    found = _PATH.match(path)
    if not found:
        raise RefusedError(404, "NotFound", f"no such path: {path}")
    parts = {name: part or "" for name, part in found.groupdict().items()}
    collection = f"{parts['api']}/{parts['plural']}"
    return Target(collection, parts["namespace"], parts["name"], parts["subresource"])


def _fits(value: Json, target: Target, selector: str) -> bool:
    if target.namespace and value["metadata"].get("namespace") != target.namespace:
        return False
    labels = value["metadata"].get("labels", {})
    wanted, _, text = selector.partition("=")
    return not selector or (labels.get(wanted) == text if text else wanted in labels)


def _operated(value: Json, operations: list[Json]) -> Json:
    for operation in operations:
        if operation["op"] != "add":
            raise RefusedError(422, "Invalid", f"the fake knows no {operation['op']}")
        *parents, last = operation["path"].strip("/").split("/")
        place = value
        for parent in parents:
            place = place[parent]
        place[last] = operation["value"]
    return value


def _merged(value: Json, patch: Json) -> Json:
    for key, part in patch.items():
        if part is None:
            value.pop(key, None)
        elif isinstance(part, dict):
            value[key] = _merged(dict(value.get(key) or {}), part)
        elif key == "webhooks":
            value[key] = [_merged(dict(old), new) for old, new in zip(value[key], part, strict=True)]
        else:
            value[key] = part
    return value
