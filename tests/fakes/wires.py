"""Connections in memory: HTTP clients and servers of one event loop, without sockets, in the hands of a test.

A `Line` is all that one process is connected by. Every request on it passes `faults`, outermost first: each is given
the request and the rest of the way, as aiohttp's middlewares are, and may answer by itself, late, in part or never.

Rules: bytes of one connection keep their order. What is `silent` arrives after `heal`, as TCP sends again what was not
acknowledged; what is `cut` arrives never.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Fault = Callable[[web.BaseRequest, Handler], Awaitable[web.StreamResponse]]

LINE: ContextVar["Line"] = ContextVar("LINE")
"""The line of the process that the running task belongs to."""


class BrokenConnectionError(asyncio.CancelledError):
    """The connection is gone: there is nobody to answer."""


class Line:
    """The connections of one process to servers by host name. `broken` refuses new connections."""

    def __init__(self, hosts: Mapping[str, Handler], faults: tuple[Fault, ...] = ()) -> None:
        self.faults = faults
        self.is_cut = False
        self.broken: set[str] = set()
        self._hosts = hosts
        self._servers: dict[str, web.Server] = {}
        self._ends: dict[_End, str] = {}
        self._held: list[Callable[[], None]] | None = None

    def connect(self, host: str, client: asyncio.Protocol) -> None:
        """Connect a client's protocol to a server. Raises OSError where nobody listens."""
        if self.is_cut or host in self.broken or host not in self._hosts:
            raise ConnectionRefusedError(f"nobody listens at {host}")
        server = self._servers.get(host) or web.Server(
            partial(self._meet, self._hosts[host]), handler_cancellation=True, access_log=None
        )
        self._servers[host] = server
        ours, theirs = _End(self, client), _End(self, server())
        ours.peer, theirs.peer = theirs, ours
        self._ends |= {ours: host, theirs: host}
        for end in (theirs, ours):
            end.protocol.connection_made(end)

    def carry(self, deliver: Callable[[], None]) -> None:
        """Let something arrive: soon, or when the silence is over."""
        if self._held is None:
            asyncio.get_running_loop().call_soon(deliver)
        else:
            self._held.append(deliver)

    def silence(self) -> None:
        """Let nothing arrive."""
        self._held = [] if self._held is None else self._held

    def heal(self) -> None:
        """Let arrive what was held up, and all that follows."""
        held, self._held = self._held or (), None
        for deliver in held:
            self.carry(deliver)

    def cut(self, host: str = "") -> None:
        """Break the connections to one server, or all of them and for ever."""
        self.is_cut = self.is_cut or not host
        for end, server in list(self._ends.items()):
            if host in ("", server):
                end.abort()

    def forget(self, end: "_End") -> None:
        """A connection has ended."""
        self._ends.pop(end, None)

    async def _meet(self, server: Handler, request: web.BaseRequest) -> web.StreamResponse:
        handler = server
        for fault in reversed(self.faults):
            handler = partial(_passed, fault, handler)
        try:
            return await handler(request)
        except ConnectionError as error:  # the client hung up
            raise BrokenConnectionError from error


async def _passed(fault: Fault, rest: Handler, request: web.BaseRequest) -> web.StreamResponse:
    return await fault(request, rest)


class _End(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, line: Line, protocol: asyncio.BaseProtocol) -> None:
        super().__init__()
        self.protocol: Any = protocol
        self.peer: _End
        self._line, self._closing = line, False
        self._waiting: list[bytes] | None = None

    def write(self, data: Any) -> None:
        """Send bytes."""
        if not self._closing:
            self._line.carry(partial(self.peer._arrive, bytes(data)))

    def close(self) -> None:
        """Say goodbye after all that was written."""
        if not self._closing:
            self._closing = True
            self._line.carry(self.peer._end)
            self._lose()

    def abort(self) -> None:
        """End both ends at once; what is under way is lost."""
        for end in (self, self.peer):
            if not end._closing:
                end._closing = True
                end._lose()

    def is_closing(self) -> bool:
        """Whether the end is near."""
        return self._closing

    def pause_reading(self) -> None:
        """Hand out nothing."""
        self._waiting = self._waiting or []

    def resume_reading(self) -> None:
        """Hand out what came meanwhile."""
        waiting, self._waiting = self._waiting or (), None
        for data in waiting:
            self._arrive(data)

    def _arrive(self, data: bytes) -> None:
        if self._closing:
            return
        if self._waiting is not None:
            self._waiting.append(data)
        else:
            self.protocol.data_received(data)

    def _end(self) -> None:
        if not self._closing:
            self._closing = True
            self.protocol.eof_received()
            self._lose()

    def _lose(self) -> None:
        self._line.forget(self)
        asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class MemoryConnector(aiohttp.BaseConnector):
    """Connects through the line of the process that makes it; https is plain here."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._line = LINE.get()

    async def _create_connection(self, req: Any, *_: Any) -> ResponseHandler:
        client: ResponseHandler = self._factory()
        try:
            self._line.connect(req.url.host or "", client)
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return client


def broken(request: web.BaseRequest) -> BrokenConnectionError:
    """Break the connection of a request; to be raised."""
    if request.transport is not None:
        request.transport.abort()
    return BrokenConnectionError()
