"""What one admission request costs: an Image through `/defaults` and `/validate`, against a server that echoes JSON."""

import asyncio
import json
import os
import statistics
import time
from typing import Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.bench.results import OURS, Run
from kpack_api.process import MUTATING_PATH, VALIDATING_PATH
from kpack_reconciler.webhook.server import make_app

CONNECTIONS: Final = 4
REQUESTS: Final = 3_000
WARM_UP: Final = 200
_ECHO_PATH = "/echo"
Measured = tuple[float, float, float]
"""Requests per second, then the median and the 99th percentile of milliseconds."""


def runs(number: int) -> tuple[Run, ...]:
    """Measure one round of ours and of the echo: requests per second and milliseconds, for each path."""
    body, load = json.dumps(_review()).encode(), round(os.getloadavg()[0], 2)
    ours, echo = dict[str, float](), dict[str, float]()
    for path in (MUTATING_PATH, VALIDATING_PATH):
        for values, asked in ((ours, path), (echo, _ECHO_PATH)):
            rate, median, p99 = asyncio.run(measure(asked, body))
            values |= {f"{path} admissions/s": rate, f"{path} median, ms": median, f"{path} p99, ms": p99}
    return tuple(
        Run(scenario="webhook", subject=subject, round=number, load=load, values=values)
        for subject, values in ((OURS, ours), ("echo", echo))
    )


async def measure(path: str, body: bytes) -> Measured:
    """Serve, send the same request again and again over a few connections, and give rate, median and p99."""
    app = make_app(default_storage_class=lambda: True) if path != _ECHO_PATH else _echo()
    request = _request(path, body)
    async with TestServer(app, access_log=None) as server:
        connections = [await asyncio.open_connection(server.host, server.port) for _ in range(CONNECTIONS)]
        try:
            await asyncio.gather(*(_send(*connection, request, WARM_UP) for connection in connections))
            start = time.perf_counter()
            share = REQUESTS // CONNECTIONS
            rounds = await asyncio.gather(*(_send(*connection, request, share) for connection in connections))
            seconds = time.perf_counter() - start
        finally:
            for _, writer in connections:
                writer.close()
                await writer.wait_closed()
    taken = sorted(milliseconds for each in rounds for milliseconds in each)
    return len(taken) / seconds, statistics.median(taken), taken[len(taken) * 99 // 100]


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, times: int) -> list[float]:
    """Send a request so many times, one after the other; the milliseconds of each."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r")[0]))
        taken.append((time.perf_counter() - start) * 1000)
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"the server answered {head.decode()}")
    return taken


def _echo() -> web.Application:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    app = web.Application()
    app.router.add_post(_ECHO_PATH, echo)
    return app


def _request(path: str, body: bytes) -> bytes:
    headers = f"Host: webhook\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body


def _review() -> dict[str, object]:
    """An update of an Image, as `kubectl apply` leads to it."""
    fields: dict[str, object] = {f"f:field{index}": {"f:inner": {}} for index in range(20)}
    image = {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Image",
        "metadata": {
            "name": "app",
            "namespace": "team",
            "managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": fields}],
        },
        "spec": {
            "tag": "registry.example/team/app",
            "builder": {"kind": "ClusterBuilder", "name": "default"},
            "source": {"git": {"url": "https://git.example/team/app.git", "revision": "main"}},
            "build": {
                "env": [{"name": f"NAME_{index}", "value": "value"} for index in range(10)],
                "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
                "bindings": [{"name": "db", "metadataRef": {"name": "db"}, "secretRef": {"name": "db"}}],
            },
        },
    }
    request = {
        "uid": "00000000-0000-0000-0000-000000000001",
        "kind": {"group": "build.pivotal.io", "version": "v1alpha1", "kind": "Image"},
        "operation": "UPDATE",
        "object": image,
        "oldObject": image,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
