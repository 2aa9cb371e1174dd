"""Blobs come into a repository with as few requests and bytes as its registry allows."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.clients.registry.copying import Copied, copy_blob, copy_blobs
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.rebase import NeededBlob
from kpack_reconciler.model.references import ImageReference
from tests.fakes.registry import FakeRegistry

CONTENT = b"layer" * 1000
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class NoMounts(FakeRegistry):
    """A registry that answers a mount with the beginning of an upload."""

    def _mount(self, *_: object) -> bool:
        return False


class MountsAreErrors(FakeRegistry):
    """A registry that does not know what a mount is."""

    def _mount(self, *_: object) -> bool:
        raise web.HTTPMethodNotAllowed("POST", [])


class MountsBreak(FakeRegistry):
    """A registry that fails when it should mount."""

    def _mount(self, *_: object) -> bool:
        raise web.HTTPInternalServerError


@dataclass(frozen=True)
class Place:
    """Registries by address, and a client for them."""

    client: RegistryClient
    source: str
    target: str

    def blob(self, *, digest: str = DIGEST, size: int = len(CONTENT)) -> NeededBlob:
        """A layer of the run image."""
        return NeededBlob(digest=digest, size=size, source=ImageReference(registry=self.source, repository="stack/run"))

    def app(self) -> ImageReference:
        """The application's tag."""
        return ImageReference(registry=self.target, repository="team/app", tag="1")


@asynccontextmanager
async def place(source: FakeRegistry, target: FakeRegistry) -> AsyncIterator[Place]:
    async with source.serve() as here, aiohttp.ClientSession() as http:
        if source is target:
            yield Place(RegistryClient(http), here, here)
        else:
            async with target.serve() as there:
                yield Place(RegistryClient(http), here, there)


def asked(registry: FakeRegistry) -> list[tuple[str, str]]:
    """The requests, without the knock at the registry's door."""
    return [request for request in registry.requests if request[1] != "/v2/"]


UPLOADS = "/v2/team/app/blobs/uploads/"
HEAD = ("HEAD", f"/v2/team/app/blobs/{DIGEST}")


async def test_a_blob_of_the_repository_itself_is_not_asked_for() -> None:
    """An image of the repository is made of it."""
    registry = FakeRegistry()
    async with place(registry, registry) as here:
        blob = NeededBlob(digest=DIGEST, size=1, source=here.app())

        assert await copy_blob(here.client, blob, here.app()) is Copied.PRESENT

    assert asked(registry) == []


async def test_a_blob_of_the_same_registry_is_mounted() -> None:
    """By one request, and no bytes."""
    registry = FakeRegistry()
    registry.put_blob("stack/run", CONTENT)
    async with place(registry, registry) as here:
        assert await copy_blob(here.client, here.blob(), here.app()) is Copied.MOUNTED

    assert asked(registry) == [("POST", UPLOADS)]
    assert registry.blobs["team/app", DIGEST] == CONTENT


async def test_a_mount_asks_for_the_rights_to_both_repositories() -> None:
    """In one token, the target's first: without the source's right a registry would not mount."""
    registry = FakeRegistry(scheme="bearer")
    registry.put_blob("stack/run", CONTENT)
    async with registry.serve() as address, aiohttp.ClientSession() as http:
        login = keychain_from_login(address, username="me", password="hidden")
        here = Place(RegistryClient(http, login), address, address)

        assert await copy_blob(here.client, here.blob(), here.app()) is Copied.MOUNTED

    target, source = registry.scopes[-1]
    assert target.startswith("repository:team/app:")
    assert source == "repository:stack/run:pull"


@pytest.mark.parametrize("kind", [NoMounts, MountsAreErrors, MountsBreak])
async def test_a_registry_that_does_not_mount_gets_the_bytes(kind: type[FakeRegistry]) -> None:
    """Whether it begins an upload instead or calls it an error."""
    registry = kind()
    registry.put_blob("stack/run", CONTENT)
    async with place(registry, registry) as here:
        assert await copy_blob(here.client, here.blob(), here.app()) is Copied.STREAMED

    assert registry.blobs["team/app", DIGEST] == CONTENT


async def test_a_blob_of_another_registry_is_streamed_once() -> None:
    """Nothing is mounted across registries; the second time it is there."""
    source, target = FakeRegistry(), FakeRegistry()
    source.put_blob("stack/run", CONTENT)
    async with place(source, target) as here:
        first = await copy_blob(here.client, here.blob(), here.app())
        second = await copy_blob(here.client, here.blob(), here.app())

    assert (first, second) == (Copied.STREAMED, Copied.PRESENT)
    assert asked(source) == [("GET", f"/v2/stack/run/blobs/{DIGEST}")]
    assert asked(target) == [HEAD, ("POST", UPLOADS), ("PUT", f"{UPLOADS}1"), HEAD]


@pytest.mark.parametrize(
    ("digest", "size", "told"),
    [
        pytest.param(DIGEST, len(CONTENT) - 1, "is longer than the 4999 bytes", id="longer"),
        pytest.param(DIGEST, len(CONTENT) + 1, "ended after 5000 of 5001 bytes", id="shorter"),
        pytest.param("sha256:" + "0" * 64, len(CONTENT), "came with other bytes", id="another"),
    ],
)
async def test_a_stream_that_is_not_what_was_promised_is_cut_off(digest: str, size: int, told: str) -> None:
    """It may pass: the registry is asked again later. Nothing of it is in the repository."""
    source, target = FakeRegistry(), FakeRegistry()
    source.blobs["stack/run", digest] = CONTENT
    async with place(source, target) as here:
        with pytest.raises(TransientError, match=told):
            await copy_blob(here.client, here.blob(digest=digest, size=size), here.app())

    assert target.blobs == {}


async def test_a_refusal_of_one_blob_is_told_after_the_others_are_there() -> None:
    """What was copied needs no copying in the next attempt."""
    source, target = FakeRegistry(), FakeRegistry()
    source.put_blob("stack/run", CONTENT)
    async with place(source, target) as here:
        absent = here.blob(digest="sha256:" + "0" * 64)
        with pytest.raises(PermanentError, match="404"):
            await copy_blobs(here.client, (absent, here.blob()), here.app())

    assert target.blobs["team/app", DIGEST] == CONTENT
