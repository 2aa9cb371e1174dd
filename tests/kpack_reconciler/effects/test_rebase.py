"""Rebases against registries in memory: which requests are sent, and what each failure is called."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.effects import rebase as module
from kpack_reconciler.effects.rebase import Rebaser
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.actions import RebaseImage
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable, RebaseQuestion
from tests.fakes.registry import FakeRegistry, digest_of

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
STACK = {"io.buildpacks.stack.id": "s1"}
PULLS = (LocalObjectReference(name="pull"),)
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


class Registry(FakeRegistry):
    """The fake, with answers of our own: `refuse` says with which status a request is refused."""

    refuse: Callable[[str, str], int] = staticmethod(lambda _method, _path: 0)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if status := self.refuse(request.method, request.path):
            self.requests.append((request.method, request.path))
            return web.Response(status=status, headers=self.said)
        return await super()._answer(request)

    def put(self, repository: str, tag: str, layers: list[str], **config: Any) -> str:
        """Store an image of layers that hold these words; its digest."""
        digests = [self.put_blob(repository, layer.encode()) for layer in layers]
        document = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": digests}, "config": config}
        raw = json.dumps(document).encode()
        listed = [{"mediaType": "layer", "size": len(layer), "digest": digest_of(layer.encode())} for layer in layers]
        body = {"config": {"digest": self.put_blob(repository, raw)}, "layers": listed}
        return self.put_manifest(repository, tag, body, media_type=DOCKER)


@dataclass
class Scene:
    """A registry with an application and two run images, and a rebaser. `done` are the outcomes it told."""

    registry: Registry
    address: str
    rebaser: Rebaser
    app: str
    run: str
    asked: list[tuple[str, str, tuple[LocalObjectReference, ...]]]
    done: list[ImageRebased] = field(default_factory=list)

    def order(self, *tags: str, app: str = "", run: str = "", build: str = "app-build-2") -> RebaseImage:
        """An order to write these tags of the registry."""
        question = RebaseQuestion(
            namespace="team",
            build=build,
            build_uid=build,
            service_account="bot",
            pull_secrets=PULLS,
            app_image=app or f"{self.address}/reg/a@{self.app}",
            run_image=run or f"{self.address}/reg/run@{self.run}",
            tags=tuple(f"{self.address}/{tag}" for tag in tags or ("reg/a:v1",)),
        )
        return RebaseImage(question=question, attempt=3, reason="STACK")

    async def outcome(self, *tags: str, **rest: str) -> BuiltImage | NotRebasable | Fault:
        """What becomes of an order."""
        return (await self.rebaser.carry_out(self.order(*tags, **rest))).answer


def application_labels(address: str) -> dict[str, str]:
    names = {"runImage": {"image": f"{address}/reg/run:latest"}}
    run_image = {"topLayer": digest_of(b"old top"), "reference": f"{address}/reg/run@{digest_of(b'')}"}
    return {
        **STACK,
        "io.buildpacks.lifecycle.metadata": json.dumps({"runImage": run_image, "stack": names}),
        "io.buildpacks.build.metadata": json.dumps({"buildpacks": [{"id": "bp", "version": "1"}]}),
    }


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    registry, asked, done = Registry(), [], []

    async def keychain(namespace: str, name: str, pull_secrets: tuple[LocalObjectReference, ...]) -> Keychain:
        asked.append((namespace, name, pull_secrets))
        return ANONYMOUS

    async with registry.serve() as address, aiohttp.ClientSession() as http:
        app = registry.put("reg/a", "v1", ["base", "old top", "app"], Labels=application_labels(address))
        run = registry.put("reg/run", "latest", ["base", "new top"], Labels=STACK)
        rebaser = Rebaser(keychain=keychain, http=http, now=lambda: NOW, done=done.append)
        yield Scene(registry, address, rebaser, app, run, asked, done)


def writes(registry: FakeRegistry) -> list[tuple[str, str]]:
    """Requests that may change something, uploads of configs aside."""
    return [
        (method, path) for method, path in registry.requests if method in {"POST", "PUT"} and "uploads/1" not in path
    ]


async def test_a_rebased_image_is_told_as_a_built_one() -> None:
    """By digest in the first tag's repository, with the buildpacks of the old image and the new run image."""
    async with scene() as here:
        fact = await here.rebaser.carry_out(here.order("reg/a:v1"))

        raw, media_type = here.registry.manifests["reg/a", "v1"]
        assert fact.answer == BuiltImage(
            latest_image=f"{here.address}/reg/a@{digest_of(raw)}",
            stack=BuildStack(run_image=f"{here.address}/reg/run@{here.run}", id="s1"),
            build_metadata=(BuildpackMetadata(id="bp", version="1"),),
        )
        assert (fact.at, fact.attempt, media_type) == (NOW, 3, DOCKER)
        assert here.asked == [("team", "bot", PULLS)]
        words = [here.registry.blobs["reg/a", layer["digest"]] for layer in json.loads(raw)["layers"]]
        assert words == [b"base", b"new top", b"app"]


