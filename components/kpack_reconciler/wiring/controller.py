"""The controller: reflectors fill the cache, the leader's workers look at what changed.

Rules:
- Every replica keeps its cache warm; only the leader works and polls.
- Workers start after each first list is done, so that absence in the cache means absence in the cluster. A namespace
  that cannot be seen, where only some are watched, is not waited for long: `reflecting` keeps the order within each.
- The Lease is given back only after all workers have stopped.
"""

import asyncio
import gc
from contextlib import AsyncExitStack, suppress
from time import monotonic
from typing import TYPE_CHECKING

import aiohttp
import structlog

from kpack_api.paces import pace_text
from kpack_api.process import HEALTH_PORT, LEASE_NAME
from kpack_api.types import Kind
from kpack_api.wire import ObjectMeta
from kpack_reconciler.cache.cache import Cache, CachedObject, CoreKind
from kpack_reconciler.clients.keychains.clouds import CloudKeychains
from kpack_reconciler.clients.keychains.files import read_own_logins
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.clients.outside import outside_session
from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.effects.kube_objects import KubeObjects
from kpack_reconciler.effects.rebase import Rebaser
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
from kpack_reconciler.loop.clock import SystemClock
from kpack_reconciler.loop.health import serve_health
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.loop.worker import Looker, work
from kpack_reconciler.metrics import LEADER
from kpack_reconciler.model.actions import Action, GiveTurnBack, PatchStatus, RecordEvent, TakeTurn
from kpack_reconciler.model.facts import Fact, ImageRebased
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.refusals import refusal
from kpack_reconciler.model.turns import Limits
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.lease import LeaseElection, LeaseTerms
from kpack_reconciler.observe.registry_poller import RegistryPoller
from kpack_reconciler.settings import Settings
from kpack_reconciler.wiring import vitals
from kpack_reconciler.wiring.considering import considering
from kpack_reconciler.wiring.counting import (
    count_action,
    count_rebase,
    count_remote_request,
    counting_requests,
    traced,
)
from kpack_reconciler.wiring.reflecting import AnyReflector, Reflecting, jitter

if TYPE_CHECKING:
    from kpack_reconciler.wiring.hooks import Hooks

log = structlog.get_logger(__name__)

_OUTSIDE_SECONDS = 30.0
_RELEASE_SECONDS = 2.0
_NAMESPACES_SECONDS = 10.0


