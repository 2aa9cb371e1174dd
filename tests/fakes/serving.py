"""Fake servers for asynchronous code: any application, on a free port of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Serve an application while the context is open; `host:port`."""
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.close()