async def test_requests_are_as_few_as_possible() -> None:
    """Two images are read, what is new is mounted, config and manifest are written."""
    async with scene() as here:
        await here.outcome("reg/a:v2")

    methods = [method for method, _path in here.registry.requests]
    assert methods == ["GET", "GET", "GET", "GET", "POST", "HEAD", "POST", "PUT", "PUT"]


async def test_layers_are_mounted_from_where_they_lie() -> None:
    """V25: the run image's into the application's repository, both into another one; a manifest for each tag."""
    async with scene() as here:
        await here.outcome("reg/a:v1", "reg/a:b2", "reg/other:b2")

        held = {repository for repository, digest in here.registry.blobs if digest == digest_of(b"new top")}
        assert held == {"reg/run", "reg/a", "reg/other"}
        assert ("reg/other", digest_of(b"app")) in here.registry.blobs
        assert writes(here.registry).count(("POST", "/v2/reg/a/blobs/uploads/")) == 1 + 1
        assert writes(here.registry).count(("POST", "/v2/reg/other/blobs/uploads/")) == 3 + 1
        tags = [path for method, path in writes(here.registry) if "/manifests/" in path]
        assert tags == ["/v2/reg/a/manifests/v1", "/v2/reg/a/manifests/b2", "/v2/reg/other/manifests/b2"]


async def test_rebasing_again_writes_the_same_bytes() -> None:
    """A lost fact costs only time."""
    async with scene() as here:
        assert await here.outcome() == await here.outcome()


async def test_the_run_image_of_many_applications_is_read_once() -> None:
    """With each one's rights it is only asked for, which no registry counts as a pull."""
    async with scene() as here:
        for _ in range(3):
            await here.outcome()

        manifest = f"/v2/reg/run/manifests/{here.run}"
        asked = [method for method, path in here.registry.requests if path == manifest]
        assert asked == ["GET", "HEAD", "HEAD"]


async def test_a_run_image_by_tag_is_read_each_time() -> None:
    """A tag may move."""
    async with scene() as here:
        for _ in range(2):
            await here.outcome(run=f"{here.address}/reg/run:latest")

        asked = [method for method, path in here.registry.requests if path == "/v2/reg/run/manifests/latest"]
        assert asked == ["GET", "GET"]


