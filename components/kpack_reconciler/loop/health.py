"""What the kubelet and Prometheus ask of the process, over plain HTTP.

Owns `/healthz` (the process lives), `/readyz` (it has seen the world once) and `/metrics`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


@asynccontextmanager
async def serve_health(port: int, *, ready: Callable[[], bool]) -> AsyncIterator[None]:
    """Answer on all addresses while the context is open. `ready` is asked at each `/readyz`."""
    app = make_health_app(ready)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()


def make_health_app(ready: Callable[[], bool]) -> web.Application:
    """The application behind `serve_health`."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="ok") if ready() else web.Response(status=503, text="the first lists are not done")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app
