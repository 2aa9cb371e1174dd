"""One comparison: which scenarios, of which size, how often; both controllers in alternation, each from a fresh start.

Owns the order of things and what is told of machine and versions. Leaves what is done to `scenarios`.

Rules:
- Of each round every controller has its turn, and the order turns from round to round.
- Scenarios of one turn follow each other on the same Images, which nodes would have built in between (`settle`).
- What does not depend on a rate limit is not measured at kpack's factor 10: `rest` and `push` wait for a minute anyway.
"""

import asyncio
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dev.bench.builder_images import push_applications, push_builders
from dev.bench.kpack_peer import VERSION, Kpack
from dev.bench.load import NAMESPACE, Api
from dev.bench.ours import Ours
from dev.bench.place import Place
from dev.bench.results import Report, Run
from dev.bench.scenarios import SCENARIOS, Stage, create, is_ready, settle
from dev.bench.subject import Subject, builder_path, namespace
from dev.cluster.api import Object
from dev.errors import DevError
from dev.machine.commands import run

READY_SECONDS: Final = 60.0
KPACK_FACTORS: Final = (1, 10)
_AT_ANY_RATE = ("rest", "push")
_OURS_ALONE = ("hook", "floor")
_SETTLED = ("rest", "push", "rebase", "restart", "hook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: Images, repositories, rounds, and the seconds of `rest`."""

    images: int
    repositories: int
    rounds: int
    rest_seconds: float


def compare(place: Place, scenarios: Sequence[str], size: Size) -> Iterator[Run]:
    """Measure, and give each run as it ends."""
    asyncio.run(push_builders(place.registry))
    contestants: tuple[Subject, ...] = (Ours(), *(Kpack(factor=factor) for factor in KPACK_FACTORS))
    for number in range(1, size.rounds + 1):
        turned = contestants[(number - 1) % len(contestants) :] + contestants[: (number - 1) % len(contestants)]
        for subject in turned:
            wanted = [name for name in SCENARIOS if name in scenarios and concerns(name, subject)]
            if wanted:
                place.fresh()
                yield from asyncio.run(_turn(place, subject, wanted, size=size, number=number))


def concerns(scenario: str, subject: Subject) -> bool:
    """Tell whether a scenario is measured with a controller."""
    if scenario in _OURS_ALONE:
        return isinstance(subject, Ours)
    return scenario not in _AT_ANY_RATE or not isinstance(subject, Kpack) or subject.factor == 1


def report_of(scenario: str, runs: Sequence[Run], size: Size, *, began: datetime) -> Report:
    """Give the report of a scenario, with what is to be known of machine and versions."""
    return Report(
        scenario=scenario,
        images=size.images,
        repositories=size.repositories,
        began=began.strftime("%Y-%m-%d %H:%M UTC"),
        machine=machine(),
        versions={"Kubernetes": "v1.34.4", "kpack": VERSION, "ours": _commit(), "Python": platform.python_version()},
        runs=tuple(run for run in runs if run.scenario == scenario),
    )


def machine() -> str:
    """Say what machine this is."""
    cpu = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(": ")[2] for line in cpu.splitlines() if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB"


async def _turn(place: Place, subject: Subject, wanted: Sequence[str], *, size: Size, number: int) -> tuple[Run, ...]:
    """Measure one controller from an empty store on."""
    tags = tuple(f"{place.registry}/round-{number}/app-{image}" for image in range(size.images))
    rebased = subject.rebases_itself and "rebase" in wanted
    digest = await push_applications(place.registry, tags if rebased else tags[:1])
    runs: list[Run] = []
    async with Api(place) as api:
        await _set_up(place, api, subject)
        stage = Stage(
            place=place,
            api=api,
            subject=subject,
            images=size.images,
            repositories=size.repositories,
            rest_seconds=size.rest_seconds,
            digest=digest,
            tags=tags,
        )
        if "create" not in wanted:
            await create(stage)
        for name in wanted:
            if name in _SETTLED:
                await settle(stage)
            load = os.getloadavg()[0]
            values = await SCENARIOS[name](stage)
            runs.append(Run(scenario=name, subject=subject.name, round=number, load=round(load, 2), values=values))
    return tuple(runs)


async def _set_up(place: Place, api: Api, subject: Subject) -> None:
    """Have definitions, objects and the controller, and wait until its builder is ready."""
    definitions = subject.definitions()
    for definition in definitions:
        await api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    await _await(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _all_established, "the definitions")
    for path, wanted in (namespace(NAMESPACE), *subject.objects(place)):
        await api.create(path, wanted)
    accounts = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    await _await(api, accounts, lambda listed: bool(listed["items"]), "the service account `default`")
    place.start(subject.daemon(place, 0))
    await _await(api, builder_path(subject), is_ready, "a builder that is ready")


async def _await(api: Api, path: str, ready: Callable[[Object], bool], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready(await api.get(path)):
        if time.monotonic() > deadline:
            raise DevError(f"{what} did not come within {READY_SECONDS:.0f} s; the controller's log tells more")
        await asyncio.sleep(0.1)


def _all_established(listed: Object) -> bool:
    conditions = [item.get("status", {}).get("conditions") or () for item in listed["items"]]
    return all(any(c["type"] == "Established" and c["status"] == "True" for c in found) for found in conditions)


def _commit() -> str:
    return run(["git", "describe", "--always", "--dirty", "--exclude=*"]).strip()
