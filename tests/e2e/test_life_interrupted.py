"""`pulumi up` that is interrupted while an Image builds, and run again: no second Build, nothing left over.

What Pulumi's command line does when it is killed is Pulumi's; the test holds on to the way out that the docs name.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from dev.build_service import APPLICATION, kubectl
from dev.environment import Environment
from dev.machine.probes import wait_for
from tests.e2e.held_builds import Door, door, push_held_builder
from tests.e2e.programs import STACK, Program, write_program

pytestmark = pytest.mark.e2e

NAMESPACE = "interrupted"
SECONDS_TO_END = 60.0
"""What an interrupted `up` gets to end by itself."""

PROGRAM = """
import json
from pathlib import Path

import pulumi

from pulumi_kpack import Builder, Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
place = {"namespace": settings["namespace"]}
builder = Builder("held", {"image": settings["builder"], **place})
for name, args in settings["images"].items():
    app = Image(name, {"builder": builder, **args, **place})
    pulumi.export(name, app.latest_image)
"""


@pytest.fixture
def shut(service: Environment) -> Iterator[Door]:
    """Give the door that the builds of one test wait at."""
    with door(service) as found:
        yield found


@pytest.fixture(scope="module")
def builder(service: Environment) -> Iterator[str]:
    """Give the builder of held builds, and have the namespace."""
    kubectl(service, "create", "namespace", NAMESPACE)
    yield push_held_builder(service)
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def write(service: Environment, builder: str, folder: Path, *, at: Door) -> Program:
    """Write the program with one Image, which is called as its folder is."""
    name = folder.name
    image = {
        "tag": f"{service.registry}/{NAMESPACE}/{name}",
        "source": {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}},
        "build": at.settings(),
        "timeout_minutes": 5,
    }
    program = write_program(folder, service, source=PROGRAM)
    program.settle({"namespace": NAMESPACE, "builder": builder, "images": {name: image}})
    return program


def start(program: Program) -> "subprocess.Popen[bytes]":
    """Start `pulumi up` as the leader of its processes, as a terminal does."""
    return subprocess.Popen(
        ["pulumi", "--non-interactive", "--color=never", "up", "--yes", "--skip-preview", f"--stack={STACK}"],
        cwd=program.folder,
        env=dict(program.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def in_namespace(service: Environment, *arguments: str) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments)


def builds_step(service: Environment, name: str) -> bool:
    """Whether the container `build` of the Image's pod runs."""
    selector = f"image.build.pivotal.io/image={name}"
    pods = json.loads(in_namespace(service, "get", "pods", "-l", selector, "-o", "json"))["items"]
    phases = [phase for pod in pods for phase in pod["status"].get("initContainerStatuses", ())]
    return any(phase["name"] == "build" and "running" in phase["state"] for phase in phases)


def builds(service: Environment, name: str) -> Mapping[str, str]:
    """The uid of each Build of the Image by its number."""
    selector = f"image.build.pivotal.io/image={name}"
    found = json.loads(in_namespace(service, "get", "builds", "-l", selector, "-o", "json"))["items"]
    numbers = "image.build.pivotal.io/buildNumber"
    return {each["metadata"]["labels"][numbers]: each["metadata"]["uid"] for each in found}


def interrupt(service: Environment, program: Program, *, by: signal.Signals) -> int:
    """Send the signal to all processes of an `up` whose Image builds; gives how it ended."""
    up = start(program)
    try:
        wait_for(partial(builds_step, service, program.folder.name), what="a running build", seconds=120)
        os.killpg(up.pid, by)
        return up.wait(SECONDS_TO_END)
    finally:
        end_session(up.pid)


def end_session(leader: int) -> None:
    """End all that `up` started: Pulumi's language host has a group of its own, and outlives a killed command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(folder.name)) == leader:
                os.kill(int(folder.name), signal.SIGKILL)


def assert_clean(service: Environment, program: Program, *, before: Mapping[str, str]) -> None:
    """The build that ran when `up` ended is the only one, it ended well, and nothing is left to do or to warn of."""
    name = program.folder.name
    again = program.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    assert "pending operations" not in again
    assert "@sha256:" in program.pulumi("stack", "output", name)
    assert builds(service, name) == before
    program.pulumi("destroy", "--yes", "--skip-preview")
    kept = in_namespace(service, "get", "images,builders", "-o", "name")
    assert kept == ""


def test_an_interrupted_up_runs_again(service: Environment, builder: str, shut: Door, tmp_path: Path) -> None:
    """Ctrl-C ends `up` at once and leaves the build alone; the next `up` waits for that same build."""
    program = write(service, builder, tmp_path / "one", at=shut)

    assert interrupt(service, program, by=signal.SIGINT) != 0
    before = builds(service, "one")
    shut.open()
    program.pulumi("up", "--yes", "--skip-preview")

    assert list(before) == ["1"]
    assert_clean(service, program, before=before)


def test_a_killed_up_runs_again(service: Environment, builder: str, shut: Door, tmp_path: Path) -> None:
    """After `kill -9` the next `up` says how to go on; with that done it takes over what the killed one had made."""
    program = write(service, builder, tmp_path / "two", at=shut)

    assert interrupt(service, program, by=signal.SIGKILL) == -signal.SIGKILL
    before = builds(service, "two")
    shut.open()
    refused = program.attempt("up", "--yes", "--skip-preview")
    program.pulumi("cancel", "--yes")
    program.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    program.pulumi("up", "--yes", "--skip-preview")

    assert refused.returncode != 0
    assert "pulumi cancel" in refused.stdout + refused.stderr
    assert list(before) == ["1"]
    assert_clean(service, program, before=before)