class Controller:
    """The parts of one controller process, put together but not yet running."""

    def __init__(self, settings: Settings, kube: KubeClient, http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.clock = SystemClock()
        limits = Limits(
            total=settings.max_concurrent_builds, per_namespace=settings.max_concurrent_builds_per_namespace
        )
        self.cache = Cache(limits)
        self._leads = False
        self.queue = Queue(self.clock, jitter=jitter)
        known = KnownRegistries(cloud=CloudKeychains(http, now=self.clock.now))
        own = read_own_logins(provider=settings.credential_folder, docker=settings.docker_folder)
        accounts = ServiceAccounts(kube, own)
        self.git = GitPoller(
            self.cache, accounts, http, interval=settings.source_poll, now=self.clock.now, changed=self.queue.add
        )
        self.registry = RegistryPoller(
            self.cache,
            accounts,
            lambda keychain: RegistryClient(http, keychain, known),
            interval=settings.builder_poll,
            now=self.clock.now,
            changed=self.queue.add,
        )
        self.rebaser = Rebaser(
            keychain=accounts.keychain, http=http, now=self.clock.now, done=self._rebased, known=known
        )
        self._effects = KubeObjects(
            kube=kube,
            describe=accounts.describe,
            inspect=self.registry.inspect,
            rebase=self.rebaser.begin,
            now=self.clock.now,
        )
        self.looker = self._make_looker()
        reflecting = Reflecting(kube=kube, changed=self._changed, namespaces=settings.namespaces)
        self.reflectors = reflecting.all(self.cache)
        self.hooks = self._make_hooks()
        self.election = self._make_election(kube)
        LEADER.labels(LEASE_NAME).set(0)
        vitals.expose(self.queue, self.cache, self.reflectors, monotonic)

    def _make_looker(self) -> Looker:
        consider = considering(self.cache, self.settings)
        return Looker(consider=consider, run=self._run, record=self.cache.facts.record, tell=self._tell)

    def _make_election(self, kube: KubeClient) -> LeaseElection:
        settings, hooks = self.settings, self.hooks
        terms = LeaseTerms(namespace=settings.system_namespace, name=LEASE_NAME, holder=settings.pod_name)
        notes = dict if hooks is None else hooks.notes
        return LeaseElection(kube, terms, now=self.clock.now, monotonic=self.clock.monotonic, notes=notes)

    def _make_hooks(self) -> "Hooks | None":
        if self.settings.hooks is None:
            return None
        from kpack_reconciler.wiring.hooks import Hooks  # noqa: PLC0415 - certificates take memory

        return Hooks(
            self.settings.hooks,
            (self.git, self.registry),
            namespace=self.settings.system_namespace,
            leads=lambda: self._leads,
            told=lambda: self.election.told,
        )

    def unready(self) -> str:
        """What has not been listed yet, "" where every first list is done."""
        return vitals.unready(self.reflectors)

    def sick(self) -> str:
        """What only a new process can heal, "" where nothing."""
        return vitals.sick(self.queue, self.reflectors, monotonic())

    async def run(self) -> None:
        """Keep the cache; as leader, also look and poll. Ends when cancelled, or with a dead part's error."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for reflector in self.reflectors:
                    tasks.create_task(reflector.run())
                await _first_lists(self.reflectors)
                if self.hooks is not None:
                    tasks.create_task(self.hooks.run())
                await self.election.acquire()
                LEADER.labels(LEASE_NAME).set(1)
                tasks.create_task(self.election.keep())
                self._leads = True
                self._give_turns()
                for _ in range(self.settings.workers):
                    tasks.create_task(work(self.queue, self.looker, self.clock))
                tasks.create_task(self.git.run())
                tasks.create_task(self.registry.run())
                tasks.create_task(self.rebaser.run())
        finally:
            await self._release()

    def _changed(self, kind: Kind | CoreKind, before: CachedObject | None, after: CachedObject | None) -> None:
        value = after or before
        if value is None:
            return
        self.cache.turns.changed(before, after)
        for key in self.cache.related(kind, value):
            self.queue.add(key)
        self._give_turns()
        if after is not None and (before is None or _asks_anew(before.metadata, after.metadata)):
            self._wake(kind)

    def _give_turns(self) -> None:
        """Wake the Builds whose turn has come: only the leader's count includes what it has just begun."""
        if self._leads:
            for key in self.cache.turns.give():
                self.queue.add(key)

    def _rebased(self, fact: ImageRebased) -> None:
        count_rebase(fact)
        self.cache.facts.record(fact)
        self.queue.add(Key(Kind.BUILD, fact.question.namespace, fact.question.build))

    def _wake(self, kind: Kind | CoreKind) -> None:
        if kind is Kind.SOURCE_RESOLVER:
            self.git.wake()
        elif kind in (Kind.BUILDER, Kind.CLUSTER_BUILDER):
            self.registry.wake()

    async def _run(self, action: Action) -> Fact | None:
        """Carry out an action; what the API server refuses to write is remembered, so that decisions can tell it."""
        if isinstance(action, TakeTurn | GiveTurnBack):
            self._turn(action)
            return None
        before = self.cache.find(action.key) if isinstance(action, PatchStatus) else None
        try:
            fact = await self._effects.run(action)
        except PermanentError as error:
            refused = refusal(action, error, self.clock.now())
            if refused is not None:
                self.cache.facts.refuse(refused)
            raise
        count_action(action, before)
        return fact

    def _turn(self, action: TakeTurn | GiveTurnBack) -> None:
        build = action.build
        if isinstance(action, GiveTurnBack):
            self.cache.turns.give_back(build.uid)
            self._give_turns()
        elif not self.cache.turns.take(build.namespace, build.uid):
            raise ConflictError(f"no turn is free for Build {build.namespace}/{build.name}")

    async def _tell(self, key: Key, error: PermanentError) -> None:
        found = self.cache.find(key)
        if found is not None:
            await self._effects.run(
                RecordEvent(
                    kind=key.kind, subject=found.metadata, type="Warning", reason=error.reason, message=str(error)
                )
            )

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self.election.release()
        except (ConflictError, PermanentError, TransientError, TimeoutError) as error:
            log.info("lease not given back", reason=str(error) or "timeout")


async def run_controller(settings: Settings, config: ClusterConfig) -> None:
    """Run the controller, its clients and its health server until cancelled."""
    async with AsyncExitStack() as stack:
        kube = await stack.enter_async_context(KubeClient(config, answered=counting_requests(config.server)))
        timeout = aiohttp.ClientTimeout(total=_OUTSIDE_SECONDS)
        http = await stack.enter_async_context(outside_session(timeout=timeout))
        http.trace_configs.append(traced(count_remote_request))
        controller = Controller(settings, kube, http)
        await stack.enter_async_context(serve_health(HEALTH_PORT, unready=controller.unready, sick=controller.sick))
        watches = ",".join(settings.namespaces) or "all namespaces"
        log.info("controller starts", namespace=settings.system_namespace, holder=settings.pod_name, watches=watches)
        await controller.run()


def _asks_anew(before: ObjectMeta, after: ObjectMeta) -> bool:
    """Whether pollers must look: at another spec, or another interval."""
    return before.generation != after.generation or pace_text(before.annotations) != pace_text(after.annotations)


async def _first_lists(reflectors: tuple[AnyReflector, ...]) -> None:
    for reflector in reflectors:
        if not reflector.namespace:
            await reflector.synced.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(_NAMESPACES_SECONDS):
            for reflector in reflectors:
                await reflector.synced.wait()
    gc.collect()
    gc.freeze()  # what was listed lives long: full collections need not walk through it
    log.info("first lists done")
