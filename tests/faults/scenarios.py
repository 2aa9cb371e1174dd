"""The faults, one scenario each: what is asked for, what goes wrong meanwhile, and for how long until all must hold.

A scenario ends with `recover`: nobody does anything any more but what the fault itself is made of.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

from tests.fakes.api_objects import Json
from tests.fakes.wires import LINE
from tests.faults import faults
from tests.faults.cluster import API, GIT, REGISTRY
from tests.faults.scene import Scenario, Scene
from tests.scenarios.objects import CORE, phase

PATIENCE = 900.0
"""Seconds until all must hold again: the longest back-off of the controller, and then the work."""
_OUTAGE_SECONDS = 300.0
_FIRST_WRITES, _LATER_WRITES = 30, 24
"""How many writes two Images' first and later Builds take at least, from beginning to end."""


async def _calm(scene: Scene) -> bool:
    """Half of the runs begin with Images that are built already; whether this one does."""
    if scene.coin():
        return False
    await scene.recover(PATIENCE)
    return True


def _change(scene: Scene) -> None:
    """Somebody changes something that demands Builds."""
    changes: tuple[Callable[[], None], ...] = (
        scene.cluster.push,
        scene.cluster.renew_builder,
        lambda: scene.cluster.configure("app"),
    )
    scene.random.choice(changes)()


async def leader_killed(scene: Scene) -> None:
    """The leader dies at a write, up to three times, before or after the server did it."""
    later = await _calm(scene)
    for _ in range(scene.random.randint(1, 3)):
        number = scene.random.randint(1, _LATER_WRITES if later else _FIRST_WRITES)
        scene.inject(faults.at(number, faults.is_write, _kill(scene), done=scene.coin()))
        if later:
            scene.cluster.push()
        await scene.recover(PATIENCE)
        later = True
    scene.inject()


def _kill(scene: Scene) -> Callable[[], None]:
    def kill() -> None:
        scene.killed += 1
        line = LINE.get()
        next(replica for replica in scene.replicas if replica.line is line).kill()

    return kill


async def api_server_gone(scene: Scene) -> None:
    """Nobody listens at the API server's address for five minutes, from any moment of a build on."""
    later = await _calm(scene)
    await scene.pass_by(scene.random.randint(0, 10))
    if later:
        _change(scene)
    await asyncio.sleep(scene.random.uniform(0, 3))
    scene.outage(API, over=False)
    await scene.pass_by(_OUTAGE_SECONDS)
    scene.outage(API, over=True)
    await scene.recover(PATIENCE)


async def compacted(scene: Scene) -> None:
    """Each few seconds all versions but the newest are gone: watches end with 410, pages of lists with 410."""
    scene.cluster.page = 1
    while True:
        await asyncio.sleep(scene.random.uniform(0, 4))
        scene.cluster.compact()
        scene.cluster.cut_watches()


async def watches_closed(scene: Scene) -> None:
    """Each watch ends a second after it began, in good order, or within a line."""
    scene.inject(faults.on(faults.is_watch, faults.ends_after(lambda: 1.0)))
    while True:
        await asyncio.sleep(scene.random.uniform(0, 5))
        scene.cluster.torn += 1


async def events_out_of_order(scene: Scene) -> None:
    """Each watch tells each change late, so that kinds are seen in another order, and tells what it told before."""
    draw, cluster = scene.random, scene.cluster
    cluster.late, cluster.rewind = lambda: draw.choice((0.0, 0.0, 0.2, 1.0, 4.0)), 5
    scene.inject(faults.on(faults.is_watch, faults.ends_after(lambda: draw.uniform(5, 20))))
    await asyncio.Event().wait()


async def outside_fails(scene: Scene) -> None:
    """Registry and git server answer most requests with 429 or 500, never, or in part."""
    kinds = (faults.refuses(429, retry_after=5), faults.refuses(500), faults.hangs, faults.truncates, faults.breaks)
    scene.inject(faults.on(faults.to(GIT, REGISTRY), faults.sometimes(scene.random, 0.7, *kinds)))
    await asyncio.Event().wait()


async def api_server_fails(scene: Scene) -> None:
    """The API server answers many requests with 429 or 500, never, in part, or does them and cannot say so."""
    kinds = (
        faults.refuses(429, retry_after=1),
        faults.refuses(500),
        faults.hangs,
        faults.truncates,
        faults.breaks,
        faults.loses_answer,
        faults.delays(scene.random, 3.0),
    )
    scene.inject(faults.on(faults.is_short, faults.sometimes(scene.random, 0.3, *kinds)))
    await asyncio.Event().wait()


