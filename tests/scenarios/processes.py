"""One controller process in a world: the real `Controller`, whose pollers, Lease and registry are a test's.

Rules:
- Nothing happens but in `spin`, which lets the process do all that it can do without an answer from outside.
- A process that is killed loses its cache, its queue and its facts.
- One that no longer `leads` acts on what it knows and sees, but learns nothing new from git and builders' registries:
  the Lease's times leave it seconds (`observe.lease`), and pollers ask after intervals.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from kpack_reconciler.model.actions import RebaseImage
from kpack_reconciler.model.facts import (
    BuilderImageQuestion,
    BuilderImageSeen,
    Fault,
    ImageRebased,
    RebaseQuestion,
    Revision,
    RevisionQuestion,
)
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.registry_poller import RegistryPoller
from kpack_reconciler.settings import Settings
from kpack_reconciler.wiring import controller as wiring
from kpack_reconciler.wiring import reflecting
from tests import make
from tests.scenarios.network import Fate, Network
from tests.scenarios.world import World

SETTINGS = Settings(
    system_namespace="kpack",
    pod_name="first",
    step_image=make.STEP_IMAGE,
    log_level="info",
    source_poll=timedelta(seconds=60),
    builder_poll=timedelta(seconds=60),
    workers=2,
)


class Leading:
    """An election that is won, for as long as a test wants it."""

    async def acquire(self) -> None:
        """Lead at once."""

    async def keep(self) -> None:
        """Lead for ever."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Nobody waits."""


class Polling:
    """A real poller, which asks at once when it is woken, and what is due when a test says so."""

    def __init__(self, poller: GitPoller | RegistryPoller, process: "Process") -> None:
        self._poller, self._process = poller, process

    async def run(self) -> None:
        """Ask nothing by itself: time is the test's."""
        await asyncio.Event().wait()

    def wake(self) -> None:
        """Ask what is due, as leader."""
        if self._process.leads:
            self._process.start(self._poller.ask_due())


class Rebasing:
    """Rebases that end when the network lets them."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._under_way: set[RebaseQuestion] = set()

    async def run(self) -> None:
        """Do nothing by itself."""
        await asyncio.Event().wait()

    def begin(self, order: RebaseImage) -> None:
        """Take an order, unless the same is under way."""
        if order.question not in self._under_way:
            self._under_way.add(order.question)
            self._process.start(self._carry_out(order))

    async def _carry_out(self, order: RebaseImage) -> None:
        world = self._process.world
        fault = await self._process.network.asked("RegistryUnavailable")
        answer = fault or world.rebase(order.question)
        self._under_way.discard(order.question)
        fact = ImageRebased(question=order.question, answer=answer, at=world.clock.now(), attempt=order.attempt)
        self._process.controller._rebased(fact)


class Process:
    """A controller that runs on a loop of the test's own, and at most `limit` builds at once."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop, *, limit: int | None = None) -> None:
        self.world, self.loop, self.leads = world, loop, True
        self.network = Network(world)
        settings = replace(SETTINGS, max_concurrent_builds=limit)
        self.controller = wiring.Controller(settings, self.network, cast("Any", self))
        self.controller.registry.inspect = self.look_at_builder  # type: ignore[method-assign]
        effects = replace(self.controller._effects, inspect=self.look_at_builder, rebase=Rebasing(self).begin)
        self.controller._effects = effects
        self.controller.rebaser = cast("Any", Rebasing(self))
        self.controller.election = cast("Any", Leading())
        self.controller.git = cast("Any", Polling(self.controller.git, self))
        self.controller.registry = cast("Any", Polling(self.controller.registry, self))
        self._tasks: list[asyncio.Task[None]] = []
        self.start(self.controller.run())
        self.spin()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Begin something that ends with the process."""
        self._tasks = [task for task in self._tasks if not task.done() or task.exception()]
        self._tasks.append(self.loop.create_task(work))

    def spin(self) -> None:
        """Let the process run until it waits for something outside of it."""
        spin(self.loop)
        for task in self._tasks:
            if task.done():
                task.result()

    def settle(self, position: int = 0, fate: Fate = Fate.ANSWERED) -> bool:
        """Let one request end, counted from the oldest; False where there is none."""
        waiting = self.network.waiting
        if not waiting:
            return False
        self.network.settle(waiting[position % len(waiting)], fate)
        self.spin()
        return True

    def work_on(self) -> None:
        """Let all requests end well, and all that follow from them."""
        while self.settle():
            pass

    def deliver(self, path: str, most: int) -> int:
        """Bring changes through one watch."""
        brought = self.network.deliver(path, most)
        if brought:
            self.spin()
        return brought

    def poll(self) -> None:
        """The pollers ask what is due."""
        self.controller.git.wake()
        self.controller.registry.wake()
        self.spin()

    async def look_at_builder(self, question: BuilderImageQuestion) -> BuilderImageSeen:
        """What the registry says, when the network lets it."""
        fault = await self.network.asked("RegistryUnavailable")
        if fault is not None:
            return BuilderImageSeen(question=question, answer=fault, at=self.world.clock.now())
        return self.world.builder_image(question)

    async def look_at_git(self) -> Revision | Fault:
        """What the git server says, when the network lets it; an old leader hears nothing new any more."""
        fault = await self.network.asked("GitUnavailable")
        if not self.leads:
            return Fault(reason="GitUnavailable", message="deposed", permanent=False)
        return fault or self.world.revision()

    def kill(self) -> None:
        """End it, as a power cut would: no request that waits is made."""
        for task in self._tasks:
            task.cancel()
        spin(self.loop)
        self.network.waiting.clear()


def spin(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until nothing is left to run."""
    while loop._ready:  # type: ignore[attr-defined]
        loop.call_soon(loop.stop)
        loop.run_forever()


def prepare(patch: pytest.MonkeyPatch, clock: Callable[[], object], bugs: list[str]) -> None:
    """Have controllers use a test's clock, wait for nothing, and tell of bugs here instead of in the log."""
    patch.setattr(wiring, "SystemClock", clock)
    patch.setattr(wiring, "jitter", lambda: 1.0)
    patch.setattr(reflecting, "jitter", lambda: 0.0)
    patch.setattr(wiring, "gc", SimpleNamespace(collect=lambda: None, freeze=lambda: None))

    async def ask_all(poller: GitPoller, questions: frozenset[RevisionQuestion]) -> None:
        process = cast("Process", poller._http)
        poller._record({question: await process.look_at_git() for question in questions})

    patch.setattr(GitPoller, "_ask_all", ask_all)

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if event["event"] == "look crashed":
            bugs.append(repr(event.get("exc_info")) + str(event))
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.processors.format_exc_info, keep], wrapper_class=structlog.make_filtering_bound_logger(40)
    )
