"""When registries are asked, and whom an answer wakes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from kpack_api.types import Builder, UpdatePolicy
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.facts import BuilderImage, BuilderImageQuestion, Fault
from kpack_reconciler.model.questions import builder_question
from kpack_reconciler.observe.registry_poller import RegistryPoller
from tests import make
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import INDEX, FakeRegistry, digest_of
from tests.fakes.tls import ToOneServer, tls_contexts

INTERVAL = timedelta(minutes=1)


class World:
    """A registry, a cache, a clock, and the names of the objects that were woken."""

    def __init__(self) -> None:
        self.fake = FakeRegistry()
        self.cache = Cache()
        self.time: datetime = make.NOW
        self.woken: list[str] = []
        self.host = "nowhere.example"

    def push_builder(self, registry: str, lifecycle: str = "0.20.0") -> str:
        """Have a builder image and its run image in the registry; the digest."""
        metadata = {
            "stack": {"runImage": {"image": f"{registry}/team/run:1"}},
            "lifecycle": {"version": lifecycle, "apis": {"platform": {"supported": ["0.10"]}}},
        }
        self.fake.put_image("team/run", "1", labels={})
        labels = {STACK_LABEL: "stack.test", METADATA_LABEL: json.dumps(metadata)}
        return self.fake.put_image("team/builder", "1", labels=labels, env=("CNB_USER_ID=1000", "CNB_GROUP_ID=1000"))

    def add(self, name: str, registry: str, policy: UpdatePolicy = UpdatePolicy.POLLING) -> Builder:
        """Have a Builder."""
        made = make.ready_builder()
        spec = replace(made.spec, image=f"{registry}/team/builder:1", update_policy=policy)
        made = replace(made, metadata=make.metadata(name), spec=spec)
        self.cache.builders.put(made)
        return made

    def answer(self, builder: Builder) -> BuilderImage | Fault | None:
        """What a Builder was answered."""
        seen = self.cache.facts.builder_image(builder_question(builder))
        return None if seen is None else seen.answer

    @asynccontextmanager
    async def poller(self) -> AsyncIterator[RegistryPoller]:
        """A poller of this world, without service accounts."""
        known, own = KnownRegistries(), keychain_from_login(self.host, username="me", password="hidden")
        async with FakeKubernetes().serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
            yield RegistryPoller(
                self.cache,
                ServiceAccounts(kube, own),
                lambda keychain: RegistryClient(http, keychain, known),
                interval=INTERVAL,
                now=lambda: self.time,
                changed=lambda key: self.woken.append(key.name),
            )


async def test_one_look_answers_all_builders_of_an_image() -> None:
    """Two Builders of one image cost one look, and both are woken with what the image says."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        digest = world.push_builder(registry)
        one, two = world.add("one", registry), world.add("two", registry)
        await poller.ask_due()

    answer = world.answer(one)
    assert isinstance(answer, BuilderImage)
    assert answer == world.answer(two)
    assert answer.latest_image == f"{registry}/team/builder@{digest}"
    assert world.fake.requests.count(("HEAD", "/v2/team/builder/manifests/1")) == 1
    assert sorted(world.woken) == ["one", "two"]


async def test_an_unmoved_tag_costs_heads_only_and_a_moved_one_wakes() -> None:
    """After the interval a tag is looked up by HEAD; the image is read, and Builders woken, only when it moved."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        world.push_builder(registry)
        builder = world.add("one", registry)
        await poller.ask_due()
        world.fake.requests.clear()
        world.time += INTERVAL
        await poller.ask_due()
        assert ({method for method, _ in world.fake.requests}, world.woken) == ({"HEAD"}, ["one"])

        world.push_builder(registry, lifecycle="0.21.0")
        world.time += INTERVAL
        await poller.ask_due()

    answer = world.answer(builder)
    assert isinstance(answer, BuilderImage)
    assert answer.lifecycle_version == "0.21.0"
    assert world.woken == ["one", "one"]


async def test_a_builder_updated_from_outside_is_read_once() -> None:
    """V65: with update policy external an image is read once, unless that failed (kpack: also then)."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        builder = world.add("one", registry, UpdatePolicy.EXTERNAL)
        await poller.ask_due()
        failed = world.answer(builder)
        world.push_builder(registry)
        world.time += INTERVAL
        await poller.ask_due()
        read = world.answer(builder)
        asked = len(world.fake.requests)
        world.time += INTERVAL * 10
        await poller.ask_due()

    assert isinstance(failed, Fault)
    assert isinstance(read, BuilderImage)
    assert len(world.fake.requests) == asked


