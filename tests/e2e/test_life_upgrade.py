"""From the code of an earlier commit to the present one and back, by the real `pulumi up`, while a build runs.

The session's stack is what goes back and forth: `up` runs on its program with the earlier packages first on the path.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from dev.build_service import (
    APPLICATION,
    STACK,
    configure,
    copy_program,
    kubectl,
    program,
    pulumi,
    read_configuration,
)
from dev.environment import Environment
from dev.machine.probes import wait_for
from tests.e2e.earlier_code import EarlierCode, earlier_code
from tests.e2e.held_builds import Door, door, push_held_builder

pytestmark = pytest.mark.e2e

NAMESPACE = "upgrades"
API = "build.pivotal.io/v1alpha1"
Move = Callable[[], None]


@pytest.fixture(scope="module")
def earlier(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> EarlierCode:
    return earlier_code(service, tmp_path_factory.mktemp("earlier"))


@pytest.fixture(scope="module")
def moves(service: Environment, earlier: EarlierCode) -> Iterator[Mapping[str, Move]]:
    """Give the ways to go: `back` to the earlier code, `forth` to the present; at the end the present runs."""
    present = read_configuration(service.state)["reconcilerImage"]
    ways = {"back": partial(go, service, earlier.image, earlier), "forth": partial(go, service, present)}
    kubectl(service, "create", "namespace", NAMESPACE)
    yield ways
    if read_configuration(service.state)["reconcilerImage"] != present:
        ways["forth"]()
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def go(service: Environment, image: str, code: EarlierCode | None = None) -> None:
    """Have this image run, declared by the program and the components of this code; the present one's for None."""
    copy_program(service.state)
    configure(service.state, {"reconcilerImage": image})
    with pytest.MonkeyPatch.context() as patch:
        if code is not None:
            for file in (code.checkout / "stacks").glob("*.py"):
                shutil.copy(file, program(service.state) / "stacks")
            patch.setenv("PYTHONPATH", str(code.components))
            patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])
        pulumi(service, ["up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", STACK])


@pytest.fixture(scope="module")
def builder(service: Environment) -> str:
    return push_held_builder(service)


@pytest.fixture
def shut(service: Environment) -> Iterator[Door]:
    with door(service) as found:
        yield found


def running_images(service: Environment) -> set[str]:
    """The images of the service's pods."""
    found = json.loads(kubectl(service, "-n", "kpack", "get", "pods", "-o", "json"))["items"]
    alive = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
    return {container["image"] for pod in alive for container in pod["spec"]["containers"]}


def builds(service: Environment) -> Mapping[str, str]:
    """The uid of each Build of the cluster by its name."""
    found = json.loads(kubectl(service, "get", "builds", "-A", "-o", "json"))["items"]
    return {each["metadata"]["name"]: each["metadata"]["uid"] for each in found}


def pods(service: Environment, image: str) -> list[dict[str, Any]]:
    selector = f"image.build.pivotal.io/image={image}"
    listed = kubectl(service, "-n", NAMESPACE, "get", "pods", "-l", selector, "-o", "json")
    found: list[dict[str, Any]] = json.loads(listed)["items"]
    return found


def is_held(service: Environment, image: str) -> bool:
    """Whether the container `build` of the Image's pod runs."""
    phases = [phase for pod in pods(service, image) for phase in pod["status"].get("initContainerStatuses", ())]
    return any(phase["name"] == "build" and "running" in phase["state"] for phase in phases)


def start_build(service: Environment, name: str, builder: str, *, at: Door) -> None:
    """Declare an Image, and wait until its build is held."""
    spec = {
        "tag": f"{service.registry}/{NAMESPACE}/{name}",
        "builder": {"kind": "Builder", "name": "held"},
        "source": {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}},
        "build": at.settings(),
    }
    for kind, called, content in (("Builder", "held", {"image": builder}), ("Image", name, spec)):
        manifest = {"apiVersion": API, "kind": kind, "metadata": {"name": called}, "spec": content}
        kubectl(service, "-n", NAMESPACE, "apply", "-f", "-", stdin=json.dumps(manifest))
    wait_for(partial(is_held, service, name), what="a running build", seconds=120)


@pytest.mark.parametrize("way", ["back", "forth"])
def test_a_running_build_outlives_the_change(
    service: Environment, earlier: EarlierCode, moves: Mapping[str, Move], builder: str, shut: Door, way: str
) -> None:
    """The build ends in its own pod, no other one is made, and the next `up` is unchanged."""
    name = f"held-{way}"
    start_build(service, name, builder, at=shut)
    before, (pod,) = builds(service), pods(service, name)

    moves[way]()
    shut.open()
    kubectl(service, "-n", NAMESPACE, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=90s")

    assert len(running_images(service)) == 1
    assert (running_images(service) == {earlier.image}) == (way == "back")
    assert builds(service) == before
    (same,) = pods(service, name)
    assert same["metadata"]["uid"] == pod["metadata"]["uid"]
    assert same["status"]["phase"] == "Succeeded"
