"""Answers that must do no harm: elsewhere, without an end, of another kind than was asked for."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.references import ImageReference, parse_image
from tests.fakes.registry import INDEX, MANIFEST, FakeRegistry, digest_of
from tests.fakes.serving import served


@asynccontextmanager
async def client_of(registry: FakeRegistry) -> AsyncIterator[tuple[RegistryClient, ImageReference]]:
    """A client with the right login, and the reference team/app:1 at the registry."""
    async with registry.serve() as host, aiohttp.ClientSession() as http:
        yield (
            RegistryClient(http, keychain_from_login(host, username="me", password="hidden")),
            parse_image(f"{host}/team/app:1"),
        )


@asynccontextmanager
async def server_with(path: str, response: web.Response) -> AsyncIterator[str]:
    """A server that answers one path; `host:port`. `/v2/` is an open registry's door."""
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return response

    async def door(_: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/v2/", door)
    app.router.add_route("*", path, answer)
    async with served(app) as host:
        yield host


async def test_a_redirect_takes_no_login_along() -> None:
    """A blob is read from the storage that the registry names; what it gets is the signed address and nothing else."""
    storage, registry = FakeRegistry(), FakeRegistry(scheme="basic")
    digest = digest_of(b"layer")
    storage.blobs["kept", digest] = b"layer"
    async with storage.serve() as elsewhere, client_of(registry) as (client, reference):
        registry.storage = f"{elsewhere}/v2/kept/blobs"
        read = await client.blob(reference, digest)
        async with client.read_blob(reference, digest) as chunks:
            streamed = b"".join([chunk async for chunk in chunks])

    assert (read, streamed) == (b"layer", b"layer")
    assert set(storage.authorizations) == {""}
    assert all(header.startswith("Basic ") for header in registry.authorizations)


async def test_another_hosts_challenge_is_not_answered() -> None:
    """A host that a registry redirects to asks for a login: it gets none, though the registry's own is known."""
    thief, registry = FakeRegistry(scheme="bearer"), FakeRegistry(scheme="basic")
    async with thief.serve() as elsewhere, client_of(registry) as (client, reference):
        registry.storage = f"{elsewhere}/v2/team/app/blobs"
        with pytest.raises(PermanentError, match="not allowed to read from"):
            await client.blob(reference, digest_of(b"layer"))

    assert set(thief.authorizations) == {""}
    assert "/token" not in [path for _, path in thief.requests]


@pytest.mark.parametrize("what", ["manifest", "config"])
async def test_an_answer_without_an_end_is_cut_off(what: str) -> None:
    """Reading stops at the limit: 4 MiB for a manifest, 16 MiB for a config."""
    registry = FakeRegistry()
    registry.put_image("team/app", "1", labels={})
    registry.endless = {"/manifests/" if what == "manifest" else "/blobs/"}

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match=r"larger than the (4|16) MiB that it may have") as told:
            await client.config(reference)

    assert told.value.reason == "AnswerTooLarge"


async def test_a_huge_manifest_is_refused() -> None:
    """A manifest beyond 4 MiB is not read, though its length is honest and its digest right."""
    registry = FakeRegistry()
    digest = registry.put_manifest("team/app", "1", {"mediaType": MANIFEST, "filler": "x" * (5 << 20)})

    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match=r"the manifest of .* is larger than the 4 MiB"):
            await client.manifest(reference.with_digest(digest))


class LyingRegistry(FakeRegistry):
    """A registry that names digests which are none."""

    async def _manifest(self, request: web.Request, repository: str, name: str) -> web.Response:
        answer = await super()._manifest(request, repository, name)
        answer.headers["Docker-Content-Digest"] = "sha256:../../x"
        return answer


async def test_a_digest_that_is_none_is_not_taken() -> None:
    """What HEAD claims is taken only in the form of a digest; the manifest itself tells otherwise."""
    registry = LyingRegistry()
    digest = registry.put_image("team/app", "1", labels={})

    async with client_of(registry) as (client, reference):
        assert await client.digest(reference) == digest


async def test_a_head_for_another_digest_is_refused() -> None:
    """Asked by digest, a registry that answers with another one is not believed."""
    headers = {"Docker-Content-Digest": digest_of(b"other"), "Content-Type": MANIFEST}
    path = f"/v2/team/app/manifests/{digest_of(b'wanted')}"
    async with server_with(path, web.Response(headers=headers)) as host, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="other bytes than its digest says"):
            await RegistryClient(http).digest(parse_image(f"{host}/team/app@{digest_of(b'wanted')}"))


@pytest.mark.parametrize(
    ("response", "reason", "words"),
    [
        (
            web.Response(text="<html>", content_type="text/html"),
            "NotARegistry",
            r"a web page \(text/html\), no manifest",
        ),
        (web.Response(body=b"{}", content_type="application/json"), "UnsupportedImage", "of type application/json"),
        (
            web.Response(body=b'{"mediaType":"x/y"}', content_type="application/json"),
            "UnsupportedImage",
            "of type x/y; push it again in OCI or Docker",
        ),
        (web.Response(body=b"[" * 100_000, content_type=INDEX), "UnsupportedImage", "is no container image"),
        (web.Response(body=b"\xff", content_type="application/json"), "UnsupportedImage", "is no container image"),
        (
            web.Response(body=b'{"manifests":[{"digest":"../../x"}]}', content_type=INDEX),
            "UnsupportedImage",
            r"refers to '\.\./\.\./x'",
        ),
        (web.Response(status=418, text="{"), "RegistryRefused", "unexpected status code 418"),
    ],
)
async def test_what_is_no_image_is_told(response: web.Response, reason: str, words: str) -> None:
    """An answer of another kind is a refusal that names the image and says what came instead."""
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match=words) as told:
            await RegistryClient(http).config(parse_image(f"{host}/team/app:1"))

    assert told.value.reason == reason
    assert f"{host}/team/app:1" in str(told.value)


