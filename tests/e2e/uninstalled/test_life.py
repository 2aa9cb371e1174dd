"""The life of an installation by the real pulumi: one per cluster, upgraded, broken, destroyed in every state.

The tests install it by a program of their own, and build upon each other in this order.
"""

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from dev.build_service import APPLICATION, DEPLOYMENTS, kubectl, read_configuration
from dev.environment import Environment
from dev.machine.probes import wait_for
from tests.e2e.programs import Program, write_program

pytestmark = pytest.mark.e2e

NAMESPACE = "kpack"
SECONDS_TO_DESTROY = 120.0
SECONDS_TO_TELL = 90.0
"""A missing kind is asked for five times by Pulumi's provider, with growing pauses."""

ARGUMENTS: Mapping[str, object] = {
    "replicas": 2,
    "resources": {"requests": {"cpu": "0.1", "memory": "131072Ki"}, "limits": {"memory": "0.5Gi"}},
    "source_poll_seconds": 5,
    "builder_poll_seconds": 5,
    "labels": {"team": "platform"},
    "node_selector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "builds", "operator": "Exists"}, {"key": "spot", "value": "yes", "effect": "NoSchedule"}],
    "image_pull_secrets": ["registry-login"],
}
"""Of the service, each with a value that the API server could write differently."""

PROGRAM = """
import json
from pathlib import Path

import pulumi

from pulumi_kpack import Builder, BuildService, BuildServiceAccount, Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
after = []
if "service" in settings:
    after = [BuildService("kpack", settings["service"])]
if settings["images"]:
    account = BuildServiceAccount("life-bot")
    builder = Builder("life-builder", {"image": settings["builder"]}, pulumi.ResourceOptions(depends_on=after))
for name, args in settings["images"].items():
    Image(name, {"builder": builder, "service_account": account, **args}, pulumi.ResourceOptions(depends_on=after))
"""


def images(service: Environment, *names: str) -> Mapping[str, object]:
    return {
        name: {
            "tag": f"{service.registry}/life/{name}",
            "source": {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}},
            "wait": "none",
        }
        for name in names
    }


def settings(service: Environment, *names: str, **args: object) -> dict[str, object]:
    """Settings with a service that differs in these arguments, and with Images of these names."""
    configured = read_configuration(service.state)
    return {
        "service": {"image": configured["reconcilerImage"], **ARGUMENTS, **args},
        "builder": configured["builderImage"],
        "images": images(service, *names),
    }


