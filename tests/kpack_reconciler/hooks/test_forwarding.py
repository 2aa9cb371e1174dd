"""How a hook reaches the leader, and nobody else."""

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from kpack_reconciler.hooks.forwarding import FORWARDED, Leader, forward, read_leader
from kpack_reconciler.model.hooks import Provider
from kpack_reconciler.webhook.certificate import make_certificate
from kpack_reconciler.wiring.tls import load
from tests.fakes.hook_senders import push

HOOK = push(Provider.GITLAB)
OTHER = hashlib.sha256(b"another certificate").digest()


@asynccontextmanager
async def leading(seen: list[web.Request]) -> AsyncIterator[Leader]:
    """A leader behind TLS with a certificate of its own making."""
    pems = make_certificate("kpack-hooks", "kpack", now=datetime.now(UTC))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    load(tls, pems.certificate, pems.key)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        seen.append(request)
        return web.Response(status=202, text="asking")

    app = web.Application()
    app.router.add_post("/hooks", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=tls)
    try:
        digest = load_pem_x509_certificate(pems.certificate).fingerprint(SHA256())
        yield Leader(address=f"127.0.0.1:{server.port}", fingerprint=digest)
    finally:
        await server.close()


async def test_the_leader_gets_the_hook_as_it_came() -> None:
    """Body, event and proof; marked, so that it is passed on once; nothing of the connection."""
    seen: list[web.Request] = []
    async with leading(seen) as leader, aiohttp.ClientSession() as http:
        found = await forward(http, leader, HOOK.headers | {"Host": "hooks.example.com", "Cookie": "a=b"}, HOOK.body)

    assert found == (202, "asking")
    assert await seen[0].read() == HOOK.body
    assert HOOK.headers.items() <= dict(seen[0].headers).items()
    assert seen[0].headers[FORWARDED] == "1"
    assert "Cookie" not in seen[0].headers
    assert seen[0].host == leader.address


async def test_who_has_another_certificate_sees_nothing() -> None:
    """A pod that took over the leader's address does not get to know the token."""
    seen: list[web.Request] = []
    async with leading(seen) as leader, aiohttp.ClientSession() as http:
        found = await forward(http, Leader(address=leader.address, fingerprint=OTHER), HOOK.headers, HOOK.body)

    assert found is None
    assert seen == []


async def test_a_leader_that_is_gone_is_no_leader() -> None:
    """The sender is told to come again."""
    async with aiohttp.ClientSession() as http:
        assert await forward(http, Leader(address="127.0.0.1:1", fingerprint=OTHER), HOOK.headers, HOOK.body) is None


def test_a_leader_is_read_as_it_was_written() -> None:
    """The note on the Lease."""
    leader = Leader(address="[fd00::1]:8444", fingerprint=OTHER)

    assert read_leader(str(leader)) == leader


@pytest.mark.parametrize("note", ["", "10.0.0.1:8444", "10.0.0.1:8444 zz", "10.0.0.1:8444 aa", f" {OTHER.hex()}"])
def test_what_is_no_leader(note: str) -> None:
    """An older controller leaves no note."""
    assert read_leader(note) is None