async def secrets_rotated(scene: Scene) -> None:
    """Git server and registry take another password, the Secrets hold it some time before or after."""
    later = await _calm(scene)
    if not later:
        await scene.pass_by(scene.random.randint(0, 6))
    scene.cluster.demand("second")
    if later:
        _change(scene)
    await scene.pass_by(scene.random.randint(0, 150))
    scene.cluster.rotate()
    await scene.recover(PATIENCE)


async def clock_jumps(scene: Scene) -> None:
    """The controller's clock jumps, back by up to a day and on by minutes, and stays where it was last."""
    while True:
        await asyncio.sleep(scene.random.uniform(1, 30))
        scene.skew = timedelta(hours=scene.random.choice((-24, -1, -0.1, 0, 0.1)))


async def images_deleted(scene: Scene) -> None:
    """Most Images are deleted while they are built, and some of them are made again."""
    await scene.pass_by(scene.random.randint(1, 5))
    for name in tuple(scene.cluster.asked):
        fate = scene.random.choice(("kept", "replaced", *["deleted"] * 8))
        if fate == "deleted":
            scene.cluster.take_away(name, "image")
            del scene.cluster.asked[name]
        elif fate == "replaced":
            scene.cluster.take_away(name, "replace")
        if scene.random.random() < 0.02:
            await scene.pass_by(1)
    await scene.recover(PATIENCE)


async def leader_partitioned(scene: Scene) -> None:
    """From a write on, nothing comes to or from the leader for longer than its Lease; then all arrives."""
    if later := await _calm(scene):
        _change(scene)
    cut: list[str] = []

    def partition() -> None:
        scene.leader.partition(over=False)
        cut.append(scene.leader.name)

    number = scene.random.randint(1, 10 if later else 30)
    scene.inject(faults.at(number, faults.is_write, partition, done=scene.coin()))
    await scene.pass_by(scene.random.randint(30, 90))
    for replica in scene.replicas:
        if replica.name in cut:
            replica.partition(over=True)
    scene.inject()
    await scene.recover(PATIENCE)


def pods_ended(how: Callable[[Scene, Json], None]) -> Scenario:
    """A scenario in which the first pod that runs of each Build ends in a way of its node's."""

    async def scenario(scene: Scene) -> None:
        met: set[str] = set()

        def kubelet() -> None:
            for pod in scene.cluster.live_pods():
                owner = pod["metadata"]["ownerReferences"][0]["uid"]
                if phase(pod) == "Running" and owner not in met:
                    met.add(owner)
                    how(scene, pod)
            scene.cluster.kubelet()

        scene.kubelet = kubelet
        await scene.recover(PATIENCE)
        _change(scene)
        await scene.recover(PATIENCE)

    return scenario


def node_gone(scene: Scene, pod: Json) -> None:
    """What a pod shows whose node is gone."""
    ends: tuple[Callable[[], None], ...] = (
        lambda: scene.cluster.remove(f"{CORE}/pods/{pod['metadata']['name']}"),
        lambda: scene.cluster.delete(f"{CORE}/pods/{pod['metadata']['name']}"),
        lambda: scene.cluster.stop_pod(pod, {"phase": "Failed", "reason": "NodeLost"}),
        lambda: scene.cluster.stop_pod(pod, {"phase": "Failed", "reason": "Terminated", "message": _SHUTDOWN}),
        lambda: scene.cluster.stop_pod(pod, {"phase": "Failed", "conditions": [_DISRUPTED]}),
    )
    scene.random.choice(ends)()


def disk_full(scene: Scene, pod: Json) -> None:
    """What a pod shows whose node's disk is full (kubelet's eviction messages)."""
    message = scene.random.choice(_DISK_MESSAGES)
    scene.cluster.stop_pod(pod, {"phase": "Failed", "reason": "Evicted", "message": message})


_SHUTDOWN = "Pod was terminated in response to imminent node shutdown."
_DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
_DISK_MESSAGES = (
    (
        "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0. Container build was"
        " using 5Gi, request is 0, has larger consumption of ephemeral-storage. "
    ),
    "The node was low on resource: inodes. ",
    "The node had condition: [DiskPressure]. ",
)


def during_a_change(fault: Callable[[Scene], Coroutine[None, None, None]], seconds: float) -> Scenario:
    """A scenario in which Builds are demanded while a fault goes on, which ends after so long."""

    async def scenario(scene: Scene) -> None:
        later = await _calm(scene)
        going_on = asyncio.create_task(fault(scene))
        if later:
            _change(scene)
        await scene.pass_by(seconds)
        going_on.cancel()
        scene.heal()
        await scene.recover(PATIENCE)

    return scenario
