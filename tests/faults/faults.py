"""What can go wrong with requests, as layers that a line's requests pass: each does one thing, and they compose.

A layer that is `on` some requests leaves the others alone, one that comes `sometimes` is drawn each time.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from tests.fakes.wires import Fault, Handler, broken
from tests.faults.cluster import API

Matches = Callable[[web.BaseRequest], bool]


def to(*hosts: str) -> Matches:
    """Requests to these servers."""
    return lambda request: request.host in hosts


def is_write(request: web.BaseRequest) -> bool:
    """Requests that change an object; the Lease does not count."""
    return request.host == API and request.method != "GET" and "/leases/" not in request.path


def is_watch(request: web.BaseRequest) -> bool:
    """Watches."""
    return "watch" in request.query


def is_short(request: web.BaseRequest) -> bool:
    """Requests to the API server that are no watches and not of the Lease."""
    return request.host == API and not is_watch(request) and "/leases" not in request.path


def on(matches: Matches, fault: Fault) -> Fault:
    """A fault of some requests only."""

    async def layer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
        return await (fault(request, handler) if matches(request) else handler(request))

    return layer


def sometimes(draw: random.Random, share: float, *faults: Fault) -> Fault:
    """One of these faults, drawn for each request that has one."""

    async def layer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
        if draw.random() >= share:
            return await handler(request)
        return await draw.choice(faults)(request, handler)

    return layer


def refuses(status: int, *, retry_after: int = 0) -> Fault:
    """The server answers with a status and does nothing."""
    said = {"Retry-After": str(retry_after)} if retry_after else {}

    async def layer(_request: web.BaseRequest, _handler: Handler) -> web.StreamResponse:
        return web.Response(status=status, headers=said)

    return layer


async def hangs(_request: web.BaseRequest, _handler: Handler) -> web.StreamResponse:
    """The server never answers and does nothing."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def loses_answer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
    """The server does it, and the connection breaks before it says so."""
    await handler(request)
    raise broken(request)


async def breaks(request: web.BaseRequest, _handler: Handler) -> web.StreamResponse:
    """The connection breaks before the server does anything."""
    raise broken(request)


async def truncates(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
    """The server does it, and the connection breaks in the middle of the answer."""
    answer = await handler(request)
    if isinstance(answer, web.Response) and isinstance(answer.body, bytes) and answer.body:
        part = web.StreamResponse(status=answer.status, headers=answer.headers)
        part.content_length = len(answer.body)
        await part.prepare(request)
        await part.write(answer.body[: len(answer.body) // 2])
        await asyncio.sleep(0)
        raise broken(request)
    return answer


def delays(draw: random.Random, longest: float) -> Fault:
    """The request is late at the server, and the answer late at the client."""

    async def layer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(draw.uniform(0, longest))
        answer = await handler(request)
        await asyncio.sleep(draw.uniform(0, longest))
        return answer

    return layer


def ends_after(seconds: Callable[[], float]) -> Fault:
    """The server ends the answer in good order after so many seconds, whatever was still to come."""

    async def layer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds()):
                return await handler(request)
        if request.transport is not None:
            request.transport.close()
        raise broken(request)

    return layer


def at(number: int, matches: Matches, happens: Callable[[], None], *, done: bool) -> Fault:
    """Something happens at one request, counted from 1: after the server did it, or before and instead."""
    left = number

    async def layer(request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
        nonlocal left
        if not matches(request):
            return await handler(request)
        left -= 1
        if left:
            return await handler(request)
        if done:
            await handler(request)
        happens()
        return await (hangs if request.transport is not None else breaks)(request, handler)

    return layer
