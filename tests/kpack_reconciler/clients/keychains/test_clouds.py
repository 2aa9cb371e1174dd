"""Clouds' own logins: Amazon's from a simulated AWS, Google's and Azure's from metadata servers on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from moto.server import ThreadedMotoServer

from kpack_reconciler.clients.keychains import amazon
from kpack_reconciler.clients.keychains.amazon import AmazonRegistries
from kpack_reconciler.clients.keychains.clouds import CloudKeychains
from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Login, keychain_from_login
from kpack_reconciler.model.references import parse_image
from tests.fakes.clock import FakeClock
from tests.fakes.serving import served
from tests.fakes.tls import ToOneServer, tls_contexts

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
AZURE = "team.azurecr.io"


@dataclass
class Cloud:
    """A metadata server and a registry's exchange; `asked` records paths, `status` answers everything."""

    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    status: int = 200
    body: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """The metadata server; `host:port`."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with served(app) as host:
            yield host

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.clients.append(request.query.get("client_id", ""))
        self.forms.append({key: str(value) for key, value in (await request.post()).items()})
        flavored = request.headers.get("Metadata-Flavor") == "Google" or request.headers.get("Metadata") == "true"
        if self.status != 200 or not (flavored or request.method == "POST"):
            return web.Response(status=self.status if self.status != 200 else 403)
        number = len(self.asked)
        told = {"access_token": f"access-{number}", "expires_in": 3600, "refresh_token": f"refresh-{number}"}
        return web.Response(text=self.body or json.dumps(told), content_type="application/json")


@asynccontextmanager
async def google(cloud: Cloud, clock: FakeClock) -> AsyncIterator[CloudKeychains]:
    async with cloud.serve() as host, aiohttp.ClientSession() as http:
        yield CloudKeychains(http, now=clock.now, google=host)


async def test_google_gives_the_machines_token() -> None:
    """It is the password of `_token`, kept for half of its hour, and the same for all who ask at once."""
    cloud, clock = Cloud(), FakeClock()
    async with google(cloud, clock) as clouds:
        first = await asyncio.gather(*(clouds.login("gcr.io") for _ in range(5)))
        clock.advance(1799)
        kept = await clouds.login("gcr.io")
        clock.advance(2)
        renewed = await clouds.login("gcr.io")

    assert first == [Login(username="_token", password="access-1")] * 5
    assert kept == first[0]
    assert renewed == Login(username="_token", password="access-2")


async def test_a_login_that_cannot_be_renewed_serves_until_its_end() -> None:
    """A metadata server that is away for a while is no reason to ask without a login."""
    cloud, clock = Cloud(), FakeClock()
    async with google(cloud, clock) as clouds:
        await clouds.login("gcr.io")
        cloud.status = 503
        clock.advance(1801)
        stale = await clouds.login("gcr.io")
        clock.advance(1801)
        gone = await clouds.login("gcr.io")

    assert stale == Login(username="_token", password="access-1")
    assert gone is None


@pytest.mark.parametrize(("status", "body"), [(404, ""), (200, "<html>"), (200, "{}")])
async def test_a_cloud_without_a_login_is_asked_again_later(status: int, body: str) -> None:
    """Outside of the cloud an image is read without a login, and nobody is asked at each look."""
    cloud, clock = Cloud(status=status, body=body), FakeClock()
    async with google(cloud, clock) as clouds:
        none = [await clouds.login("eu.gcr.io") for _ in range(3)]
        asked = len(cloud.asked)
        cloud.status, cloud.body = 200, ""
        clock.advance(301)
        found = await clouds.login("eu.gcr.io")

    assert (none, asked) == ([None] * 3, 1)
    assert found is not None


async def test_other_registries_ask_no_cloud() -> None:
    """C157: a host that only looks like a cloud's gets nothing."""
    cloud = Cloud()
    async with google(cloud, FakeClock()) as clouds:
        assert await clouds.login("gcr.io.evil.example") is None
        assert await clouds.login("registry.example") is None

    assert cloud.asked == []


@asynccontextmanager
async def azure(cloud: Cloud) -> AsyncIterator[CloudKeychains]:
    """Clouds whose metadata service and registry are this one; the registry speaks https, and its name is led here."""
    context, trusting = tls_contexts(AZURE)
    app = web.Application()
    app.router.add_post("/{path:.*}", cloud._answer)
    server, names = TestServer(app, scheme="https"), ToOneServer()
    await server.start_server(ssl=context, shutdown_timeout=0.1)
    names.port = server.port or 0
    try:
        connector = aiohttp.TCPConnector(resolver=names, ssl=trusting)
        async with cloud.serve() as metadata, aiohttp.ClientSession(connector=connector) as http:
            yield CloudKeychains(http, now=FakeClock().now, azure=metadata)
    finally:
        await server.close()


