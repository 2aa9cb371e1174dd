"""What servers say about being left alone."""

import aiohttp
import pytest
from aiohttp import web

from kpack_reconciler.clients.waits import retry_after
from tests.fakes.serving import served

DATE = "Tue, 09 Jun 2026 04:05:06 GMT"
"""1780977906 seconds of Unix time."""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Tue, 09 Jun 2026 04:06:06 GMT"}, 60.0),
        ({"Retry-After": "100000"}, 3600.0),
        ({"Retry-After": "soon"}, None),
        ({"RateLimit-Remaining": "0;w=21600", "RateLimit-Reset": "30"}, 30.0),
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit-Remaining": "5", "RateLimit-Reset": "30"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1780977966"}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 0.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "x"}, None),
    ],
)
async def test_how_long_a_server_asks_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    """By `Retry-After`, or by the headers of a rate limit of which nothing remains; an hour at most."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Date": DATE, **headers})

    app = web.Application()
    app.router.add_get("/", answer)
    async with served(app) as host, aiohttp.ClientSession() as http, http.get(f"http://{host}/") as response:
        assert retry_after(response) == seconds
