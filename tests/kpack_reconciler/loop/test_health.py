"""The health server."""

import asyncio
import threading
import urllib.request
from urllib.error import HTTPError

import pytest
from aiohttp.test_utils import TestClient, TestServer

from kpack_reconciler.loop.health import make_health_app, serve_health


def well() -> str:
    return ""


@pytest.mark.parametrize(
    ("unready", "sick", "statuses"),
    [("", "", (200, 200)), ("not listed yet: images", "", (200, 503)), ("", "a look hangs", (503, 200))],
    ids=["well", "not ready", "sick"],
)
async def test_each_probe_has_its_own_reason(unready: str, sick: str, statuses: tuple[int, int]) -> None:
    """A process that has not seen the world yet lives; one that is sick is restarted; the answer says what is wrong."""
    app = make_health_app(unready=lambda: unready, sick=lambda: sick)

    async with TestClient(TestServer(app)) as client:
        answers = [await client.get(path) for path in ("/healthz", "/readyz")]
        texts = [await answer.text() for answer in answers]

    assert tuple(answer.status for answer in answers) == statuses
    assert texts == [sick or "ok", unready or "ok"]


async def test_metrics_are_in_prometheus_format() -> None:
    """What the loop counts can be scraped."""
    async with TestClient(TestServer(make_health_app(unready=well, sick=well))) as client:
        response = await client.get("/metrics")
        text = await response.text()

    assert response.content_type == "text/plain"
    assert "# TYPE workqueue_depth gauge" in text


async def test_a_stuck_event_loop_fails_the_probe(unused_tcp_port: int) -> None:
    """While something holds the event loop nobody answers: the probe's time ends first."""
    answers: list[str] = []

    def probe(seconds: float) -> None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{unused_tcp_port}/healthz", timeout=seconds) as answer:
                answers.append(answer.read().decode())
        except (TimeoutError, HTTPError) as error:
            answers.append(type(error).__name__)

    async with serve_health(unused_tcp_port, unready=well, sick=well):
        await asyncio.to_thread(probe, 5.0)
        stuck = threading.Thread(target=probe, args=(0.1,))
        stuck.start()
        stuck.join()  # the event loop's own thread waits here

    assert answers == ["ok", "TimeoutError"]
