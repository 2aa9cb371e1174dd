"""The load generator: an asynchronous client of the API server, and watches that note when objects are born.

Rules:
- What it asks is counted by the API server like everything else: whoever measures subtracts it.
- Watches ask for metadata alone, so that the generator costs little beside the controller.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Self

import aiohttp

from dev.bench.place import Place
from dev.cluster.api import MERGE, Object, tls_context
from dev.errors import DevError

PARALLEL: Final = 32
NAMESPACE: Final = "bench"
_META = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_META_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LINE_BYTES = 1 << 22
_LOOK_EVERY = 0.02
_CONFLICT = 409
_FIRST_ERROR = 400


class Api:
    """The API server of a place, as its administrator."""

    def __init__(self, place: Place) -> None:
        connector = aiohttp.TCPConnector(ssl=tls_context(place.cluster.state), limit=2 * PARALLEL)
        timeout = aiohttp.ClientTimeout(total=None)
        self._http = aiohttp.ClientSession(
            place.cluster.addresses.api_url, connector=connector, read_bufsize=_LINE_BYTES, timeout=timeout
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def text(self, path: str) -> str:
        """Give what is at a path, as it is."""
        async with self._http.get(path) as response:
            return await response.text()

    async def get(self, path: str) -> Object:
        """Give an object or a list."""
        return await self._send("GET", path)

    async def metadata(self, path: str) -> Object:
        """List the metadata of objects."""
        return await self._send("GET", path, headers={"Accept": _META_LIST})

    async def create(self, path: str, wanted: Object) -> None:
        """Make an object; one that is there already is left as it is."""
        await self._send("POST", path, body=wanted, headers={"Content-Type": "application/json"})

    async def merge(self, path: str, change: Object) -> None:
        """Change some fields of an object."""
        await self._send("PATCH", path, body=change, headers={"Content-Type": MERGE})

    def watch(self, path: str, version: str, *, whole: bool) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Open a watch after a resource version, of whole objects or of their metadata."""
        query = {"watch": "1", "resourceVersion": version}
        return self._http.get(path, params=query, headers={"Accept": "application/json" if whole else _META})

    async def _send(
        self, method: str, path: str, *, body: Object | None = None, headers: Mapping[str, str] | None = None
    ) -> Object:
        content = None if body is None else json.dumps(body).encode()
        async with self._http.request(method, path, data=content, headers=headers) as response:
            if response.status >= _FIRST_ERROR and response.status != _CONFLICT:
                raise DevError(f"the API server answered {method} {path}: {response.status} {await response.text()}")
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer


class Births:
    """When each new object below a path was seen first (`time.monotonic`); `last` is the time of the last event.

    With `when`, an object counts from the moment at which this is true of it; it is then watched whole.
    """

    def __init__(self, api: Api, path: str, *, when: Callable[[Object], bool] | None = None) -> None:
        self._api, self._path, self._when = api, path, when
        self._task: asyncio.Task[None] | None = None
        self.born: dict[str, float] = {}
        self.last = 0.0

    async def __aenter__(self) -> Self:
        listed = await self._api.metadata(self._path)
        old = {item["metadata"]["name"] for item in listed["items"] or ()}
        self._task = asyncio.create_task(self._follow(listed["metadata"]["resourceVersion"], old))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def until(self, number: int, *, seconds: float) -> None:
        """Wait for so many births; DevError after so many seconds."""
        await until(
            lambda: len(self.born) >= number,
            what=lambda: f"{number} new objects at {self._path} (there are {len(self.born)})",
            seconds=seconds,
        )

    async def _follow(self, version: str, old: set[str]) -> None:
        async with self._api.watch(self._path, version, whole=self._when is not None) as response:
            async for line in response.content:
                self.last, event = time.monotonic(), json.loads(line)
                name = event["object"]["metadata"].get("name", "")
                counts = event["type"] == "ADDED" if self._when is None else self._when(event["object"])
                if counts and name not in old:
                    self.born.setdefault(name, self.last)


async def until(ready: Callable[[], bool], *, what: Callable[[], str], seconds: float) -> None:
    """Wait for something that watches will show; DevError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise DevError(f"{what()} did not come within {seconds:.0f} s; the controller's log tells more")
        await asyncio.sleep(_LOOK_EVERY)


async def quiet(watches: Iterable[Births], *, seconds: float) -> None:
    """Wait until nothing was seen for so long."""
    last = tuple(watches)
    while (left := max(watch.last for watch in last) + seconds - time.monotonic()) > 0:  # noqa: ASYNC110 - time passes
        await asyncio.sleep(left)


async def in_parallel(work: Iterable[Awaitable[None]]) -> None:
    """Do all of it, `PARALLEL` at a time."""
    waiting = iter(work)

    async def lane() -> None:
        for each in waiting:
            await each

    await asyncio.gather(*(lane() for _ in range(PARALLEL)))
