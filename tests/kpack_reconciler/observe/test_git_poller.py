"""When git servers are asked, and whom an answer wakes."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from kpack_api.types import GitType, SourceResolver
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.model.facts import Fault, Revision, RevisionResolved
from kpack_reconciler.model.questions import revision_question
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.hurry import SPACING
from tests import make
from tests.fakes.git import FakeGit
from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.clients.test_service_accounts import put_account, put_secret

INTERVAL = timedelta(minutes=1)


class World:
    """A cache, a clock, and the names of the objects that were woken."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.time: datetime = make.NOW
        self.woken: list[str] = []

    def add(self, name: str, url: str, revision: str = "main") -> SourceResolver:
        """Have a SourceResolver."""
        made = replace(make.resolver(make.git_source(revision, url=url)), metadata=make.metadata(name))
        self.cache.source_resolvers.put(made)
        return made

    def seen(self, resolver: SourceResolver) -> RevisionResolved | None:
        """What a SourceResolver was answered."""
        question = revision_question(resolver)
        assert question is not None
        return self.cache.facts.revision(question)

    @asynccontextmanager
    async def poller(self, api: FakeKubernetes | None = None) -> AsyncIterator[GitPoller]:
        """A poller of this world, without service accounts where no API server has any."""
        async with (
            (api or FakeKubernetes()).serve() as config,
            KubeClient(config) as kube,
            aiohttp.ClientSession() as http,
        ):
            yield GitPoller(
                self.cache,
                ServiceAccounts(kube),
                http,
                interval=INTERVAL,
                now=lambda: self.time,
                changed=lambda key: self.woken.append(key.name),
            )


@pytest.fixture
def server(tmp_path: Path) -> FakeGit:
    return FakeGit(tmp_path / "app")


async def test_one_request_answers_all_who_ask_for_a_repository(server: FakeGit) -> None:
    """Many SourceResolvers of one URL, of whatever revision, cost one request and are all woken."""
    world = World()
    server.git("tag", "v1")
    async with server.serve() as url, world.poller() as poller:
        resolvers = [world.add("a", url), world.add("b", url), world.add("c", url, "v1")]
        await poller.ask_due()

    answers = [seen.answer for resolver in resolvers if (seen := world.seen(resolver))]
    head = server.git("rev-parse", "main")
    assert server.requests == ["POST /app/git-upload-pack"]
    assert sorted(world.woken) == ["a", "b", "c"]
    assert answers == [Revision(revision=head, type=kind) for kind in (GitType.BRANCH, GitType.BRANCH, GitType.TAG)]


async def test_a_moved_branch_wakes_after_the_interval(server: FakeGit) -> None:
    """A branch is asked for again after the interval, not before; only a new commit wakes."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        resolver = world.add("a", url)
        await poller.ask_due()
        newer = server.commit("README", "second")
        await poller.ask_due()
        assert (world.woken, len(server.requests)) == (["a"], 1)
        world.time += INTERVAL
        await poller.ask_due()
        world.time += INTERVAL
        await poller.ask_due()

    seen = world.seen(resolver)
    assert seen is not None
    assert seen.answer == Revision(revision=newer, type=GitType.BRANCH)
    assert (world.woken, len(server.requests)) == (["a", "a"], 3)


async def test_a_commit_is_never_asked_for_again(server: FakeGit) -> None:
    """A commit id does not move, so that one answer is enough."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        world.add("a", url, server.git("rev-parse", "main"))
        await poller.ask_due()
        asked = len(server.requests)
        world.time += INTERVAL * 10
        await poller.ask_due()

    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("status", "reason", "permanent"), [(404, "GitNotFound", True), (503, "GitUnavailable", False)]
)
async def test_a_fault_is_recorded(server: FakeGit, status: int, reason: str, *, permanent: bool) -> None:
    """A refusal is recorded for good, a fault of the server as one that may pass; both wake."""
    world = World()
    server.broken = status
    async with server.serve() as url, world.poller() as poller:
        resolver = world.add("a", url)
        await poller.ask_due()

    seen = world.seen(resolver)
    assert seen is not None
    assert isinstance(seen.answer, Fault)
    assert (seen.answer.reason, seen.answer.permanent) == (reason, permanent)
    assert world.woken == ["a"]


async def test_late_comers_share_the_next_request(server: FakeGit) -> None:
    """SourceResolvers that were made at different times are asked for together, once an interval."""
    world = World()
    server.git("tag", "v1")
    async with server.serve() as url, world.poller() as poller:
        world.add("a", url)
        await poller.ask_due()
        world.time += INTERVAL / 2
        world.add("b", url, "v1")
        await poller.ask_due()
        world.time += INTERVAL
        await poller.ask_due()
        server.requests.clear()
        for _ in range(30):
            world.time += INTERVAL / 10
            await poller.ask_due()

    assert len(server.requests) == 3


async def test_a_host_that_does_not_answer_is_left_alone(server: FakeGit) -> None:
    """From its second failure in a row on; a repository that is new then is told so without a request."""
    world = World()
    async with server.serve() as url, world.poller() as poller:
        server.broken = 503
        world.add("a", url)
        await poller.ask_due()
        world.time += INTERVAL
        await poller.ask_due()
        asked = len(server.requests)
        late = world.add("b", f"{url}-other")
        await poller.ask_due()

    seen = world.seen(late)
    assert len(server.requests) == asked
    assert seen is not None
    assert "is left alone until" in str(seen)


async def test_logins_are_read_once_an_interval(server: FakeGit) -> None:
    """However often repositories of the account are asked about meanwhile."""
    world, api = World(), FakeKubernetes()
    async with server.serve() as url, world.poller(api) as poller:
        for number in range(5):
            world.add(f"app-{number}", f"{url}?{number}")
        for _ in range(30):
            await poller.ask_due()
            world.time += INTERVAL / 10

    assert 3 <= len(api.requests) <= 4


async def test_a_login_that_was_changed_is_read_before_its_refusal_is_told(server: FakeGit) -> None:
    """A secret that was rotated since it was read makes no SourceResolver look refused."""
    world, api = World(), FakeKubernetes()
    async with server.serve() as url, world.poller(api) as poller:
        put_login(api, url, "old")
        server.login = "me:old"
        resolver = world.add("a", url)
        await poller.ask_due()
        put_login(api, url, "new")
        server.login = "me:new"
        first = world.seen(resolver)
        assert first is not None
        world.cache.facts.record(dataclasses.replace(first, at=make.NOW - INTERVAL))
        world.time += INTERVAL / 2
        await poller.ask_due()
        world.time += SPACING
        await poller.ask_due()

    seen = world.seen(resolver)
    assert seen is not None
    assert isinstance(seen.answer, Revision)
    assert seen.at > first.at
    assert world.woken == ["a"]


def put_login(api: FakeKubernetes, url: str, password: str) -> None:
    """Have an account with one login for the server."""
    put_account(api, "login")
    put_secret(
        api, "login", "kubernetes.io/basic-auth", {"username": "me", "password": password}, git=url.removesuffix("/app")
    )
