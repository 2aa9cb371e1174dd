"""Which questions a push has the pollers ask, and how often polling asks where Images say so."""

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from kpack_api.names import SOURCE_POLLING_ANNOTATION
from kpack_api.types import SourceResolver, UpdatePolicy
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.model.hooks import ImagesPushed, Pushed
from kpack_reconciler.observe.hurry import LAG, SPACING
from kpack_reconciler.observe.polling import turn_after
from kpack_reconciler.observe.registry_poller import RegistryPoller
from tests import make
from tests.fakes.git import FakeGit
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry
from tests.kpack_reconciler.observe.test_git_poller import INTERVAL, World
from tests.kpack_reconciler.wiring.test_rebase import put_images

PUSH = Pushed(repositories=frozenset({"app"}), refs=frozenset({"refs/heads/main"}))


@pytest.fixture
def server(tmp_path: Path) -> FakeGit:
    return FakeGit(tmp_path / "app")


def paced(world: World, name: str, url: str, pace: str) -> SourceResolver:
    """Have a SourceResolver with an interval of its own."""
    plain = world.add(name, url)
    made = replace(plain, metadata=replace(plain.metadata, annotations={SOURCE_POLLING_ANNOTATION: pace}))
    world.cache.source_resolvers.put(made)
    return made


async def test_a_push_has_its_branch_asked_for_now(server: FakeGit) -> None:
    """The others of the repository are not: nothing was pushed to them."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        world.add("a", url)
        world.add("b", url, server.git("rev-parse", "main"))
        await poller.ask_due()
        server.commit("README", "second")
        world.woken.clear()
        assert poller.pushed(PUSH) == 1
        await poller.ask_due()

    assert world.woken == ["a"]


async def test_a_push_elsewhere_costs_no_request(server: FakeGit) -> None:
    """Another repository, another branch: the server is left alone."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        world.add("a", url)
        await poller.ask_due()
        asked = len(server.requests)
        for push in (
            replace_repository("other"),
            Pushed(repositories=frozenset({"app"}), refs=frozenset({"refs/heads/x"})),
        ):
            assert poller.pushed(push) == 0
            await poller.ask_due()

    assert len(server.requests) == asked


def replace_repository(path: str) -> Pushed:
    return Pushed(repositories=frozenset({path}), refs=PUSH.refs)


async def test_a_push_without_news_costs_two_requests(server: FakeGit) -> None:
    """However often it is told at once; a late copy of the repository is seen with the second."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        paced(world, "a", url, "off")
        await poller.ask_due()
        asked = len(server.requests)
        for _ in range(5):
            poller.pushed(PUSH)
        for pause in (timedelta(0), SPACING, LAG, LAG):
            world.time += pause
            await poller.ask_due()

    assert len(server.requests) == asked + 2


async def test_a_push_wakes_the_running_poller(server: FakeGit) -> None:
    """Nobody waits for the interval, also when the push comes during a request."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        resolver = world.add("a", url)
        running = asyncio.create_task(poller.run())
        async with asyncio.timeout(5):
            while world.seen(resolver) is None:  # noqa: ASYNC110 - the poller has no event for it
                await asyncio.sleep(0.01)
            newer = server.commit("README", "second")
            poller.pushed(PUSH)
            while newer not in str(world.seen(resolver)):  # noqa: ASYNC110 - the poller has no event for it
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert world.woken == ["a", "a"]


@pytest.mark.parametrize(
    ("paces", "seconds"),
    [(["10m"], 600), (["10m", "2h"], 600), (["12h", ""], 60), (["never"], 60), (["off", "5m"], 300)],
)
async def test_the_shortest_interval_of_those_who_ask_holds(server: FakeGit, paces: list[str], seconds: int) -> None:
    """Not before it, and then at once; what cannot be read is the default."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        for number, pace in enumerate(paces):
            paced(world, f"app-{number}", url, pace) if pace else world.add(f"app-{number}", url)
        await poller.ask_due()
        world.time = turn_after(world.time, timedelta(seconds=seconds), subject=url)
        await poller.ask_due()
        asked = len(server.requests)
        world.time += timedelta(seconds=seconds - 1)
        await poller.ask_due()
        assert len(server.requests) == asked
        world.time += timedelta(seconds=1)
        await poller.ask_due()

    assert len(server.requests) == asked + 1


async def test_off_means_only_pushes_ask(server: FakeGit) -> None:
    """A day passes without a request; a push costs one."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        paced(world, "a", url, "off")
        await poller.ask_due()
        asked = len(server.requests)
        world.time += timedelta(days=1)
        await poller.ask_due()
        assert len(server.requests) == asked
        server.commit("README", "second")
        poller.pushed(PUSH)
        await poller.ask_due()

    assert len(server.requests) == asked + 1


async def test_off_does_not_leave_a_source_unresolved(server: FakeGit) -> None:
    """A fault is asked about again after the service's interval."""
    world = World()
    server.broken = 503
    async with server.serve() as url, world.poller() as poller:
        paced(world, "a", url, "off")
        await poller.ask_due()
        server.broken, asked = 0, len(server.requests)
        world.time += INTERVAL
        await poller.ask_due()

    assert len(server.requests) > asked


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        (("stack/builder", "latest"), 1),
        (("stack/run", "any"), 1),
        (("stack/builder", "other"), 0),
        (("team/app", "1"), 0),
    ],
)
async def test_a_pushed_tag_has_its_builder_looked_at(tag: tuple[str, str], asked: int) -> None:
    """A tag of the builder image, or any of its run image; other pushes, and external builders, cost no request."""
    cache, registry, push = Cache(), FakeRegistry(), ImagesPushed(tags=frozenset({tag}))
    async with FakeKubernetes().serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
        poller = RegistryPoller(
            cache,
            ServiceAccounts(kube),
            lambda keychain: RegistryClient(http, keychain),
            interval=INTERVAL,
            now=lambda: make.NOW,
            changed=lambda _: None,
        )
        async with registry.serve() as address:
            put_images(registry, address)
            builder = make.ready_builder()
            for name, image, policy in (
                ("a", f"{address}/stack/builder", UpdatePolicy.POLLING),
                ("external", f"{address}/stack/builder:latest", UpdatePolicy.EXTERNAL),
                ("broken", "UPPER CASE", UpdatePolicy.POLLING),
            ):
                spec = replace(builder.spec, image=image, update_policy=policy)
                cache.builders.put(replace(builder, metadata=make.metadata(name), spec=spec))
            await poller.ask_due()
            before = len(registry.requests)

            assert poller.pushed(push) == asked
            await poller.ask_due()

    assert (len(registry.requests) > before) is bool(asked)
