"""The state machine: what may happen to a controller and its world, in any order, and what must hold nevertheless.

The code that runs is the product's own: the controller's wiring, reflectors, pollers, cache, gather, decisions, queue,
workers and effects.
The network between it and the API server is `network`, everything else is `world`, what must hold is `laws`.
"""

import asyncio
from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kpack_reconciler.errors import TransientError
from tests.fakes.api_objects import Json
from tests.scenarios.laws import Breach, BrokenLawError, Laws
from tests.scenarios.network import Fate, paths
from tests.scenarios.objects import phase
from tests.scenarios.processes import Process, prepare, spin
from tests.scenarios.world import NAMES, World

STEPS: Counter[str] = Counter()
"""How many steps all runs of this process took, by rule."""

_MOST_ROUNDS = 60
_MOST_REQUESTS = 500
_QUIET_SECONDS = 1200.0
_FATES = st.sampled_from([Fate.ANSWERED] * 5 + [Fate.LOST, Fate.ANSWER_LOST, Fate.REFUSED])
_FEW = st.sampled_from([1, 1, 2, 3, 5, 8, 40])
_ROUNDS = st.sampled_from([1, 1, 2, 4])
_WATCHES = st.integers(0, 6)
_ENDS = st.sampled_from(["succeed", "succeed", "fail", "evict", "vanish"])


