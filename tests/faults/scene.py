"""A fault run: a cluster, replicas of the real controller on lines of their own, and time that passes at once.

Rules:
- One seed decides everything that is drawn. Nothing sleeps, nothing is read from the machine's clock.
- A replica that ends by itself is started anew after the kubelet's delay, which is counted; nobody else acts.
- A killed one makes no request any more, as after `kill -9`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
import structlog

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.loop.clock import SystemClock
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.wiring import controller as wiring
from tests.fakes.clock import START
from tests.fakes.swift_loop import SwiftLoop
from tests.fakes.wires import LINE, Fault, Line, MemoryConnector
from tests.faults.cluster import API, Cluster
from tests.faults.invariants import at_rest, on_the_way
from tests.scenarios.objects import BUILDS, IMAGES, PODS
from tests.scenarios.processes import SETTINGS

_RESTART_SECONDS = 10.0
_QUIET_SECONDS = 65.0
"""A poll's interval and a little: whatever would still come comes in it."""
_MOST_RESTARTS = 100
OUTSIDE_SECONDS = 30.0
RESOLVERS = "apis/build.pivotal.io/v1alpha1/sourceresolvers"
BUILDERS = "apis/build.pivotal.io/v1alpha1/builders"


class LoopClock:
    """The running loop's time, as the time of day."""

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=asyncio.get_running_loop().time())


class BrokenInvariantError(AssertionError):
    """An invariant does not hold."""


class Replica:
    """One replica of the controller; its processes come and go. `ends` are why they ended by themselves."""

    def __init__(self, scene: "Scene", name: str) -> None:
        self.scene, self.name = scene, name
        self.line = Line({})
        self.ends: list[str] = []
        self._silent = False
        self._process: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Keep a process running."""
        for number in range(_MOST_RESTARTS):
            self.line = Line(self.scene.cluster.hosts(), self.scene.faults)
            self.line.broken = self.scene.down
            if self._silent:
                self.line.silence()
            LINE.set(self.line)
            self._process = asyncio.create_task(self._lead(f"{self.name}-{number}"))
            await asyncio.wait([self._process])
            self._note(self._process)
            await asyncio.sleep(_RESTART_SECONDS)

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        self.line.cut()
        if self._process is not None:
            self._process.cancel()

    def partition(self, *, over: bool) -> None:
        """Nothing comes or goes until it is over."""
        self._silent = not over
        if over:
            self.line.heal()
        else:
            self.line.silence()

    async def _lead(self, pod_name: str) -> None:
        settings = replace(SETTINGS, pod_name=pod_name if self.scene.renamed else self.name)
        timeout = aiohttp.ClientTimeout(total=OUTSIDE_SECONDS)
        async with AsyncExitStack() as stack:
            kube = await stack.enter_async_context(KubeClient(ClusterConfig(server=f"http://{API}")))
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=MemoryConnector(), timeout=timeout))
            await wiring.Controller(settings, kube, http).run()

    def _note(self, process: "asyncio.Task[None]") -> None:
        if not process.cancelled():
            self.ends.append(repr(process.exception()))


class Scene:
    """A cluster and its controllers. Requests of all replicas meet `faults`; hosts that are `down` refuse to listen."""

    def __init__(self, seed: int, *, images: tuple[str, ...] = ("app", "web"), replicas: int = 1) -> None:
        self.seed, self.random = seed, random.Random(seed)  # noqa: S311 - a seed that gives the same run
        self.faults: tuple[Fault, ...] = ()
        self.down: set[str] = set()
        self.renamed = self.coin()
        self.skew = timedelta()
        self.bugs: list[str] = []
        self._judged: tuple[int, dict[str, int]] = (0, {})
        self._on_the_way: tuple[str, ...] = ()
        self._at_rest: tuple[str, ...] = ()
        self.killed = 0
        self.cluster = Cluster(cast("Any", LoopClock()), images)
        self.replicas = tuple(Replica(self, f"replica-{number}") for number in range(replicas))
        self.kubelet: Callable[[], None] = self.cluster.kubelet

    @property
    def leader(self) -> Replica:
        """The replica that holds the Lease."""
        leases = self.cluster.all("/apis/coordination.k8s.io/v1/namespaces/kpack/leases")
        holder = leases[0]["spec"].get("holderIdentity", "") if leases else ""
        return next((replica for replica in self.replicas if holder.startswith(replica.name)), self.replicas[0])

    def coin(self) -> bool:
        """Heads or tails."""
        return self.random.random() < 0.5

    def inject(self, *faults: Fault) -> None:
        """Have all requests meet these faults, also those of processes that run; none to end them."""
        self.faults = faults
        for replica in self.replicas:
            replica.line.faults = faults

    def heal(self) -> None:
        """End what goes wrong with requests and watches."""
        self.inject()
        self.cluster.heal()

    def outage(self, host: str, *, over: bool) -> None:
        """A server is gone, or back."""
        (self.down.discard if over else self.down.add)(host)
        for replica in self.replicas:
            if not over:
                replica.line.cut(host)

    def broken(self) -> tuple[str, ...]:
        """What does not hold, or not yet."""
        state = (self._writes(), dict(self.cluster.asked))
        if state != self._judged:
            self._judged = state
            self._on_the_way = on_the_way(self.cluster.history)
            self._at_rest = at_rest(self.cluster.history, self.cluster.asked)
        return (*self.bugs, *self._on_the_way, *self._at_rest)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass; pods go on each second."""
        for _ in range(round(seconds)):
            self.kubelet()
            await asyncio.sleep(1)

    async def recover(self, patience: float) -> None:
        """Wait until all holds and nothing is written any more; BrokenInvariantError when that takes too long."""
        deadline = asyncio.get_running_loop().time() + patience
        broken = self.broken()
        while True:
            before = self._writes()
            await self.pass_by(1 if broken else _QUIET_SECONDS)
            was, broken = broken, self.broken()
            if not was and not broken and self._writes() == before:
                return
            late = asyncio.get_running_loop().time() > deadline
            if late or self.bugs or self._on_the_way:
                raise self.failure(broken or ("writes without end",))

    def failure(self, broken: tuple[str, ...]) -> BrokenInvariantError:
        """What to raise: the seed, and what is broken."""
        ends = [f"{replica.name}: {end}" for replica in self.replicas for end in replica.ends]
        return BrokenInvariantError("\n".join((f"seed {self.seed}:", *broken, *ends)))

    def _writes(self) -> int:
        """How much was written that people see; Events and the Lease do not count."""
        return sum(len(self.cluster.history.get(kind, ())) for kind in (IMAGES, BUILDS, PODS, RESOLVERS, BUILDERS))


