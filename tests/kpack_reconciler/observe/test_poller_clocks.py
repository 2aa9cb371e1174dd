"""The pollers under a clock that moves at each reading, as the real one does."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from kpack_api.types import Builder, BuilderSpec, GitSource, GitType, Source, SourceResolver, SourceResolverSpec
from kpack_api.wire import ObjectMeta
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.model.facts import Fault, Revision
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import builder_question, revision_question
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.registry_poller import RegistryPoller
from tests.fakes.git_host import LOGIN, GitHost, git_host
from tests.fakes.kubernetes import FakeKubernetes

INTERVAL = timedelta(seconds=60)
CORE = "/api/v1/namespaces/team"


class Clock:
    """A clock that moves a little at each reading."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time, a little later than at the last reading."""
        self.time += timedelta(microseconds=1)
        return self.time


class Scene:
    """A git poller between its fakes; `told` are the names that it woke."""

    def __init__(
        self, host: GitHost, api: FakeKubernetes, accounts: ServiceAccounts, http: aiohttp.ClientSession
    ) -> None:
        self.host, self.api, self.accounts, self.http = host, api, accounts, http
        self.cache, self.clock = Cache(), Clock()
        self.told: list[str] = []
        self.poller = GitPoller(self.cache, accounts, http, interval=INTERVAL, now=self.clock, changed=self._changed)

    def resolver(self, name: str, url: str, revision: str = "main", account: str = "default") -> SourceResolver:
        """Have a SourceResolver in the cache."""
        spec = SourceResolverSpec(service_account=account, source=Source(git=GitSource(url=url, revision=revision)))
        resolver = SourceResolver(metadata=ObjectMeta(namespace="team", name=name), spec=spec)
        self.cache.source_resolvers.put(resolver)
        return resolver

    def answer(self, resolver: SourceResolver) -> Revision | Fault | None:
        """What the poller has found out for a SourceResolver."""
        question = revision_question(resolver)
        assert question is not None
        resolved = self.cache.facts.revision(question)
        return None if resolved is None else resolved.answer

    async def after(self, passed: timedelta) -> list[str]:
        """Let time pass and ask; who was woken by it."""
        self.clock.time += passed
        self.told.clear()
        await self.poller.ask_due()
        return sorted(self.told)

    def give_login(self, account: str, password: str) -> None:
        """Have a service account with a git login."""
        secret = f"{account}-git"
        data = {"username": LOGIN.username, "password": password}
        self.api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": account}, "secrets": [{"name": secret}]})
        self.api.put(
            f"{CORE}/secrets",
            {
                "metadata": {"name": secret, "annotations": {"build.pivotal.io/git": "http://127.0.0.1"}},
                "type": "kubernetes.io/basic-auth",
                "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
            },
        )

    def _changed(self, key: Key) -> None:
        self.told.append(key.name)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    api = FakeKubernetes()
    with git_host(folder / "git") as host:
        async with api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
            yield Scene(host, api, ServiceAccounts(kube), http)


async def test_many_resolvers_of_one_repository_are_one_request(tmp_path: Path) -> None:
    """Fifty SourceResolvers of two branches of a repository cost one request, and all of them are woken."""
    async with scene(tmp_path) as world:
        repository = world.host.create("app")
        main, other = repository.commit({"a": "1"}), repository.commit({"a": "2"}, branch="other")
        names = [f"r{number:02}" for number in range(50)]
        branches = ["main", "other"] * 25
        resolvers = [
            world.resolver(name, world.host.url("app"), branch) for name, branch in zip(names, branches, strict=True)
        ]

        told = await world.after(timedelta())

        assert told == names
        assert len(world.host.requests) == 1
        assert world.answer(resolvers[0]) == Revision(revision=main, type=GitType.BRANCH)
        assert world.answer(resolvers[1]) == Revision(revision=other, type=GitType.BRANCH)


