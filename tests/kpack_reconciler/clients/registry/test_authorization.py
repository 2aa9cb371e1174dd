"""Logins, tokens and rights: what registries ask for, and what must not be taken for a refusal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.references import ImageReference, parse_tag
from tests.fakes.registry import INDEX, MANIFEST, TOKEN, FakeRegistry, digest_of


@dataclass
class StrictRegistry(FakeRegistry):
    """A registry with answers by request: `answers` by method and part of the path come before everything else."""

    answers: list[tuple[str, str, web.Response]] = field(default_factory=list)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        for number, (method, part, response) in enumerate(self.answers):
            if request.method == method and part in request.path:
                del self.answers[number]
                self.requests.append((request.method, request.path))
                return response
        return await super()._answer(request)


@asynccontextmanager
async def client_of(registry: FakeRegistry) -> AsyncIterator[tuple[RegistryClient, ImageReference]]:
    """A client with the right login, and the reference team/app:one at the registry."""
    async with registry.serve() as host, aiohttp.ClientSession() as http:
        username, _, password = registry.login.partition(":")
        yield (
            RegistryClient(http, keychain_from_login(host, username=username, password=password)),
            parse_tag(f"{host}/team/app:one"),
        )


@pytest.mark.parametrize("status", [401, 403, 404, 405, 503])
async def test_an_upload_that_cannot_be_cancelled_is_no_refusal(status: int) -> None:
    """To begin an upload is the proof; cancelling asks for another right, or is unknown to the registry."""
    registry = StrictRegistry(scheme="bearer")
    registry.answers = [("DELETE", "/uploads/", web.Response(status=status))]

    async with client_of(registry) as (client, reference):
        await client.check_push(reference)

    assert registry.requests[-1] == ("DELETE", "/v2/team/app/blobs/uploads/1")


async def test_an_upload_that_may_not_begin_is_a_refusal() -> None:
    """The right to write is what is asked for, and its absence is told with the next step."""
    registry = StrictRegistry()
    registry.answers = [("POST", "/uploads/", web.Response(status=403))]

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match=r"not allowed to write to .*give the service account a secret"):
            await client.check_push(reference)


async def test_a_token_is_asked_for_once() -> None:
    """One token serves all requests with the same rights."""
    registry = FakeRegistry(scheme="bearer")
    registry.put_image("team/app", "one", labels={})

    async with client_of(registry) as (client, reference):
        await client.digest(reference)
        await client.config(reference)

    assert [path for _, path in registry.requests].count("/token") == 1


async def test_an_expired_token_is_replaced() -> None:
    """A token that the registry takes no more costs a further round trip, no error."""
    registry = StrictRegistry(scheme="bearer")
    digest = registry.put_image("team/app", "one", labels={})

    async with client_of(registry) as (client, reference):
        await client.digest(reference)
        expired = {"WWW-Authenticate": f'Bearer realm="http://{reference.registry}/token",error="invalid_token"'}
        registry.answers = [("HEAD", "/manifests/", web.Response(status=401, headers=expired))]
        found = await client.digest(reference)

    assert found == digest
    assert [path for _, path in registry.requests].count("/token") == 2


async def test_rights_that_a_refusal_names_come_first() -> None:
    """A 401 that names another scope gets a token for it and for what was wanted; the request is repeated once."""
    registry = StrictRegistry(scheme="bearer")
    digest = registry.put_image("team/app", "one", labels={})

    async with client_of(registry) as (client, reference):
        realm = f'realm="http://{reference.registry}/token"'
        asked = {"WWW-Authenticate": f'Bearer {realm},service="fake",scope="repository:team/app:special"'}
        registry.answers = [("HEAD", "/manifests/", web.Response(status=401, headers=asked))]
        found = await client.digest(reference)

    assert found == digest
    assert registry.scopes == [
        ["repository:team/app:pull"],
        ["repository:team/app:special", "repository:team/app:pull"],
    ]


async def test_what_is_asked_for_behind_an_open_door_is_remembered() -> None:
    """Where only some repositories ask for a login, the next request brings it at once."""
    registry = StrictRegistry(scheme="basic", door=200)
    registry.put_image("team/app", "one", labels={})

    async with client_of(registry) as (client, reference):
        await client.digest(reference)
        asked_first = list(registry.authorizations)
        await client.digest(reference)

    assert [bool(header) for header in asked_first] == [False, True]
    assert [bool(header) for header in registry.authorizations] == [False, True, True]


async def test_a_registry_that_never_lets_in_is_asked_twice() -> None:
    """A login that is refused again is a refusal, not a loop."""
    registry = StrictRegistry(scheme="bearer")
    never = {"WWW-Authenticate": 'Basic realm="fake"'}
    registry.answers = [("HEAD", "/manifests/", web.Response(status=401, headers=never)) for _ in range(3)]

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match="not allowed to read from"):
            await client.digest(reference)

    assert [method for method, path in registry.requests if path != "/token"] == ["HEAD", "HEAD"]


async def test_a_401_without_challenge_is_a_refusal() -> None:
    """Where the registry does not say how to log in, there is nothing to answer."""
    registry = StrictRegistry()
    registry.answers = [("HEAD", "/manifests/", web.Response(status=401))]

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match="not allowed to read from"):
            await client.digest(reference)


async def test_an_answer_without_token_is_a_fault() -> None:
    """A token server whose answer holds no token may be broken for a while; nothing is sent without one."""
    registry = StrictRegistry(scheme="bearer")
    registry.answers = [("GET", "/token", web.json_response({}))]

    async with client_of(registry) as (client, reference):
        with pytest.raises(TransientError, match="holds none"):
            await client.digest(reference)


async def test_a_login_stays_with_its_registry() -> None:
    """An upload that continues at another host is sent there without the login."""
    storage, registry = StrictRegistry(), StrictRegistry(scheme="bearer")
    async with storage.serve() as elsewhere:
        location = {"Location": f"http://{elsewhere}/v2/team/app/blobs/uploads/1?signed=yes"}
        registry.answers = [("POST", "/uploads/", web.Response(status=202, headers=location))]
        async with client_of(registry) as (client, reference):
            await client.push_blob(reference, digest_of(b"layer"), b"layer")

    assert f"Bearer {TOKEN}" in registry.authorizations
    assert set(storage.authorizations) == {""}


async def test_an_entry_without_platform_is_linux_amd64() -> None:
    """An index entry that names no platform counts as linux/amd64 (kpack's registry library)."""
    registry = FakeRegistry()
    child = registry.put_image("team/app", "child", labels={"found": "yes"})
    registry.put_manifest("team/app", "one", {"manifests": [{"digest": child}]}, media_type=INDEX)

    async with client_of(registry) as (client, reference):
        config = await client.config(reference)

    assert config.labels == {"found": "yes"}


@pytest.mark.parametrize(
    ("document", "media_type", "reason"),
    [
        ({"manifests": []}, INDEX, "UnsupportedPlatform"),
        ({}, MANIFEST, "UnsupportedImage"),
        ({"config": "text"}, MANIFEST, "UnsupportedImage"),
    ],
)
async def test_what_is_no_image_for_us_is_told(document: object, media_type: str, reason: str) -> None:
    """A manifest that cannot be used is a refusal for good that names the image, never a bug."""
    registry = FakeRegistry()
    registry.put_manifest("team/app", "one", document, media_type=media_type)

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match="team/app:one") as told:
            await client.config(reference)

    assert told.value.reason == reason
