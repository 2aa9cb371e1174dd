"""When registries are asked, and whom an answer wakes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
from msgspec.structs import replace

from kpack_api.types import Builder, UpdatePolicy
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL
from kpack_reconciler.model.facts import BuilderImage, Fault
from kpack_reconciler.model.questions import builder_question
from kpack_reconciler.observe.registry_poller import RegistryPoller
from tests import make
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry

INTERVAL = timedelta(minutes=1)


class World:
    """A registry, a cache, a clock, and the names of the objects that were woken."""

    def __init__(self) -> None:
        self.fake = FakeRegistry()
        self.cache = Cache()
        self.time: datetime = make.NOW
        self.woken: list[str] = []

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
        async with FakeKubernetes().serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
            yield RegistryPoller(
                self.cache,
                ServiceAccounts(kube),
                http,
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
    """With update policy external an image is read once, unless that failed."""
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
    assert plain.message.startswith("unable to fetch remote builder image: could not find label")