class KpackMachine(RuleBasedStateMachine):
    """One cluster, one or two controllers.

    At most `limit` builds run at once: None for any number.
    """

    limit: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.laws = Laws(self.world, limit=self.limit)
        self.world.watchers.append(self.laws)
        self.bugs: list[str] = []
        self.patch = pytest.MonkeyPatch()
        prepare(self.patch, lambda: self.world.clock, self.bugs)
        self.loop = asyncio.new_event_loop()
        self.world.create_image("app")
        self.leader = self._start()
        self.deposed: Process | None = None

    def teardown(self) -> None:
        """End with a rest, then with everything that was started."""
        try:
            self._rest("succeed")
        finally:
            self.end()

    def end(self) -> None:
        """End everything that was started."""
        self._end_deposed()
        self.leader.kill()
        self.loop.close()
        self.patch.undo()

    @invariant()
    def laws_hold(self) -> None:
        """No write broke a law, no look crashed."""
        self.laws.check()
        if self.bugs:
            raise BrokenLawError(Breach.CRASH, self.bugs[0])

    # The controller and its network

    @rule(calls=_FEW, position=st.integers(0, 2), fate=_FATES, old=st.booleans())
    def work(self, *, calls: int, position: int, fate: Fate, old: bool) -> None:
        """Requests are made; the last of them may meet a bad fate."""
        self._count("work")
        process = self._process(old=old)
        for _ in range(calls - 1):
            process.settle()
        process.settle(position, fate)

    @rule(rounds=_ROUNDS, late=st.sets(_WATCHES, max_size=3), old=st.booleans(), how=_ENDS, fate=_FATES)
    def run(self, *, rounds: int, late: set[int], old: bool, how: str, fate: Fate) -> None:
        """Things go on for a while, but some watches bring nothing: kinds are seen in another order than written."""
        self._count("run")
        process = self._process(old=old)
        for _ in range(rounds):
            process.settle(0, fate)
            process.work_on()
            for number, path in enumerate(paths(process.network)):
                if number not in late:
                    process.deliver(path, 1000)
            for pod in self.world.live_pods():
                self._run(pod, how)

    @rule(rounds=_ROUNDS, old=st.booleans(), how=_ENDS)
    def go_on(self, *, rounds: int, old: bool, how: str) -> None:
        """All is well for some seconds."""
        self._count("go_on")
        process = self._process(old=old)
        for _ in range(rounds):
            self._advance(1.0)
            self._deliver(process)
            process.poll()
            process.work_on()
            for pod in self.world.live_pods():
                self._run(pod, how)

    @rule(which=_WATCHES, most=_FEW, old=st.booleans())
    def deliver(self, *, which: int, most: int, old: bool) -> None:
        """One watch brings some changes, the others none."""
        self._count("deliver")
        process = self._process(old=old)
        for path in self._watched(process, which):
            process.deliver(path, most)

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, 16.0, 400.0]), poll=st.booleans(), old=st.booleans())
    def wait(self, *, seconds: float, poll: bool, old: bool) -> None:
        """Time passes; the pollers' interval may be over."""
        self._count("wait")
        self._advance(seconds)
        if poll:
            self._process(old=old).poll()

    @rule(which=_WATCHES, most=_FEW, old=st.booleans())
    def replay(self, *, which: int, most: int, old: bool) -> None:
        """A watch tells once more what it has told already, and that is acted upon before the rest comes."""
        self._count("replay")
        process = self._process(old=old)
        process.network.rewind = most + 1
        for path in self._watched(process, which):
            process.network.cut(path, None)
            process.spin()
            process.deliver(path, most)
        process.network.rewind = 0
        process.work_on()

    @rule(which=_WATCHES, how=st.sampled_from(["end", "fail", "expire", "compact"]), old=st.booleans())
    def break_watch(self, *, which: int, how: str, old: bool) -> None:
        """A watch ends; it is resumed, or its version is gone and everything is listed anew."""
        self._count("break_watch")
        process = self._process(old=old)
        if how == "compact":
            self.world.compact()
        for path in self._watched(process, which):
            if how == "expire":
                process.network.expire(path)
            else:
                process.network.cut(path, TransientError("the connection is gone") if how == "fail" else None)
        process.spin()

    @rule(how=st.sampled_from(["crash", "crash after a write", "take over", "step down"]))
    def change_leader(self, how: str) -> None:
        """The process dies between two writes and is started anew, or another one leads and the old one lingers."""
        self._count("change_leader")
        match how:
            case "take over" if self.deposed is None:
                self.leader.leads = False
                self.deposed, self.leader = self.leader, self._start()
            case "step down":
                self._end_deposed()
            case "crash" | "crash after a write":
                if how != "crash":
                    self.leader.settle()
                self.leader.kill()
                self.leader = self._start()

    def _start(self) -> Process:
        return Process(self.world, self.loop, limit=self.limit)

    # People and the cluster

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(["env", "sub_path", "trigger"]))
    def ask_for_a_build(self, name: str, what: str) -> None:
        """Somebody changes what an Image is built from, or asks for a build."""
        self._count("ask_for_a_build")
        self.world.edit(name, what)

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(["account", "account", "history", "cache"]))
    def edit(self, name: str, what: str) -> None:
        """Somebody changes an Image in what is no reason for a build."""
        self._count("edit")
        self.world.edit(name, what)

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(["image", "replace", "build"]))
    def take_away(self, name: str, what: str) -> None:
        """Somebody deletes an Image or its newest Build, or makes another Image of the same name."""
        self._count("take_away")
        self.world.take_away(name, what)

    @rule(what=st.sampled_from(["commit", "commit", "builder", "run image", "git down", "registry down", "tidy"]))
    def happen(self, what: str) -> None:
        """A branch or a tag moves, a server is down until the next such step, garbage is collected."""
        self._count("happen")
        self.world.happen(what)

    @rule(which=st.integers(0, 3), how=_ENDS)
    def run_pod(self, which: int, how: str) -> None:
        """A pod goes a step further: it starts, or ends somehow."""
        self._count("run_pod")
        pods = self.world.live_pods()
        if pods:
            self._run(pods[which % len(pods)], how)

    @rule(how=st.sampled_from(["succeed", "fail"]))
    def rest(self, how: str) -> None:
        """Everything is delivered, answered and waited for."""
        self._count("rest")
        self._rest(how)

    def _rest(self, how: str) -> None:
        self.world.happen("up again")
        self._end_deposed()
        for _ in range(_MOST_ROUNDS):
            if not self._round(how):
                break
        else:
            raise BrokenLawError(Breach.STORM, "the controller never comes to rest")
        self.laws_hold()
        self.laws.check_rest()

    def _round(self, how: str) -> bool:
        """Let everything happen that can, then wait; whether anything did happen."""
        world, network = self.world, self.leader.network
        before = world.version, network.calls
        world.collect_garbage()
        world.end_deleted_pods()
        for pod in world.live_pods():
            self._run(pod, how)
        for seconds in (0.0, 1.0, _QUIET_SECONDS, 0.0):
            self._advance(seconds)
            self._flush()
            self.leader.poll()
            self._flush()
            if before != (world.version, network.calls):
                return True
        return False

    def _flush(self) -> None:
        """Answer and bring until nothing is under way."""
        network = self.leader.network
        for _ in range(_MOST_REQUESTS):
            self._deliver(self.leader)
            if not self.leader.settle() and not any(network.behind(path) for path in paths(network)):
                return
        raise BrokenLawError(Breach.STORM, "requests without end, at one moment")

    def _deliver(self, process: Process) -> None:
        for path in paths(process.network):
            process.deliver(path, 1000)

    def _run(self, pod: Json, how: str) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        if phase(pod) == "Pending":
            self.world.start_pod(pod)
            return
        match how:
            case "succeed":
                self.world.finish_pod(pod)
            case "fail":
                self.world.fail_pod(pod)
            case "evict":
                self.world.evict_pod(pod)
            case "vanish":
                self.world.delete(f"/api/v1/namespaces/team/pods/{pod['metadata']['name']}")

    def _advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        spin(self.loop)

    def _end_deposed(self) -> None:
        if self.deposed is not None:
            self.deposed.kill()
            self.deposed = None

    def _process(self, *, old: bool) -> Process:
        return self.deposed if old and self.deposed is not None else self.leader

    def _watched(self, process: Process, which: int) -> list[str]:
        """One watch, where any is open."""
        watched = list(paths(process.network))
        return [watched[which % len(watched)]] if watched else []

    def _count(self, name: str) -> None:
        STEPS[name] += 1