async def test_a_fault_is_recorded() -> None:
    """A server's fault may pass, an image that is no builder is refused for good; each message says what was done."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        builder = world.add("one", registry)
        world.fake.broken = 503
        await poller.ask_due()
        broken = world.answer(builder)
        world.fake.broken = 0
        world.fake.put_image("team/builder", "1", labels={})
        world.time += INTERVAL
        await poller.ask_due()
        plain = world.answer(builder)

    assert isinstance(broken, Fault)
    assert (broken.reason, broken.permanent) == ("RegistryUnavailable", False)
    assert isinstance(plain, Fault)
    assert (plain.reason, plain.permanent) == ("InvalidBuilder", True)
    assert plain.message.startswith(f"could not find label {STACK_LABEL}")


async def test_what_an_index_stands_for_is_its_linux_amd64_image() -> None:
    """V76: builder and run image are told by the digests that the lifecycle notes, not by those of their indexes."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        image = world.push_builder(registry)
        run = world.fake.put_image("team/run", "amd", labels={})
        for repository, child in (("team/builder", image), ("team/run", run)):
            entry = {"digest": child, "platform": {"os": "linux", "architecture": "amd64"}}
            world.fake.put_manifest(repository, "1", {"manifests": [entry]}, media_type=INDEX)
        builder = world.add("one", registry)
        await poller.ask_due()

    answer = world.answer(builder)
    assert isinstance(answer, BuilderImage)
    assert answer.latest_image == f"{registry}/team/builder@{image}"
    assert answer.run_image == f"{registry}/team/run@{run}"


async def test_looks_share_a_token() -> None:
    """A token registry is asked for tokens and knocked at once, however often its images are looked at."""
    world = World()
    world.fake.scheme, world.fake.token_seconds = "bearer", 3600
    async with world.fake.serve() as registry:
        world.host = registry
        async with world.poller() as poller:
            world.push_builder(registry)
            world.add("one", registry)
            for _ in range(5):
                await poller.ask_due()
                world.time += INTERVAL

    tokens = [path for _, path in world.fake.requests].count("/token")
    assert (tokens, world.fake.pings) == (2, 1)  # a token for each of the two repositories
    assert len(world.woken) == 1


async def test_a_registry_that_asks_for_patience_gets_it() -> None:
    """`Retry-After` of a rate limit is kept to, though the interval is shorter; a ready builder stays as it is."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        world.push_builder(registry)
        builder = world.add("one", registry)
        await poller.ask_due()
        world.fake.broken, world.fake.said = 429, {"Retry-After": "300"}
        world.time += INTERVAL
        await poller.ask_due()
        asked = len(world.fake.requests)
        world.time += INTERVAL * 4
        await poller.ask_due()
        kept_away = len(world.fake.requests) == asked
        world.fake.broken = 0
        world.time += INTERVAL
        await poller.ask_due()

    assert kept_away
    assert isinstance(world.answer(builder), BuilderImage)


async def test_a_builder_image_that_moved_in_an_index_is_noticed() -> None:
    """An index is immutable, its tag is not: another index behind the tag is read anew."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        for lifecycle in ("0.20.0", "0.21.0"):
            entry = {"digest": world.push_builder(registry, lifecycle)}
            world.fake.put_manifest("team/builder", "1", {"manifests": [entry]}, media_type=INDEX)
            builder = world.add("one", registry)
            await poller.ask_due()
            world.time += INTERVAL

    answer = world.answer(builder)
    assert isinstance(answer, BuilderImage)
    assert answer.lifecycle_version == "0.21.0"


async def test_a_build_does_not_ask_a_registry_that_wants_to_be_left_alone() -> None:
    """Whoever inspects the image meanwhile gets the fault again, without a request."""
    world = World()
    async with world.fake.serve() as registry, world.poller() as poller:
        builder = world.add("one", registry)
        world.fake.broken, world.fake.said = 429, {"Retry-After": "300"}
        await poller.ask_due()
        asked = len(world.fake.requests)
        world.time += INTERVAL
        seen = await poller.inspect(builder_question(builder))

    assert len(world.fake.requests) == asked
    assert isinstance(seen.answer, Fault)
    assert (seen.answer, seen.at) == (world.answer(builder), world.time)