async def test_a_manifest_may_tell_its_type_itself() -> None:
    """A server that knows no media types is no hindrance where the manifest carries its own."""
    body = json.dumps({"mediaType": MANIFEST, "config": {"digest": digest_of(b"")}}).encode()
    response = web.Response(body=body, content_type="text/plain")
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        found = await RegistryClient(http).manifest(parse_image(f"{host}/team/app:1"))

    assert (found.media_type, found.is_index) == (MANIFEST, False)


async def test_oversized_headers_are_a_fault() -> None:
    """A header beyond all measure ends the request, with the registry's name."""
    response = web.Response(headers={"X-Filler": "x" * 100_000})
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match=f"registry {host} does not answer"):
            await RegistryClient(http).digest(parse_image(f"{host}/team/app:1"))


async def test_a_registrys_words_are_quoted_on_one_line() -> None:
    """What a registry says of itself is told, without its line breaks and not without end."""
    errors = [{"code": "DENIED", "message": "line one\nline \x1btwo"}, {"code": "X", "message": "y" * 5000}]
    response = web.json_response({"errors": errors}, status=403)
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match=r"DENIED: line one line two\. X: yyy") as told:
            await RegistryClient(http).manifest(parse_image(f"{host}/team/app:1"))

    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 1000


async def test_a_write_that_is_sent_elsewhere_is_refused() -> None:
    """A redirect of a manifest's PUT is not followed: the bytes and the login stay here."""
    response = web.Response(status=307, headers={"Location": "http://127.0.0.1:1/elsewhere"})
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match="answered 307"):
            await RegistryClient(http).push_manifest(parse_image(f"{host}/team/app:1"), b"{}", media_type=MANIFEST)


@pytest.mark.parametrize("location", [None, "http://[broken"])
async def test_an_upload_without_a_place_is_a_fault(location: str | None) -> None:
    """A registry that begins an upload and does not say where is told by its name; the right to write is proven."""
    headers = {} if location is None else {"Location": location}
    app = web.Application()

    async def begin(_: web.Request) -> web.Response:
        return web.Response(status=202, headers=headers)

    async def door(_: web.Request) -> web.Response:
        return web.Response()

    app.router.add_post("/v2/team/app/blobs/uploads/", begin)
    app.router.add_get("/v2/", door)
    async with served(app) as host, aiohttp.ClientSession() as http:
        client, reference = RegistryClient(http), parse_image(f"{host}/team/app:1")
        await client.check_push(reference)
        with pytest.raises(TransientError, match=f"registry {reference.registry} does not say where to upload to"):
            await client.push_blob(reference, digest_of(b"x"), b"x")


async def test_a_repository_that_must_be_made_first_is_told() -> None:
    """Some registries (ECR) make no repository by themselves; the message says what to do."""
    registry = FakeRegistry(broken=404)
    async with client_of(registry) as (client, reference):
        with pytest.raises(PermanentError, match=r"team/app does not exist \(404\): create the repository"):
            await client.check_push(reference)


@pytest.mark.parametrize("location", ["/up/1?_state=a%2Fb", "1?_state=a%2Fb", "http://{}/up/1?_state=a%2Fb"])
async def test_the_place_of_an_upload_keeps_its_query(location: str) -> None:
    """V75: a relative or absolute place is taken as it stands, with `digest` added to what it asks for."""
    asked: list[str] = []
    app = web.Application()

    async def begin(request: web.Request) -> web.Response:
        return web.Response(status=202, headers={"Location": location.format(request.host)})

    async def put(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(status=201)

    async def other(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.path == "/v2/" else 404)

    app.router.add_post("/v2/team/app/blobs/uploads/", begin)
    app.router.add_put("/{path:.*}", put)
    app.router.add_get("/{path:.*}", other)
    async with served(app) as host, aiohttp.ClientSession() as http:
        await RegistryClient(http).push_blob(parse_image(f"{host}/team/app:1"), digest_of(b"x"), b"x")

    (path,) = asked
    assert path.endswith(f"/1?_state=a%2Fb&digest={digest_of(b'x')}")


@pytest.mark.parametrize("status", [403, 404])
async def test_a_repository_that_is_not_there_holds_no_blob(status: int) -> None:
    """Some registries forbid what does not exist yet: the write itself tells whether it may be."""
    registry = FakeRegistry()
    async with client_of(registry) as (client, reference):
        await client.has_blob(reference, digest_of(b""))
        registry.broken = status
        assert not await client.has_blob(reference, digest_of(b"layer"))


async def test_a_mount_that_is_refused_means_to_upload() -> None:
    """Registries that do not know of mounts refuse them in many ways; the upload tells what is really wrong."""
    registry = FakeRegistry(broken=405)
    async with client_of(registry) as (client, reference):
        assert not await client.mount(reference, digest_of(b"layer"), source="team/run")


async def test_a_blob_that_vanished_may_come_back() -> None:
    """A manifest whose blobs a garbage collector took meanwhile can be pushed again from the start."""
    errors = {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry"}]}
    response = web.json_response(errors, status=404)
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="MANIFEST_BLOB_UNKNOWN"):
            await RegistryClient(http).push_manifest(parse_image(f"{host}/team/app:1"), b"{}", media_type=MANIFEST)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
async def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    """`Retry-After` is a number of seconds or a date, an hour at most."""
    response = web.Response(status=503, headers=headers)
    async with server_with("/v2/team/app/manifests/1", response) as host, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError) as told:
            await RegistryClient(http).manifest(parse_image(f"{host}/team/app:1"))

    assert told.value.retry_after == seconds