@pytest.fixture(autouse=True)
def outside_of_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("client", ["", "some-id"])
async def test_azure_exchanges_the_machines_identity(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry itself turns the identity's token into one for its repositories, over https."""
    if client:
        monkeypatch.setenv("AZURE_CLIENT_ID", client)
    cloud = Cloud()
    async with azure(cloud) as clouds:
        login = await clouds.login(AZURE)

    assert login == Login(identity_token="refresh-2")
    assert cloud.asked == ["/metadata/identity/oauth2/token", "/oauth2/exchange"]
    assert cloud.clients == [client, ""]
    assert cloud.forms[1] == {"grant_type": "access_token", "service": AZURE, "access_token": "access-1"}


async def test_azure_exchanges_the_workloads_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pod has a token of its own, that is who it is: the metadata service is not asked."""
    (tmp_path / "token").write_text("pod-token\n")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AZURE_CLIENT_ID", "some-id")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://{AZURE}/")
    cloud = Cloud()
    async with azure(cloud) as clouds:
        login = await clouds.login(AZURE)

    assert login == Login(identity_token="refresh-2")
    assert cloud.asked == ["/tenant/oauth2/v2.0/token", "/oauth2/exchange"]
    assert cloud.forms[0]["client_assertion"] == "pod-token"
    assert cloud.forms[0]["client_id"] == "some-id"


async def test_azure_without_its_token_is_anonymous(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token file that is not there is logged; nobody is asked, and nothing is remembered as a login."""
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token")
    cloud = Cloud()
    async with azure(cloud) as clouds:
        assert await clouds.login(AZURE) is None

    assert cloud.asked == []


async def test_azure_without_an_exchange_is_anonymous() -> None:
    """A registry that cannot be reached for the exchange gets no login, and its identity stays here."""
    cloud = Cloud()
    connector = aiohttp.TCPConnector(resolver=ToOneServer())
    async with cloud.serve() as metadata, aiohttp.ClientSession(connector=connector) as http:
        assert await CloudKeychains(http, now=FakeClock().now, azure=metadata).login(AZURE) is None

    assert cloud.asked == ["/metadata/identity/oauth2/token"]


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def in_aws(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("in_aws")
async def test_amazon_gives_a_password_for_account_and_region() -> None:
    """The user is `AWS`; an end that is past already means twelve hours from now."""
    given = await AmazonRegistries(now=lambda: NOW)(ECR)

    assert given.login.username == "AWS"
    assert given.login.password
    assert given.expires_at == NOW + timedelta(hours=12)


@pytest.mark.usefixtures("in_aws")
async def test_amazons_password_is_kept_for_half_its_life() -> None:
    """The registry client gets it where no keychain has a login, and the SDK is not asked again within six hours."""
    clock = FakeClock()
    async with aiohttp.ClientSession() as http:
        known = KnownRegistries(cloud=CloudKeychains(http, now=clock.now))
        first = await known.cloud_login(ECR)
        clock.advance(6 * 3600 - 1)
        kept = await known.cloud_login(ECR)
        client = RegistryClient(http, keychain_from_login(ECR, username="static", password="p"), known)
        chosen = await client._transport._authorizer._login(parse_image(f"{ECR}/app"))

    assert first is not None
    assert first is kept
    assert chosen == Login(username="static", password="p")


async def test_amazon_without_credentials_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is not in AWS has no login; what the SDK says of it is told."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    with pytest.raises(TransientError, match="Amazon ECR gives no login for"):
        await AmazonRegistries(now=lambda: NOW)(ECR)
    with pytest.raises(PermanentError, match="is no registry of Amazon ECR"):
        await AmazonRegistries(now=lambda: NOW)("gcr.io")


@pytest.mark.parametrize(
    ("registry", "answer", "service"),
    [
        (
            ECR,
            {"authorizationData": [{"authorizationToken": "QVdTOnB3", "expiresAt": NOW + timedelta(hours=1)}]},
            "ecr",
        ),
        (
            "public.ecr.aws",
            {"authorizationData": {"authorizationToken": "QVdTOnB3", "expiresAt": NOW + timedelta(hours=1)}},
            "ecr-public",
        ),
    ],
)
async def test_amazons_own_end_is_kept_to(
    registry: str, answer: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that is to come is the login's; the public registry answers in a form of its own."""
    asked: list[str] = []

    def client(name: str, **_: object) -> SimpleNamespace:
        asked.append(name)
        return SimpleNamespace(get_authorization_token=lambda **_: answer)

    monkeypatch.setattr(amazon.boto3, "client", client)

    given = await AmazonRegistries(now=lambda: NOW)(registry)

    assert (given.login, given.expires_at) == (Login(username="AWS", password="pw"), NOW + timedelta(hours=1))
    assert asked == [service]


@pytest.mark.parametrize("data", [[], [{}], [{"authorizationToken": "!"}]])
async def test_a_strange_answer_of_amazons_is_a_fault(data: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no login is told as such, without its content."""
    answering: Callable[..., SimpleNamespace] = lambda *_, **__: SimpleNamespace(  # noqa: E731
        get_authorization_token=lambda **_: {"authorizationData": data}
    )
    monkeypatch.setattr(amazon.boto3, "client", answering)

    with pytest.raises(TransientError, match="something else than a login"):
        await AmazonRegistries(now=lambda: NOW)(ECR)