Scenario = Callable[[Scene], Awaitable[None]]


def play(scenario: Scenario, seed: int, *, images: tuple[str, ...] = ("app", "web"), replicas: int = 1) -> Scene:
    """Run a scenario from its seed to its end, in a loop of its own. Raises BrokenInvariantError."""

    async def played() -> Scene:
        scene = Scene(seed, images=images, replicas=replicas)
        _prepare(scene, patch)
        await _play(scenario, scene)
        return scene

    told = structlog.get_config()
    try:
        with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=_loop) as runner:
            random.seed(seed)
            return runner.run(played())
    finally:
        structlog.configure(**told)


def _loop() -> SwiftLoop:
    return SwiftLoop(moment=0.0)


async def _play(scenario: Scenario, scene: Scene) -> None:
    tasks = [asyncio.create_task(replica.run()) for replica in scene.replicas]
    try:
        await scenario(scene)
    finally:
        for replica in scene.replicas:
            replica.kill()
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        scene.cluster.cut_watches()


def _prepare(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    """Have controllers use a run's wires and clock, ask in one order, and tell of bugs here instead of in the log."""
    clock = LoopClock()
    patch.setattr(aiohttp, "TCPConnector", lambda **_: MemoryConnector())
    patch.setattr(SystemClock, "now", lambda _clock: clock.now() + scene.skew)
    requests = GitPoller._requests
    patch.setattr(GitPoller, "_requests", lambda poller, asked: requests(poller, sorted(asked, key=repr)))
    patch.setattr(wiring, "gc", SimpleNamespace(collect=lambda: None, freeze=lambda: None))

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if event["event"] in ("look crashed", "bug while polling"):
            scene.bugs.append(str(event))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, keep])
