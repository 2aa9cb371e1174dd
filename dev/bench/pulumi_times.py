"""Seconds of a first `pulumi up`, a second one, `preview` and `destroy`, by how many Images one program declares.

Needs the environment of `make up`. Rules:
- Nothing is built: the Images name a builder that does not exist, and `up` waits until the controller has seen each of
  them (`wait: "accepted"`); a build's own seconds are `docs/benchmarks`'.
- Each number of Images begins and ends with nothing; their namespace goes at the end, whatever happens.
- Beside the clock stand the processor's seconds of pulumi, its plugins and the program: where they come near those of
  the clock times the cores, the processor is what limits; where they do not, it is the cluster's answers. The column
  without an Image is what Pulumi costs by itself.
- What an import costs is measured in processes of its own, beside the import that every such program has.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from rich.console import Console
from rich.table import Table

from dev.build_service import kubectl
from dev.environment import Environment, load_environment
from dev.errors import DevError

NAMESPACE: Final = "pulumi-times"
NUMBERS: Final = (0, 1, 50, 500)
SECONDS: Final = 1800.0
"""The longest run of pulumi that is waited for."""

PROGRAM: Final = """
import json
from pathlib import Path

from pulumi_kpack import Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
for number in range(settings["images"]):
    Image(
        f"app-{number}",
        {
            "tag": f"registry.invalid/team/app-{number}",
            "builder": {"kind": "ClusterBuilder", "name": "none-of-this-name"},
            "source": {"git": {"url": "https://git.invalid/app.git", "revision": "main"}},
            "namespace": settings["namespace"],
            "wait": "accepted",
        },
    )
"""
STEPS: Final[Mapping[str, Sequence[str]]] = {
    "first up": ("up", "--yes", "--skip-preview"),
    "second up": ("up", "--yes", "--skip-preview", "--expect-no-changes"),
    "preview": ("preview", "--expect-no-changes"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
IMPORTS: Final = 5
IMPORT: Final = """
import time
import pulumi_kubernetes
began = time.process_time()
import pulumi_kpack
print(time.process_time() - began)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds of the clock and of the processor."""

    clock: float
    processor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The program in a folder of its own, with an empty stack."""

    folder: Path
    environment: Mapping[str, str]

    def settle(self, images: int) -> None:
        """Say how many Images the next runs declare."""
        (self.folder / "settings.json").write_text(json.dumps({"images": images, "namespace": NAMESPACE}))

    def run(self, *arguments: str) -> Took:
        """Run pulumi; DevError with its words where it fails."""
        command = [
            "pulumi",
            "--non-interactive",
            "--color=never",
            "--cwd",
            str(self.folder),
            *arguments,
            "--stack=times",
        ]
        began, before = time.monotonic(), _processor_seconds()
        ended = subprocess.run(
            command, env=dict(self.environment), check=False, capture_output=True, text=True, timeout=SECONDS
        )
        took = Took(clock=time.monotonic() - began, processor=_processor_seconds() - before)
        if ended.returncode != 0:
            raise DevError(f"`pulumi {arguments[0]}` ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return took


def run(console: Console, numbers: Sequence[int] = NUMBERS) -> None:
    """Measure and print."""
    environment = load_environment()
    measured: dict[int, Mapping[str, Took]] = {}
    with tempfile.TemporaryDirectory() as folder, namespace(environment):
        stack = write_stack(Path(folder), environment.variables())
        for number in numbers:
            console.print(f"{number} Images…")
            measured[number] = measure(stack, number)
    console.print(table(measured))
    console.print(f"import pulumi_kpack: {import_seconds():.3f} s over import pulumi_kubernetes, median of {IMPORTS}")


def write_stack(folder: Path, variables: Mapping[str, str]) -> Stack:
    """Write the program and make its stack."""
    project = {"name": "times", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(PROGRAM)
    outer = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    stack = Stack(folder=folder, environment={**outer, **variables})
    stack.run("stack", "select", "--create")
    return stack


def measure(stack: Stack, images: int) -> Mapping[str, Took]:
    """Bring so many Images up, look twice, and take them away."""
    stack.settle(images)
    try:
        return {step: stack.run(*arguments) for step, arguments in STEPS.items()}
    except BaseException:
        stack.run(*STEPS["destroy"])
        raise


@contextmanager
def namespace(environment: Environment) -> Iterator[None]:
    """Have the Images' namespace while the context is open."""
    kubectl(environment, "create", "namespace", NAMESPACE)
    try:
        yield
    finally:
        kubectl(environment, "delete", "namespace", NAMESPACE, "--wait=false")


def table(measured: Mapping[int, Mapping[str, Took]]) -> Table:
    """Seconds by the clock, and in brackets by the processor; the last column is what an Image more costs."""
    numbers = sorted(measured)
    shown = Table("seconds (of the processor)", *(f"{number} Images" for number in numbers), "each further Image")
    for step in STEPS:
        row = [measured[number][step] for number in numbers]
        cells = [f"{took.clock:.1f} ({took.processor:.1f})" for took in row]
        shown.add_row(step, *cells, _slope([*zip(numbers, row, strict=True)]))
    return shown


def _slope(points: Sequence[tuple[int, Took]]) -> str:
    """What an Image adds between the smallest and the largest number."""
    (few, before), (many, after) = points[0], points[-1]
    if few == many:
        return "-"
    return f"{(after.clock - before.clock) / (many - few):.3f}"


def import_seconds() -> float:
    """The processor's seconds of our import, in a process that has imported pulumi_kubernetes; the median."""
    command = [sys.executable, "-c", IMPORT]
    took = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(IMPORTS)]
    return statistics.median(map(float, took))


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