async def test_a_builder_on_docker_hub_is_told_in_full() -> None:
    """V63: names are expanded, digests are the registry's; https only."""
    world, names = World(), ToOneServer()
    world.fake.put_image("foo/run", "basecnb", labels={})
    metadata = {"stack": {"runImage": {"image": "foo.io/foo/run:basecnb"}}}
    labels = {STACK_LABEL: "io.stack", METADATA_LABEL: json.dumps(metadata)}
    digest = world.fake.put_image("builder/image", "latest", labels=labels, env=("CNB_USER_ID=1", "CNB_GROUP_ID=1"))
    run, _ = world.fake.manifests["foo/run", "basecnb"]
    server = TestServer(world.fake.app(), scheme="https")
    await server.start_server(ssl=tls_contexts("index.docker.io")[0], shutdown_timeout=0.1)
    names.port = server.port or 0
    connector = aiohttp.TCPConnector(resolver=names, ssl=False)
    question = BuilderImageQuestion("builder/image", "", "")
    try:
        async with (
            FakeKubernetes().serve() as config,
            KubeClient(config) as kube,
            aiohttp.ClientSession(connector=connector) as http,
        ):
            seen = await RegistryPoller(
                world.cache,
                ServiceAccounts(kube),
                lambda keychain: RegistryClient(http, keychain),
                interval=INTERVAL,
                now=lambda: world.time,
                changed=lambda _: None,
            ).inspect(question)
    finally:
        await server.close()

    assert isinstance(seen.answer, BuilderImage)
    assert seen.answer.latest_image == f"index.docker.io/builder/image@{digest}"
    assert seen.answer.run_image == f"foo.io/foo/run@{digest_of(run)}"
    assert seen.answer.stack_id == "io.stack"


async def test_a_secret_that_cannot_be_read_is_told() -> None:
    """The message begins with what was being done, in kpack's words, and names the Secret."""
    world, core = World(), "/api/v1/namespaces/team"
    api = FakeKubernetes()
    api.put(f"{core}/serviceaccounts", {"metadata": {"name": "default"}, "secrets": [{"name": "odd"}]})
    broken = {"metadata": {"name": "odd"}, "type": "kubernetes.io/dockerconfigjson", "data": {}}
    api.put(f"{core}/secrets", broken)
    question = BuilderImageQuestion("registry.example/a/b", "team", "default")
    async with api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
        seen = await RegistryPoller(
            world.cache,
            ServiceAccounts(kube),
            lambda keychain: RegistryClient(http, keychain),
            interval=INTERVAL,
            now=lambda: world.time,
            changed=lambda _: None,
        ).inspect(question)

    assert isinstance(seen.answer, Fault)
    assert seen.answer.permanent
    assert seen.answer.message.startswith("unable to create builder image keychain: secret odd in namespace team")


@pytest.mark.parametrize("image", ["No Image", "builder@bad"])
async def test_a_name_that_is_none_is_told(image: str) -> None:
    """A builder image that cannot be parsed is a refusal that quotes it; the webhook refuses it before."""
    world = World()
    async with world.poller() as poller:
        seen = await poller.inspect(BuilderImageQuestion(image, "", ""))

    assert isinstance(seen.answer, Fault)
    assert (seen.answer.reason, seen.answer.permanent) == ("InvalidImage", True)
    assert image in seen.answer.message


@pytest.mark.parametrize(
    ("namespace", "account", "words"),
    [
        ("team", "default", "service account team/default has no credentials for registry {}"),
        ("", "", "the controller has no credentials for registry {}"),
    ],
)
async def test_a_refusal_says_whose_credential_is_missing(namespace: str, account: str, words: str) -> None:
    """A Builder asks with its namespace's default account, a ClusterBuilder with the controller's logins."""
    world = World()
    world.fake.scheme = "basic"
    async with world.fake.serve() as registry, world.poller() as poller:
        world.push_builder(registry)
        seen = await poller.inspect(BuilderImageQuestion(f"{registry}/team/builder:1", namespace, account))

    assert isinstance(seen.answer, Fault)
    assert (seen.answer.reason, seen.answer.permanent) == ("Unauthorized", True)
    assert seen.answer.message.startswith("unable to fetch remote builder image: not allowed to read from")
    assert words.format(registry) in seen.answer.message