async def test_each_set_of_credentials_asks_for_itself(tmp_path: Path) -> None:
    """What one service account may see is not told to another; its Secrets are read once for both of its resolvers."""
    async with scene(tmp_path) as world:
        commit = world.host.create("private/app").commit({"a": "1"})
        world.give_login("good", LOGIN.password)
        world.give_login("bad", "wrong")
        url = world.host.url("private/app")
        good, bad = world.resolver("good", url, account="good"), world.resolver("bad", url, account="bad")
        world.resolver("good-too", url, "other", account="good")

        await world.after(timedelta())

        assert world.answer(good) == Revision(revision=commit, type=GitType.BRANCH)
        refused = world.answer(bad)
        assert isinstance(refused, Fault)
        assert (refused.reason, refused.permanent) == ("GitUnauthorized", True)
        assert world.api.requests.count(("GET", f"{CORE}/serviceaccounts/good")) == 1


async def test_a_push_is_seen_after_the_interval_and_not_before(tmp_path: Path) -> None:
    """A moved branch wakes only the resolvers of that branch; nothing is asked while the answer is young."""
    async with scene(tmp_path) as world:
        repository = world.host.create("app")
        repository.commit({"a": "1"}, branch="other")
        repository.commit({"a": "2"})
        world.resolver("main", world.host.url("app"))
        world.resolver("other", world.host.url("app"), "other")
        await world.after(timedelta())
        repository.commit({"a": "3"})

        early = await world.after(timedelta())
        late = await world.after(INTERVAL)

        assert (early, late) == ([], ["main"])
        assert len(world.host.requests) == 2


async def test_a_commit_is_asked_once(tmp_path: Path) -> None:
    """A commit id cannot move, so it is not polled."""
    async with scene(tmp_path) as world:
        commit = world.host.create("app").commit({"a": "1"})
        resolver = world.resolver("app", world.host.url("app"), commit)
        await world.after(timedelta())

        await world.after(INTERVAL * 10)

        assert world.answer(resolver) == Revision(revision=commit, type=GitType.COMMIT)
        assert len(world.host.requests) == 1


async def test_an_answer_that_nobody_asks_for_any_more_is_forgotten(tmp_path: Path) -> None:
    """Who asks again much later is not told what was true long ago."""
    async with scene(tmp_path) as world:
        world.host.create("app").commit({"a": "1"})
        resolver = world.resolver("app", world.host.url("app"))
        await world.after(timedelta())
        world.cache.source_resolvers.remove("team", "app")

        await world.after(INTERVAL)

        assert world.answer(resolver) is None


async def test_a_missing_repository_heals(tmp_path: Path) -> None:
    """Once the repository is there it is found, without any change of the resolver."""
    async with scene(tmp_path) as world:
        resolver = world.resolver("app", world.host.url("app"))
        await world.after(timedelta())
        fault = world.answer(resolver)
        commit = world.host.create("app").commit({"a": "1"})

        told = await world.after(INTERVAL)

        assert isinstance(fault, Fault)
        assert (fault.reason, fault.permanent) == ("GitNotFound", True)
        assert told == ["app"]
        assert world.answer(resolver) == Revision(revision=commit, type=GitType.BRANCH)


async def test_unreadable_credentials_are_a_fault_that_may_pass(tmp_path: Path) -> None:
    """When the API server does not give the account, git is not asked anonymously instead."""
    async with scene(tmp_path) as world:
        world.host.create("app").commit({"a": "1"})
        resolver = world.resolver("app", world.host.url("app"))
        world.api.refuse_next("GET", "serviceaccounts", 503)

        await world.after(timedelta())

        fault = world.answer(resolver)
        assert isinstance(fault, Fault)
        assert (fault.reason, fault.permanent) == ("CredentialsUnavailable", False)
        assert world.host.requests == []


async def test_a_new_builder_is_asked_at_once(tmp_path: Path) -> None:
    """A question without an answer is due now, however late the clock is read."""
    async with scene(tmp_path) as world:
        builder = Builder(
            metadata=ObjectMeta(namespace="team", name="b"), spec=BuilderSpec(image="127.0.0.1:1/builder:1")
        )
        world.cache.builders.put(builder)
        poller = RegistryPoller(
            world.cache,
            world.accounts,
            lambda keychain: RegistryClient(world.http, keychain),
            interval=INTERVAL,
            now=world.clock,
            changed=world._changed,
        )

        await poller.ask_due()

        seen = world.cache.facts.builder_image(builder_question(builder))
        assert seen is not None
        assert isinstance(seen.answer, Fault)
        assert (seen.answer.reason, seen.answer.permanent) == ("RegistryUnavailable", False)