@pytest.fixture(scope="module")
def first(alone: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give a program that has installed the service."""
    program = write_program(tmp_path_factory.mktemp("programs") / "life", alone, source=PROGRAM)
    program.settle(settings(alone))
    program.pulumi("up", "--yes", "--skip-preview")
    yield program
    program.attempt("destroy", "--yes", "--skip-preview")


def rolled_out(service: Environment, name: str) -> Mapping[str, int]:
    found = json.loads(kubectl(service, "-n", NAMESPACE, "get", "deployment", name, "-o", "json"))
    status = found["status"]
    assert status["observedGeneration"] == found["metadata"]["generation"]
    return {field: status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}


def left(service: Environment) -> list[str]:
    """List what a destroyed installation may not leave behind."""
    registrations = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
    cluster = f"namespaces,clusterroles,clusterrolebindings,{registrations}"
    names = [
        *kubectl(service, "get", cluster, "-o", "name").split(),
        *kubectl(service, "get", "serviceaccounts,secrets,pods,persistentvolumeclaims", "-o", "name").split(),
    ]
    return [name for name in names if "kpack" in name or "life" in name]


def pods_of(service: Environment, image: str) -> bool:
    selector = f"image.build.pivotal.io/image={image}"
    return bool(kubectl(service, "get", "pods", "-l", selector, "-o", "name"))


def definitions(service: Environment) -> list[str]:
    names = kubectl(service, "get", "crd", "-o", "name").split()
    return [name for name in names if name.endswith("build.pivotal.io")]


def await_nothing_left(service: Environment) -> None:
    """Wait until Kubernetes has collected what belonged to the Images."""
    kubectl(service, "wait", "--for=delete", "pods", "-l", "build.pivotal.io/build", "-A", "--timeout=60s")
    kubectl(service, "wait", "--for=delete", "namespace/kpack", "--timeout=60s")
    assert left(service) == []


@pytest.mark.usefixtures("first")
def test_a_second_service_is_refused(alone: Environment, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`up` of another stack names the one that holds the cluster, and has made nothing."""
    second = write_program(tmp_path_factory.mktemp("programs") / "second", alone, source=PROGRAM)
    second.settle(settings(alone, namespace="elsewhere", retain_definitions=False))

    result = second.attempt("up", "--yes", "--skip-preview")

    told = result.stdout + result.stderr
    assert result.returncode != 0
    assert "BuildService kpack of stack life/test in namespace kpack" in told
    assert "one-build-service-per-cluster" in told
    assert "elsewhere" not in kubectl(alone, "get", "namespaces", "-o", "name")
    second.pulumi("destroy", "--yes", "--skip-preview")
    assert len(definitions(alone)) == 5


def test_an_installation_does_not_change_by_itself(first: Program) -> None:
    """What the API server and the webhook filled in is no drift."""
    first.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    first.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    first.pulumi("preview", "--expect-no-changes")


def test_an_upgrade_ends_after_both_rollouts(alone: Environment, first: Program) -> None:
    """When `up` ends every pod of both Deployments is new and available, also when it goes back."""
    for level in ("debug", "info"):
        first.settle(settings(alone, log_level=level))
        first.pulumi("up", "--yes", "--skip-preview")

        everything = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
        assert {name: rolled_out(alone, name) for name in DEPLOYMENTS} == dict.fromkeys(DEPLOYMENTS, everything)


def test_destroy_with_running_builds_ends(alone: Environment, first: Program) -> None:
    """Builds in the midst of their work are ended; nothing but the definitions is left."""
    first.settle(settings(alone, "life-one", "life-two"))
    first.pulumi("up", "--yes", "--skip-preview")
    for name in ("life-one", "life-two"):
        kubectl(alone, "wait", "--for=condition=Settled=False", f"image/{name}", "--timeout=60s")
        wait_for(partial(pods_of, alone, name), what=f"a pod of {name}", seconds=60)

    began = time.monotonic()
    first.pulumi("destroy", "--yes", "--skip-preview")

    assert time.monotonic() - began < SECONDS_TO_DESTROY
    await_nothing_left(alone)
    assert len(definitions(alone)) == 5


def test_a_controller_that_is_down_is_told_at_once(alone: Environment, first: Program) -> None:
    """`up` does not wait for an Image that nobody looks at: it names the Deployment and the next step."""
    first.settle(settings(alone, "life-one", retain_definitions=False))
    first.pulumi("up", "--yes", "--skip-preview")
    kubectl(alone, "-n", NAMESPACE, "scale", "deployment/kpack-controller", "--replicas=0")
    kubectl(alone, "-n", NAMESPACE, "wait", "--for=delete", "pods", "-l", "app=kpack-controller", "--timeout=60s")

    changed = settings(alone, "life-one", "life-two", retain_definitions=False)
    first.settle(changed)
    began = time.monotonic()
    result = first.attempt("up", "--yes", "--skip-preview")

    assert result.returncode != 0
    assert time.monotonic() - began < SECONDS_TO_TELL
    told = result.stdout + result.stderr
    assert "BuildService kpack: kpack-controller does not run: none of its pods is ready" in told
    assert "life-two" not in kubectl(alone, "get", "images", "-o", "name")


def test_destroy_without_controller_and_webhook_ends(alone: Environment, first: Program) -> None:
    """With both Deployments gone nothing hangs; with `retain_definitions` false the definitions go, too."""
    kubectl(alone, "-n", NAMESPACE, "delete", "deployment", *DEPLOYMENTS, "--wait")

    began = time.monotonic()
    first.pulumi("destroy", "--yes", "--skip-preview")

    assert time.monotonic() - began < SECONDS_TO_DESTROY
    await_nothing_left(alone)
    assert definitions(alone) == []


def test_a_cluster_without_the_definitions_is_told(
    alone: Environment, first: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An Image in a cluster without a build service fails `up` with the kind that is missing."""
    assert "life" in first.folder.name
    program = write_program(tmp_path_factory.mktemp("programs") / "without", alone, source=PROGRAM)
    without = settings(alone, "life-one")
    del without["service"]
    program.settle(without)

    began = time.monotonic()
    result = program.attempt("up", "--yes", "--skip-preview")

    assert result.returncode != 0
    assert time.monotonic() - began < SECONDS_TO_TELL
    told = result.stdout + result.stderr
    assert "build.pivotal.io/v1alpha1/Builder" in told
    assert "Verify that any required CRDs have been created" in told
    program.pulumi("destroy", "--yes", "--skip-preview")
