"""Tokens: what they are asked for with, how long they serve, and whom a password is not given to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient
from kpack_reconciler.clients.registry.challenges import Challenge
from kpack_reconciler.clients.registry.tokens import TokenRequest, Tokens, ask_for_token
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain, Login
from kpack_reconciler.model.references import parse_tag
from tests.fakes.clock import FakeClock
from tests.fakes.registry import TOKEN, FakeRegistry

ME = Login(username="me", password="hidden")


@dataclass
class World:
    """A token registry with an image in two repositories, and a clock."""

    registry: FakeRegistry = field(default_factory=lambda: FakeRegistry(scheme="bearer", token_seconds=300))
    clock: FakeClock = field(default_factory=FakeClock)

    def tokens(self) -> int:
        """How many tokens were asked for."""
        return [path for _, path in self.registry.requests].count("/token")

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[aiohttp.ClientSession, str, KnownRegistries]]:
        """The registry under its name, and what a process knows of it."""
        for repository in ("team/app", "team/run"):
            self.registry.put_image(repository, "1", labels={})
        known = KnownRegistries(tokens=Tokens(monotonic=self.clock.monotonic))
        async with self.registry.serve() as host, aiohttp.ClientSession() as http:
            yield http, host, known


def client(http: aiohttp.ClientSession, host: str, known: KnownRegistries, login: Login = ME) -> RegistryClient:
    return RegistryClient(http, Keychain(((host, login),)), known)


async def test_a_token_serves_many_clients_until_it_expires() -> None:
    """It is kept by login and rights for nine tenths of its life, then a new one is asked for before it is refused."""
    world = World()
    async with world.serve() as (http, host, known):
        for _ in range(3):
            await client(http, host, known).digest(parse_tag(f"{host}/team/app:1"))
        world.clock.advance(269)
        await client(http, host, known).digest(parse_tag(f"{host}/team/app:1"))
        before = world.tokens()
        world.clock.advance(2)
        await client(http, host, known).digest(parse_tag(f"{host}/team/app:1"))

    assert (before, world.tokens()) == (1, 2)
    assert world.registry.pings == 1
    given = zip(world.registry.authorizations, world.registry.requests, strict=True)
    assert {header for header, (_, path) in given if "/manifests/" in path} == {f"Bearer {TOKEN}"}


async def test_another_login_gets_a_token_of_its_own() -> None:
    """What one service account may is nothing that another one gets from the cache."""
    world = World()
    async with world.serve() as (http, host, known):
        reference = parse_tag(f"{host}/team/app:1")
        await client(http, host, known).digest(reference)
        with pytest.raises(PermanentError, match=f"give the service account a secret with credentials for {host}"):
            await client(http, host, known, Login(username="other", password="x")).digest(reference)
        with pytest.raises(PermanentError):
            await RegistryClient(http, known=known).digest(reference)


async def test_many_who_ask_at_once_cause_one_request() -> None:
    """Pollers that begin together wait for the same token."""
    world = World()
    async with world.serve() as (http, host, known):
        asking = client(http, host, known)
        await asyncio.gather(*(asking.digest(parse_tag(f"{host}/team/app:1")) for _ in range(8)))

    assert (world.tokens(), world.registry.pings) == (1, 1)


async def test_a_mount_asks_for_both_repositories() -> None:
    """The right to write the target comes first, for token servers that look at one only."""
    world = World()
    layer = world.registry.put_blob("team/run", b"layer")
    async with world.serve() as (http, host, known):
        mounted = await client(http, host, known).mount(parse_tag(f"{host}/team/app:1"), layer, source="team/run")

    assert mounted
    assert world.registry.scopes == [["repository:team/app:push,pull", "repository:team/run:pull"]]


@pytest.mark.parametrize("login", [Login(identity_token="hidden"), Login(username="<token>", password="hidden")])
async def test_an_identity_token_is_exchanged(login: Login) -> None:
    """It is sent in the body of a request for rights, and never as a password."""
    world = World()
    async with world.serve() as (http, host, known):
        await client(http, host, known, login).digest(parse_tag(f"{host}/team/app:1"))

    assert [request for request in world.registry.requests if request[1] == "/token"] == [("POST", "/token")]
    assert world.registry.scopes == [["repository:team/app:pull"]]


async def test_a_registry_token_is_sent_as_it_is() -> None:
    """A docker config's `registrytoken` needs no token server; one that is refused cannot be replaced."""
    world = World()
    async with world.serve() as (http, host, known):
        reference = parse_tag(f"{host}/team/app:1")
        await client(http, host, known, Login(registry_token=TOKEN)).digest(reference)
        with pytest.raises(PermanentError, match="not allowed to read from"):
            await client(http, host, known, Login(registry_token="old")).digest(reference)

    assert world.tokens() == 0


def request_at(realm: str, *, plain: bool, login: Login | None = ME) -> TokenRequest:
    challenge = Challenge(scheme="bearer", realm=realm, service="s")
    return TokenRequest(
        registry="registry.example", challenge=challenge, scopes=("repository:a:pull",), login=login, plain=plain
    )


@pytest.mark.parametrize("realm", ["http://auth.example/token", "ftp://auth.example", "file:///etc/passwd", "/token"])
async def test_a_login_is_not_sent_without_encryption(realm: str) -> None:
    """A registry that answers over https cannot have a password sent somewhere over http."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match="no login is sent there") as told:
            await ask_for_token(http, request_at(realm, plain=False))

    assert told.value.reason == "InsecureTokenServer"


async def test_a_token_server_may_be_slow_down_or_broken() -> None:
    """What may pass is told as such, with the time that the server names."""
    fake = FakeRegistry(broken=429, said={"Retry-After": "12"})
    async with fake.serve() as host, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="answered 429 to a token request") as told:
            await ask_for_token(http, request_at(f"http://{host}/token", plain=True))
        fake.broken, fake.endless = 0, {"/token"}
        with pytest.raises(PermanentError, match="larger than the 1 MiB"):
            await ask_for_token(http, request_at(f"http://{host}/token", plain=True))
        with pytest.raises(TransientError, match="no token from"):
            await ask_for_token(http, request_at("http://127.0.0.1:1/token", plain=True))

    assert told.value.retry_after == 12


async def test_an_exchange_that_is_not_known_falls_back() -> None:
    """A token server that answers 404 to an identity token is asked in the older way, without it."""
    fake = FakeRegistry(broken=404)
    async with fake.serve() as host, aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match=r"gives no token for repository:a:pull \(404\)"):
            await ask_for_token(http, request_at(f"http://{host}/token", plain=True, login=Login(identity_token="t")))

    assert [method for method, _ in fake.requests] == ["POST", "GET"]
    assert set(fake.authorizations) == {""}


async def test_tokens_do_not_pile_up() -> None:
    """After a thousand different ones the cache starts anew; nothing is lost but time."""
    tokens, world = Tokens(), World()
    async with world.serve() as (http, host, _):
        wanted = [request_at(f"http://{host}/token?n={number}", plain=True) for number in range(3)]
        for request in wanted:
            await tokens.find(http, request)
        tokens._kept.update({request_at(str(number), plain=True): ("t", 0.0) for number in range(1100)})
        await tokens.find(http, request_at(f"http://{host}/token?n=4", plain=True))

    assert len(tokens._kept) == 1
