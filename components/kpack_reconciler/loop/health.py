"""What the kubelet and Prometheus ask of the process, over plain HTTP.

Owns `/healthz` (the process works), `/readyz` (it can be relied on), `/metrics`. Leaves their meaning to the wiring.

Rules:
- The answers come from the event loop that does the work: where it is stuck, nobody answers, and the probe fails.
- What is wrong is said in the answer, so that `kubectl describe pod` shows it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Ailment = Callable[[], str]
"""What is wrong, in words for people; "" where nothing is."""


@asynccontextmanager
async def serve_health(port: int, *, unready: Ailment, sick: Ailment) -> AsyncIterator[None]:
    """Answer on all addresses while the context is open. `unready` is asked at each `/readyz`, `sick` at `/healthz`."""
    app = make_health_app(unready=unready, sick=sick)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()


def make_health_app(*, unready: Ailment, sick: Ailment) -> web.Application:
    """The application behind `serve_health`."""

    async def healthz(_: web.Request) -> web.Response:
        return _answer(sick())

    async def readyz(_: web.Request) -> web.Response:
        return _answer(unready())

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


def _answer(ailment: str) -> web.Response:
    return web.Response(status=503, text=ailment) if ailment else web.Response(text="ok")
