"""The scenarios: what is done to a controller among N Images, and what is measured.

    create    N Images at once; until N Builds and N pods exist
    rest      nothing changes
    push      the head of every repository moves; until each of its Images has its Build
    rebase    the builder gets another run image; until it is behind every Image (kpack: until the pods for it exist)
    restart   the controller is killed; until a change is acted on. Then: from a process's start to its first decision
    hook      as `push`, and the git server sends its hook right after each move; ours alone
    floor     the objects of `create` written by the load generator alone, no controller there

Rules:
- Each is timed from before the first change to the event by which a watch of the load generator sees the last.
- `settle` stands for the nodes: it marks Builds as succeeded, and is never part of what is measured.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from dev.bench.hook import restart_with_hooks, send_hook
from dev.bench.load import Api, Births, in_parallel, quiet
from dev.bench.meters import Meter, Spent, spent
from dev.bench.place import Place
from dev.bench.subject import Subject, builder_path, collection, daemon_name
from dev.cluster.api import Object
from dev.errors import DevError

PODS: Final = "/api/v1/namespaces/bench/pods"
LIMIT_SECONDS: Final = 7200.0
QUIET_SECONDS: Final = 3.0
PUSH_SECONDS: Final = 240.0
_LEADER, _SECOND = daemon_name(0), daemon_name(1)
_FIELDS_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")

Values = dict[str, float]
"""Measured figures by name; `api <VERB> <resource>` are requests for each Image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A controller that runs on a place, and how many Images on how many repositories it is to have."""

    place: Place
    api: Api
    subject: Subject
    images: int
    repositories: int
    rest_seconds: float
    digest: str
    tags: tuple[str, ...]

    @property
    def meter(self) -> Meter:
        """The meter of the leader."""
        return Meter(place=self.place, api=self.api, controller=_LEADER)

    def births(self, plural: str) -> Births:
        """Watch a kind in the namespace."""
        return Births(self.api, PODS if plural == "pods" else collection(self.subject, plural))


async def create(stage: Stage) -> Values:
    """N Images at once."""
    subject, path = stage.subject, collection(stage.subject, "images")
    async with stage.births("builds") as builds, stage.births("pods") as pods, stage.births("images") as images:
        before = await stage.meter.read()
        start = time.monotonic()
        wanted = (
            subject.image(stage.place, f"app-{number}", tag=tag, repository=f"repository-{number % stage.repositories}")
            for number, tag in enumerate(stage.tags)
        )
        await in_parallel(stage.api.create(path, image) for image in wanted)
        await builds.until(stage.images, seconds=LIMIT_SECONDS)
        await pods.until(stage.images, seconds=LIMIT_SECONDS)
        await quiet((builds, pods, images), seconds=QUIET_SECONDS)
        after = await stage.meter.read()
    took = spent(before, after, own={"POST images": stage.images})
    last_build, last_pod = max(builds.born.values()) - start, max(pods.born.values()) - start
    return {
        "Builds/s": stage.images / last_build,
        "pods/s": stage.images / last_pod,
        "Builds beyond one per Image": float(len(builds.born) - stage.images),
        **_per_image(took, stage.images),
    }


async def rest(stage: Stage) -> Values:
    """Nothing changes."""
    before = await stage.meter.read()
    await asyncio.sleep(stage.rest_seconds)
    took = spent(before, await stage.meter.read(), own={})
    minutes = took.seconds / 60
    return {
        "git requests/min": took.git / minutes,
        "registry requests/min": took.registry / minutes,
        "API requests/min": took.api.total() / minutes,
        "controller CPU, s/min": took.cpu_seconds / minutes,
        "memory, MB": took.megabytes,
    }


async def push(stage: Stage) -> Values:
    """The head of every repository moves, and nobody tells the controller."""
    return await _push(stage, _nobody)


async def hook(stage: Stage) -> Values:
    """The head of every repository moves, and the git server tells the controller."""
    restart_with_hooks(stage.place)
    await asyncio.sleep(QUIET_SECONDS)
    return await _push(stage, send_hook)


async def _push(stage: Stage, tell: Callable[[aiohttp.ClientSession, Place, str], Awaitable[None]]) -> Values:
    async with stage.births("builds") as builds, aiohttp.ClientSession() as http:
        start = time.monotonic()
        for repository in (f"repository-{number}" for number in range(stage.repositories)):
            async with http.post(f"{stage.place.git_url}/-/move/{repository}") as answer:
                answer.raise_for_status()
            await tell(http, stage.place, repository)
        await builds.until(stage.images, seconds=PUSH_SECONDS)
    taken = sorted(at - start for at in builds.born.values())
    return {
        "push to Build, median, s": statistics.median(taken),
        "push to Build, p99, s": taken[min(len(taken) - 1, len(taken) * 99 // 100)],
    }


async def rebase(stage: Stage) -> Values:
    """The builder gets another run image."""
    path, change = stage.subject.move_run_image(stage.place)
    when = has_ended if stage.subject.rebases_itself else None
    async with (
        Births(stage.api, collection(stage.subject, "builds"), when=when) as builds,
        stage.births("pods") as pods,
    ):
        before = await stage.meter.read()
        start = time.monotonic()
        await stage.api.merge(path, change)
        ends = builds if stage.subject.rebases_itself else pods
        await ends.until(stage.images, seconds=LIMIT_SECONDS)
        end = max(ends.born.values())
        await quiet((builds, pods), seconds=QUIET_SECONDS)
        took = spent(before, await stage.meter.read(), own={})
    return {
        "images/s": stage.images / (end - start),
        "time to the last, s": end - start,
        "pods made": float(len(pods.born)),
        "answers of the registry, bytes/Image": took.registry_bytes / stage.images,
        **_per_image(took, stage.images),
    }


async def restart(stage: Stage) -> Values:
    """The controller is killed among N Images; then one starts after a change."""
    place, subject = stage.place, stage.subject
    subject.stand_by(place)
    place.kill(_LEADER)
    failover = await _time_to_build(stage, lambda: subject.recover(place))
    await settle(stage)
    for name in (_LEADER, _SECOND):
        place.stop(name)
    start = await _time_to_build(stage, lambda: place.start(subject.daemon(place, 0)))
    return {"killed to the next decision, s": failover, "start to the first decision, s": start}


async def floor(stage: Stage) -> Values:
    """The children of one Image written N times by the load generator alone; the controller ends."""
    paths = {plural: collection(stage.subject, plural) for plural in ("sourceresolvers", "builds")} | {"pods": PODS}
    templates = {path: (await stage.api.get(f"{path}?limit=1"))["items"][0] for path in paths.values()}
    image = collection(stage.subject, "images")
    status = (await stage.api.get(f"{image}/app-0"))["status"]
    stage.place.stop(_LEADER)

    async def write(number: int) -> None:
        for path, template in templates.items():
            await stage.api.create(path, copied(template, f"floor-{number}"))
        await stage.api.merge(
            f"{image}/app-{number}/status", {"status": {**status, "latestBuildRef": f"floor-{number}"}}
        )

    start = time.monotonic()
    await in_parallel(write(number) for number in range(stage.images))
    return {"Images/s": stage.images / (time.monotonic() - start)}


async def _nobody(_http: aiohttp.ClientSession, _place: Place, _repository: str) -> None:
    """Tell nobody of a push."""


def copied(template: Object, name: str) -> Object:
    """Give an object like another one, as it would be created under another name."""
    metadata = {key: value for key, value in template["metadata"].items() if key not in _FIELDS_OF_THE_SERVER}
    rest_of = {key: value for key, value in template.items() if key not in ("metadata", "status")}
    return {**rest_of, "metadata": {**metadata, "name": name}}


async def settle(stage: Stage) -> None:
    """Have every Build that runs succeed, and wait until every Image is Ready and nothing happens any more."""
    builder = await stage.api.get(builder_path(stage.subject))
    path, images = collection(stage.subject, "builds"), collection(stage.subject, "images")
    builds = [build for build in (await stage.api.get(path))["items"] if not has_ended(build)]

    async def finish(build: Object) -> None:
        latest = f"{build['spec']['tags'][0]}@{stage.digest}"
        status = stage.subject.success(build, builder, latest_image=latest)
        await stage.api.merge(f"{path}/{build['metadata']['name']}/status", {"status": status})

    async with stage.births("images") as changes:
        await in_parallel(finish(build) for build in builds)
        deadline = time.monotonic() + LIMIT_SECONDS
        while not all(is_ready(image) for image in (await stage.api.get(images))["items"]):
            if time.monotonic() > deadline:
                raise DevError("not every Image became Ready; the controller's log tells more")
            await asyncio.sleep(1)
        await quiet((changes,), seconds=QUIET_SECONDS)


def has_ended(build: Object) -> bool:
    """Tell whether a Build succeeded or failed."""
    return _condition(build, "Succeeded") in ("True", "False")


def is_ready(item: Object) -> bool:
    """Tell whether an object has the condition Ready."""
    return _condition(item, "Ready") == "True"


def _condition(item: Object, kind: str) -> str:
    conditions = item.get("status", {}).get("conditions") or ()
    return next((str(found["status"]) for found in conditions if found["type"] == kind), "")


def _per_image(took: Spent, images: int) -> Values:
    return {
        "API requests/Image": took.api.total() / images,
        "registry requests/Image": took.registry / images,
        "git requests/Image": took.git / images,
        "controller CPU, ms/Image": took.cpu_seconds * 1000 / images,
        "API server and etcd CPU, ms/Image": took.plane_seconds * 1000 / images,
        "peak memory, MB": took.peak_megabytes,
        **{f"api {name}": number / images for name, number in took.api.most_common()},
    }


async def _time_to_build(stage: Stage, after_change: Callable[[], None]) -> float:
    """Ask for another Build of one Image; the seconds until it exists."""
    newest = (await stage.api.get(f"{collection(stage.subject, 'images')}/app-0"))["status"]["latestBuildRef"]
    async with stage.births("builds") as builds:
        start = time.monotonic()
        path = f"{collection(stage.subject, 'builds')}/{newest}"
        await stage.api.merge(path, stage.subject.trigger())
        after_change()
        await builds.until(1, seconds=LIMIT_SECONDS)
        return min(builds.born.values()) - start


SCENARIOS: Final[Mapping[str, Callable[[Stage], Awaitable[Values]]]] = {
    "create": create,
    "rest": rest,
    "push": push,
    "rebase": rebase,
    "restart": restart,
    "hook": hook,
    "floor": floor,
}
"""In the order in which one after the other can be run on the same Images."""
