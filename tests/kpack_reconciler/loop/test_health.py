"""The health server."""

from aiohttp.test_utils import TestClient, TestServer

from kpack_reconciler.loop.health import make_health_app


async def test_ready_follows_the_process_and_healthy_does_not() -> None:
    """A process that has not seen the world yet lives, but is not ready."""
    ready = False

    async with TestClient(TestServer(make_health_app(lambda: ready))) as client:
        before = [(await client.get(path)).status for path in ("/healthz", "/readyz")]
        ready = True
        after = [(await client.get(path)).status for path in ("/healthz", "/readyz")]

    assert (before, after) == ([200, 503], [200, 200])


async def test_metrics_are_in_prometheus_format() -> None:
    """What the loop counts can be scraped."""
    async with TestClient(TestServer(make_health_app(lambda: True))) as client:
        response = await client.get("/metrics")
        text = await response.text()

    assert response.content_type == "text/plain"
    assert "# TYPE kpack_queue_length gauge" in text