async def test_only_so_many_run_images_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those forgotten the manifest is read again."""
    monkeypatch.setattr(module, "_MOST_BASES", 1)
    async with scene() as here:
        other = here.registry.put("reg/run", "other", ["base", "newer top"], Labels=STACK)
        for run in (here.run, other, here.run):
            await here.outcome(run=f"{here.address}/reg/run@{run}")

        manifest = f"/v2/reg/run/manifests/{here.run}"
        assert [method for method, path in here.registry.requests if path == manifest] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("app", "told"),
    [
        pytest.param("{address}/reg/a@sha256:" + "0" * 64, "404", id="it is gone"),
        pytest.param("", "could not parse reference", id="there is none"),
        pytest.param("{address}/reg/schema1:1", "is no container image", id="it is none"),
    ],
)
async def test_an_application_that_cannot_be_read_has_to_be_built(app: str, told: str) -> None:
    """Nothing is written."""
    async with scene() as here:
        here.registry.put_manifest("reg/schema1", "1", {"fsLayers": []}, media_type=DOCKER)
        order = here.order()
        question = module.RebaseQuestion(
            namespace="team",
            build="b",
            build_uid="b",
            service_account="bot",
            app_image=app.format(address=here.address),
            run_image=order.question.run_image,
            tags=order.question.tags,
        )

        answer = (await here.rebaser.carry_out(RebaseImage(question=question, attempt=1, reason=""))).answer

        assert isinstance(answer, NotRebasable)
        assert answer.reason == "ImageNotFound"
        assert told in answer.message
        assert writes(here.registry) == []


async def test_what_may_not_be_rebased_has_to_be_built() -> None:
    """In the lifecycle's words, with the image's name."""
    async with scene() as here:
        other = here.registry.put("reg/run", "other", ["x"], Labels={"io.buildpacks.stack.id": "s2"})

        answer = await here.outcome(run=f"{here.address}/reg/run@{other}")

        assert isinstance(answer, NotRebasable)
        assert answer.reason == "StackMismatch"
        assert answer.message == (
            f"{here.address}/reg/a@{here.app} cannot be rebased: incompatible stack: 's2' is not compatible with 's1'"
        )


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param("{", id="no JSON"),
        pytest.param(json.dumps({"buildpacks": [{"id": "x" * 1000}] * 100}), id="too much for a status"),
    ],
)
async def test_labels_that_no_status_can_tell_have_to_be_written_anew(metadata: str) -> None:
    """By a build; nothing is pushed that could not be told."""
    async with scene() as here:
        labels = {**application_labels(here.address), "io.buildpacks.build.metadata": metadata}
        app = here.registry.put("reg/a", "odd", ["base", "old top", "app"], Labels=labels)

        answer = await here.outcome(app=f"{here.address}/reg/a@{app}")

        assert isinstance(answer, NotRebasable)
        assert answer.reason == "UnreadableMetadata"
        assert writes(here.registry) == []


async def test_a_refusal_is_not_longer_than_a_condition() -> None:
    """Labels of foreign images may be."""
    async with scene() as here:
        other = here.registry.put("reg/run", "other", ["x"], Labels={"io.buildpacks.stack.id": "s" * 10_000})

        answer = await here.outcome(run=f"{here.address}/reg/run@{other}")

        assert isinstance(answer, NotRebasable)
        assert len(answer.message) == 2000


@pytest.mark.parametrize(
    ("refuse", "reason", "permanent", "told"),
    [
        pytest.param(("GET", "/reg/a/", 403), "Unauthorized", True, "reg/a", id="the application may not be read"),
        pytest.param(("GET", "/reg/run/", 404), "NotFound", True, "reg/run", id="the run image is gone"),
        pytest.param(("GET", "/reg/run/", 503), "RegistryUnavailable", False, "503", id="the registry is down"),
        pytest.param(("PUT", "/manifests/v1", 403), "Unauthorized", True, "[{address}/reg/a:v1: ", id="no push"),
        pytest.param(("PUT", "/manifests/", 429), "RegistryUnavailable", False, "tags: [", id="too many requests"),
    ],
)
async def test_a_registry_s_fault_is_told(
    refuse: tuple[str, str, int], reason: str, told: str, *, permanent: bool
) -> None:
    """A refusal is for good, what may pass is not; both name what was being done."""
    method, part, status = refuse
    async with scene() as here:
        here.registry.refuse = lambda asked, path: status if asked == method and part in path else 0

        answer = await here.outcome()

        assert isinstance(answer, Fault)
        assert (answer.reason, answer.permanent) == (reason, permanent)
        assert answer.message.startswith(f"rebase of {here.address}/reg/a@{here.app} onto {here.address}/reg/run@")
        assert told.format(address=here.address) in answer.message


async def test_a_tag_that_is_refused_does_not_stop_the_others() -> None:
    """All tags are tried in their order; the message names those that failed, and the rebase is a fault."""
    async with scene() as here:
        here.registry.refuse = lambda method, path: 403 if method == "PUT" and path.endswith("/v1") else 0

        answer = await here.outcome("reg/a:v1", "reg/a:v2")

        assert isinstance(answer, Fault)
        assert f"failed to write image to the following tags: [{here.address}/reg/a:v1: " in answer.message
        assert "reg/a:v2" not in answer.message
        assert ("reg/a", "v2") in here.registry.manifests


async def test_a_registry_s_wish_to_be_left_alone_is_told() -> None:
    """So that the next attempt waits for as long as that."""
    async with scene() as here:
        here.registry.said = {"Retry-After": "70"}
        here.registry.refuse = lambda method, _path: 429 if method == "PUT" else 0

        fact = await here.rebaser.carry_out(here.order("reg/a:v1", "reg/a:v2"))

        assert isinstance(fact.answer, Fault)
        assert fact.quiet == timedelta(seconds=70)


async def test_one_tag_that_may_pass_makes_the_fault_one_that_may() -> None:
    """Though another is refused for good."""
    async with scene() as here:
        statuses = {"/v2/reg/a/manifests/v1": 403, "/v2/reg/a/manifests/v2": 503}
        here.registry.refuse = lambda method, path: statuses.get(path, 0) if method == "PUT" else 0

        answer = await here.outcome("reg/a:v1", "reg/a:v2")

        assert isinstance(answer, Fault)
        assert not answer.permanent


@pytest.mark.parametrize(
    ("error", "reason", "permanent"),
    [
        pytest.param(PermanentError("InvalidCredentials", "secret x"), "InvalidCredentials", True, id="a bad secret"),
        pytest.param(RuntimeError("oops"), "InternalError", False, id="a bug"),
    ],
)
async def test_what_fails_before_any_request_is_told_too(error: Exception, reason: str, *, permanent: bool) -> None:
    """Secrets that cannot be read, and bugs, which are logged."""
    async with scene() as here:

        async def keychain(*_: object) -> Keychain:
            raise error

        here.rebaser.keychain = keychain
        answer = await here.outcome()

        assert isinstance(answer, Fault)
        assert (answer.reason, answer.permanent) == (reason, permanent)
        assert "oops" not in answer.message


async def test_a_run_image_or_tag_that_is_none_is_told() -> None:
    """Only a cluster without the admission webhook lets that pass."""
    async with scene() as here:
        for answer in (await here.outcome(run="No Image"), await here.outcome("No Tag")):
            assert isinstance(answer, Fault)
            assert (answer.reason, answer.permanent) == ("InvalidImage", True)


async def test_a_rebase_that_takes_too_long_is_given_up_for_now() -> None:
    """What it has copied by then is there for the next attempt."""
    async with scene() as here:

        async def keychain(*_: object) -> Keychain:
            raise TimeoutError

        here.rebaser.keychain = keychain
        answer = await here.outcome()

        assert isinstance(answer, Fault)
        assert not answer.permanent
        assert "not done after 15 minutes" in answer.message


async def test_orders_are_carried_out_in_the_background_once() -> None:
    """Two orders for one Build are one while it is under way; each outcome is told, then the next order counts."""
    async with scene() as here:
        told = asyncio.Event()
        here.rebaser.done = lambda fact: (here.done.append(fact), len(here.done) in {2, 3} and told.set())[0]
        running = asyncio.create_task(here.rebaser.run())
        for build in ("app-build-2", "app-build-2", "other-build-2"):
            here.rebaser.begin(here.order(build=build))
        await told.wait()
        first = sorted(fact.question.build for fact in here.done)
        told.clear()
        here.rebaser.begin(here.order())
        await told.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert first == ["app-build-2", "other-build-2"]
    assert [fact.question.build for fact in here.done][2:] == ["app-build-2"]
