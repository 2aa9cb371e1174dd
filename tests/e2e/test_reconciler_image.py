"""`ReconcilerImage` for real: BuildKit builds it from the installed packages, and the service runs on it."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dev.build_service import DEPLOYMENTS, STACK, configure, kubectl, pulumi, read_configuration
from dev.environment import Environment
from dev.images.images import ComposedImage, push
from dev.images.layers import Entry, Layer, make_layer, tree
from dev.images.reconciler import ENVIRONMENT
from dev.images.rootfs import RECONCILER_ROOT, debian_layer
from dev.machine.commands import run
from dev.machine.files import write
from dev.machine.probes import wait_for
from dev.machine.processes import Daemon, Processes
from dev.state import CHECKOUT
from dev.toolchain import TEST, default_cache, ensure
from kpack_api.process import USER_ID

pytestmark = pytest.mark.e2e

DAEMON = "buildkitd"
BUILDER = "local"
PIP = "pip==25.3"
SITE = "usr/local/lib/python3.11/dist-packages"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(scope="module")
def built(service: Environment) -> Iterator[Environment]:
    """Give the service after an `up` that built its image; at the end it has the image of before again."""
    tools = ensure(TEST, report=lambda _progress: None)
    before = read_configuration(service.state)["reconcilerImage"]
    values = {
        "reconcilerRepository": f"{service.registry}/kpack/reconciler-image",
        "reconcilerBase": asyncio.run(push(python_image(), f"{service.registry}/kpack/python:3.11")),
        "reconcilerBuilder": BUILDER,
        "reconcilerCertificatesFile": str(CERTIFICATES),
    }
    processes = daemons(service)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{tools}")
        patch.setenv("DOCKER_CONFIG", str(start_builder(service, processes, tools)))
        try:
            configure(service.state, values)
            pulumi(service, ["config", "rm", "reconcilerImage", "--stack", STACK])
            pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])
            yield service
        finally:
            for key in values:
                pulumi(service, ["config", "rm", key, "--stack", STACK])
            configure(service.state, {"reconcilerImage": before})
            pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])
            processes.stop([DAEMON])


def test_the_service_runs_on_the_image_that_was_built(built: Environment) -> None:
    """Both Deployments roll out the pushed image, named by its digest."""
    for name in DEPLOYMENTS:
        kubectl(built, "-n", "kpack", "rollout", "status", f"deployment/{name}")
        deployment = json.loads(kubectl(built, "-n", "kpack", "get", "deployment", name, "-o", "json"))
        (container,) = deployment["spec"]["template"]["spec"]["containers"]

        assert container["image"].startswith(f"{built.registry}/kpack/reconciler-image:latest@sha256:")
        assert deployment["status"]["updatedReplicas"] == 2


def test_an_unchanged_package_is_not_built_again(built: Environment) -> None:
    """A second `up` changes nothing, although Python compiled modules beside the packages meanwhile."""
    cache = CHECKOUT / "components" / "kpack_api" / "__pycache__"
    compiled = cache / "left_by_a_test.pyc"
    cache.mkdir(exist_ok=True)
    compiled.write_bytes(b"")
    try:
        told = pulumi(built, ["up", "--yes", "--expect-no-changes", "--stack", STACK])
    finally:
        compiled.unlink(missing_ok=True)

    assert "unchanged" in told


def test_a_preview_builds_nothing(built: Environment) -> None:
    """`pulumi preview` needs no builder: it works with a daemon that has ended."""
    daemons(built).stop([DAEMON])

    pulumi(built, ["preview", "--expect-no-changes", "--stack", STACK])


def daemons(service: Environment) -> Processes:
    """Give the daemons of the environment outside of the node's network: builds load libraries from the internet."""
    assert service.cluster is not None
    return Processes(records=service.state.processes, logs=service.state.logs, group=service.cluster.cgroup.daemons)


def start_builder(service: Environment, processes: Processes, tools: Path) -> Path:
    """Have BuildKit run, and give a docker configuration whose only builder it is."""
    assert service.cluster is not None
    home = service.state.root / DAEMON
    socket, configuration = home / "sock", home / "buildkitd.toml"
    write(
        configuration,
        f"""root = "{home}/root"
[grpc]
  address = ["unix://{socket}"]
[worker.oci]
  defaultCgroupParent = "/{service.cluster.cgroup.name}/{DAEMON}"
  networkMode = "host"
  snapshotter = "overlayfs"
[worker.containerd]
  enabled = false
[registry."{service.registry}"]
  http = true
""",
    )
    command = (str(tools / DAEMON), f"--config={configuration}")
    processes.ensure(Daemon(name=DAEMON, command=command, configuration=(configuration,)))
    wait_for(socket.exists, what="BuildKit's socket", seconds=20, alive=partial(processes.check, DAEMON))
    node = {"Name": f"{BUILDER}0", "Endpoint": f"unix://{socket}"}
    write(home / "docker" / "config.json", "{}")
    write(
        home / "docker" / "buildx" / "instances" / BUILDER,
        json.dumps({"Name": BUILDER, "Driver": "remote", "Nodes": [node], "Dynamic": False}),
    )
    return home / "docker"


def python_image() -> ComposedImage:
    """Give a base like `python:3.11-slim`, which a machine without Docker Hub cannot pull."""
    cache = default_cache(os.environ)
    root = debian_layer(cache, RECONCILER_ROOT, user=USER_ID, report=lambda _text: None)
    return ComposedImage(layers=(root, pip_layer(cache)), environment={"PATH": ENVIRONMENT["PATH"]})


def pip_layer(cache: Path) -> Layer:
    """Give pip where Debian's Python looks for it."""
    return make_layer(cache / "layers", f"{PIP} v1", _pip_entries)


def _pip_entries(work: Path) -> list[Entry]:
    run([sys.executable, "-m", "venv", str(work / "venv")], timeout=120)
    install = [str(work / "venv" / "bin" / "pip"), "install", "--quiet", f"--target={work / 'pip'}", PIP]
    run(install, timeout=300)
    return tree(work / "pip", prefix=f"{SITE}/")
