"""What a rebase costs: the controller's, against the lifecycle's `rebaser` process on the same images in one run."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from dev.bench.rebase_scene import (
    Lifecycle,
    Scene,
    application,
    digest_of,
    push_to,
    rebase_by_controller,
    run_image,
    scene,
)
from dev.toolchain import ensure

ROUNDS: Final = 5
PLATFORM_API: Final = "0.15"
LAYER_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one rebase took: requests, bytes on the wire in both directions, milliseconds; and what came out."""

    requests: int
    bytes: int
    milliseconds: float
    digest: str


def run(console: Console) -> None:
    """Measure and print, for one application and one new run image in another repository of the same registry."""
    tools = ensure(("lifecycle",), report=lambda _progress: None)
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as place:
        theirs, ours = measure(place, Lifecycle(program=tools / "lifecycle", folder=Path(folder)), Path(folder))
    table = Table("per rebase", "controller", "lifecycle's process", "ratio")
    for name in ("requests", "bytes", "milliseconds"):
        mine, peer = getattr(ours, name), getattr(theirs, name)
        table.add_row(name, f"{mine:.0f}", f"{peer:.0f}", f"{mine / peer:.2f}")
    same = "the same digest" if ours.digest == theirs.digest else "DIFFERENT DIGESTS"
    console.print(f"one application onto a run image of two layers of {LAYER_BYTES} bytes, median of {ROUNDS}: {same}")
    console.print(table)


def measure(place: Scene, lifecycle: Lifecycle, folder: Path) -> tuple[Cost, Cost]:
    """Give the median costs of both, each round in repositories of its own, so that nothing is there already."""
    old, new = (run_image(folder, name, size=LAYER_BYTES) for name in ("old", "new"))
    app = application(folder, old, run_name=f"{place.relayed}/stack/run", platform_api=PLATFORM_API)
    base = push_to(place.relayed, "stack/run:2", new)

    def by_lifecycle(image: str, tag: str) -> str:
        return lifecycle.rebase(tags=(tag,), run_image=base, platform_api=PLATFORM_API, previous=image)

    def by_controller(image: str, tag: str) -> str:
        return digest_of(rebase_by_controller(app_image=image, run_image=base, tags=(tag,)))

    costs: dict[str, list[Cost]] = {"theirs": [], "ours": []}
    for number in range(ROUNDS):
        for name, rebase in (("theirs", by_lifecycle), ("ours", by_controller)):
            repository = f"{name}/app-{number}"
            image = push_to(place.relayed, f"{repository}:1", app)
            costs[name].append(_cost(place, lambda: rebase(image, f"{place.relayed}/{repository}:2")))  # noqa: B023
    return _median(costs["theirs"]), _median(costs["ours"])


def _cost(place: Scene, rebase: Callable[[], str]) -> Cost:
    requests, size, start = place.traffic.requests, place.traffic.bytes, time.perf_counter()
    digest = rebase()
    return Cost(
        milliseconds=(time.perf_counter() - start) * 1000,
        requests=place.traffic.requests - requests,
        bytes=place.traffic.bytes - size,
        digest=digest,
    )


def _median(costs: list[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.milliseconds)[len(costs) // 2]
