"""Where registries answer: https before http, and what is no registry."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kpack_reconciler.clients.registry import KnownRegistries
from kpack_reconciler.clients.registry.challenges import Challenge, read_challenge
from kpack_reconciler.clients.registry.endpoints import find_endpoint, may_speak_http
from kpack_reconciler.errors import PermanentError, TransientError
from tests.fakes.registry import FakeRegistry
from tests.fakes.serving import served
from tests.fakes.tls import tls_contexts


@pytest.mark.parametrize(
    ("registry", "plain"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("10.0.0.5:5000", True),
        ("192.168.1.1", True),
        ("registry.local:5000", True),
        ("[::1]:5000", True),
        ("index.docker.io", False),
        ("gcr.io", False),
        ("8.8.8.8:5000", False),
        ("registry.example:5000", False),
        ("localhost.example", False),
        ("172.16.0.1:5000", True),
        ("169.254.169.254", False),
        ("100.64.0.1:5000", False),
        ("[fd00::1]:5000", True),
        ("[2001:db8::1]:5000", False),
    ],
)
def test_plain_http_is_for_near_registries(registry: str, *, plain: bool) -> None:
    """Loopback, private addresses and local names may be spoken to over http, everything else over https only."""
    assert may_speak_http(registry) is plain


async def test_a_near_registry_without_https_is_spoken_to_over_http() -> None:
    """First https is tried; what it asks for at its door is remembered, and it is knocked at once."""
    fake, known = FakeRegistry(scheme="bearer"), KnownRegistries()

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        found = [await known.endpoint(http, registry) for _ in range(3)]

    assert {endpoint.base for endpoint in found} == {f"http://{registry}"}
    assert found[0].challenge == Challenge(scheme="bearer", realm=f"http://{registry}/token", service="fake")
    assert fake.pings == 1


async def test_an_open_door_asks_for_nothing() -> None:
    """A registry that lets everybody in gets no login with the first request."""
    async with FakeRegistry().serve() as registry, aiohttp.ClientSession() as http:
        assert (await find_endpoint(http, registry)).challenge is None


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        pytest.param(404, TransientError, "GET http://{}/v2/: unexpected status code 404 Not Found", id="C42"),
        pytest.param(404, TransientError, "check the name of the image", id="C43-404"),
        pytest.param(403, PermanentError, "unexpected status code 403 Forbidden", id="C43-403"),
        pytest.param(503, TransientError, "registry {} answered 503", id="R219"),
    ],
)
async def test_a_door_that_is_no_registrys(status: int, kind: type[Exception], words: str) -> None:
    """A host that does not answer as a registry may do so later; one that forbids everything will not."""
    async with FakeRegistry(door=status).serve() as registry, aiohttp.ClientSession() as http:
        with pytest.raises(kind) as told:
            await find_endpoint(http, registry)

    assert words.format(registry) in str(told.value)


async def test_a_door_tells_when_to_come_again() -> None:
    """`Retry-After` of a rate limit at the door is told with the error."""
    fake = FakeRegistry(door=429, said={"Retry-After": "30"})
    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="answered 429") as told:
            await find_endpoint(http, registry)

    assert told.value.retry_after == 30


async def test_a_far_registry_is_never_spoken_to_over_http() -> None:
    """A name that is not near gets https or nothing, whoever answers there."""
    async with FakeRegistry().serve() as registry, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="does not answer"):
            await find_endpoint(http, f"0.0.0.0:{registry.rpartition(':')[2]}")


async def test_a_certificate_that_is_not_trusted_is_told() -> None:
    """A registry that speaks https badly is not spoken to over http instead."""
    fake, (context, _) = FakeRegistry(), tls_contexts("registry.team")
    server = TestServer(fake.app(), scheme="https")
    await server.start_server(ssl=context, shutdown_timeout=0.1)
    try:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(TransientError, match="certificate that is not trusted"):
                await find_endpoint(http, f"127.0.0.1:{server.port}")
    finally:
        await server.close()

    assert fake.pings == 0


async def test_what_another_host_asks_for_is_not_answered() -> None:
    """A door that sends us elsewhere asks for nothing itself: no login may follow there."""
    private = FakeRegistry(scheme="basic")
    async with private.serve() as elsewhere:
        app = web.Application()

        async def send_away(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"http://{elsewhere}/v2/")

        app.router.add_get("/v2/", send_away)
        async with served(app) as host, aiohttp.ClientSession() as http:
            endpoint = await find_endpoint(http, host)

    assert endpoint.challenge is None


@pytest.mark.parametrize(
    ("headers", "scheme", "realm"),
    [
        (['Basic realm="x"'], "basic", "x"),
        (['BEARER realm="https://auth.example/token",service="s",scope="a,b"'], "bearer", "https://auth.example/token"),
        (["Bearer realm=https://auth.example/t , service=s"], "bearer", "https://auth.example/t"),
        (["Negotiate", 'Basic realm="x"'], "basic", "x"),
    ],
)
def test_the_first_known_challenge_counts(headers: list[str], scheme: str, realm: str) -> None:
    """Schemes are known in any case, parameters with and without quotes; what we cannot do is passed over."""
    challenge = read_challenge(headers)

    assert challenge is not None
    assert (challenge.scheme, challenge.realm) == (scheme, realm)


@pytest.mark.parametrize("headers", [[], ["Negotiate"], ["Bearer"], ['Bearer service="x"']])
def test_no_known_challenge_is_none(headers: list[str]) -> None:
    """A bearer challenge without the address of a token server cannot be answered."""
    assert read_challenge(headers) is None
