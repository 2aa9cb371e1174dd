"""A service for some namespaces on the real cluster: it builds there, and can neither see nor touch anything elsewhere.

The tests install their own by a program of its own, and build upon each other in this order.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from dev.build_service import APPLICATION, kubectl, read_configuration
from dev.environment import Environment
from dev.errors import DevError
from dev.machine.probes import wait_for
from kpack_api.names import BUILD_NEEDED_ANNOTATION
from tests.e2e.programs import Program, write_program

pytestmark = pytest.mark.e2e

WATCHED, ELSEWHERE = "watched", "elsewhere"
CONTROLLER = "system:serviceaccount:kpack:controller"
SECONDS_TO_TELL = 60.0

PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_kpack import Builder, BuildService, BuildServiceAccount, Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
made = {
    name: kubernetes.core.v1.Namespace(name, metadata={"name": name}).metadata.name for name in settings["namespaces"]
}
service = BuildService("kpack", {**settings["service"], "namespaces": [made[name] for name in settings["watched"]]})
pulumi.export("namespaces", service.namespaces)
after = pulumi.ResourceOptions(depends_on=[service])
for name, args in settings["images"].items():
    account = BuildServiceAccount(f"{name}-bot", {"namespace": args["namespace"]}, after)
    builder = Builder(f"{name}-builder", {"image": settings["builder"], "namespace": args["namespace"]}, after)
    Image(name, {"builder": builder, "service_account": account, **args}, after)
"""


def settings(
    service: Environment, *, watched: Sequence[str], images: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Settings with the namespaces that are watched, and with Images by their namespaces."""
    configured = read_configuration(service.state)
    source = {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}}
    return {
        "namespaces": [WATCHED, ELSEWHERE],
        "watched": watched,
        "service": {"image": configured["reconcilerImage"], "source_poll_seconds": 5, "replicas": 1},
        "builder": configured["builderImage"],
        "images": {
            name: {"tag": f"{service.registry}/namespaces/{name}", "source": source, "namespace": place}
            for name, place in (images or {}).items()
        },
    }


def shown(service: Environment, namespace: str, kind: str, name: str) -> Any:
    return json.loads(kubectl(service, "-n", namespace, "get", kind, name, "-o", "json"))


def apply_elsewhere(service: Environment) -> None:
    """Apply an Image with its builder and account where nobody watches, as somebody with kubectl."""
    configured = read_configuration(service.state)
    api = {"apiVersion": "build.pivotal.io/v1alpha1"}
    spec = {
        "tag": f"{service.registry}/namespaces/foreign",
        "builder": {"kind": "Builder", "name": "foreign"},
        "serviceAccount": "foreign",
        "source": {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}},
    }
    objects: list[Mapping[str, object]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "foreign"}},
        {**api, "kind": "Builder", "metadata": {"name": "foreign"}, "spec": {"image": configured["builderImage"]}},
        {**api, "kind": "Image", "metadata": {"name": "foreign"}, "spec": spec},
    ]
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl(service, "-n", ELSEWHERE, "apply", "-f", "-", stdin=json.dumps(listed))


def may(service: Environment, verb: str, resource: str, namespace: str) -> bool:
    """Whether the controller's account has a right, as `kubectl auth can-i` says, which fails where it has not."""
    try:
        return "yes" in kubectl(service, "auth", "can-i", verb, resource, "-n", namespace, "--as", CONTROLLER)
    except DevError:
        return False


def begun(service: Environment) -> bool:
    return bool(shown(service, ELSEWHERE, "image", "foreign").get("status", {}).get("latestBuildRef"))


@pytest.fixture(scope="module")
def installed(alone: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give a program that has installed the service for one namespace, and made it."""
    program = write_program(tmp_path_factory.mktemp("programs") / "namespaces", alone, source=PROGRAM)
    program.settle(settings(alone, watched=[WATCHED]))
    program.pulumi("up", "--yes", "--skip-preview")
    yield program
    program.attempt("destroy", "--yes", "--skip-preview")


def test_the_controller_can_read_no_secret_elsewhere(alone: Environment, installed: Program) -> None:
    """`kubectl auth can-i` for its account: Secrets by name where it builds, nothing in any other namespace."""
    assert json.loads(installed.pulumi("stack", "output", "namespaces", "--json")) == [WATCHED]
    assert may(alone, "get", "secrets/login", WATCHED)
    assert not may(alone, "list", "secrets", WATCHED)
    for place in (ELSEWHERE, "default", "kube-system", "kpack"):
        assert not may(alone, "get", "secrets/login", place)
        assert not may(alone, "list", "pods", place)
        assert not may(alone, "list", "images.build.pivotal.io", place)
    assert may(alone, "list", "clusterbuilders.build.pivotal.io", ELSEWHERE)


def test_an_image_in_a_watched_namespace_is_built(alone: Environment, installed: Program) -> None:
    """`up` waits for its build, as ever; the Image elsewhere that was there before is left alone meanwhile."""
    apply_elsewhere(alone)
    installed.settle(settings(alone, watched=[WATCHED], images={"app": WATCHED}))

    installed.pulumi("up", "--yes", "--skip-preview")

    assert "@sha256:" in shown(alone, WATCHED, "image", "app")["status"]["latestImage"]
    foreign = shown(alone, ELSEWHERE, "image", "foreign")
    assert "status" not in foreign
    assert "failedBuildHistoryLimit" not in foreign["spec"], "the webhook has defaulted it"
    assert kubectl(alone, "-n", ELSEWHERE, "get", "builds,sourceresolvers,pods", "-o", "name") == ""


def test_nothing_changes_by_itself(installed: Program) -> None:
    """What the API server filled in, Roles and selectors included, is no drift."""
    installed.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    installed.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


def test_an_image_elsewhere_is_told_at_once(alone: Environment, installed: Program) -> None:
    """A program that declares one where nobody builds is stopped with the namespaces that are watched."""
    installed.settle(settings(alone, watched=[WATCHED], images={"app": WATCHED, "lost": ELSEWHERE}))

    began = time.monotonic()
    result = installed.attempt("up", "--yes", "--skip-preview")

    assert result.returncode != 0
    assert time.monotonic() - began < SECONDS_TO_TELL
    told = result.stdout + result.stderr
    assert "Image lost: namespace elsewhere is not watched: the BuildService watches watched only" in told
    assert "lost" not in kubectl(alone, "-n", ELSEWHERE, "get", "images", "-o", "name")


def test_another_list_moves_rights_and_work(alone: Environment, installed: Program) -> None:
    """A name more: the Image that lies there is built; a name less: the rights are gone, what was built stays."""
    installed.settle(settings(alone, watched=[WATCHED, ELSEWHERE], images={"app": WATCHED}))
    installed.pulumi("up", "--yes", "--skip-preview")
    assert may(alone, "get", "secrets/login", ELSEWHERE)
    wait_for(partial(begun, alone), what="a build elsewhere", seconds=60)
    kubectl(alone, "-n", ELSEWHERE, "wait", "--for=condition=Settled", "image/foreign", "--timeout=180s")
    builds = kubectl(alone, "-n", WATCHED, "get", "builds", "-o", "name")

    installed.settle(settings(alone, watched=[WATCHED], images={"app": WATCHED}))
    installed.pulumi("up", "--yes", "--skip-preview")

    assert not may(alone, "get", "secrets/login", ELSEWHERE)
    assert kubectl(alone, "-n", ELSEWHERE, "get", "roles,rolebindings", "-o", "name") == ""
    assert kubectl(alone, "-n", WATCHED, "get", "builds", "-o", "name") == builds
    assert "@sha256:" in shown(alone, ELSEWHERE, "image", "foreign")["status"]["latestImage"]


def test_a_namespace_that_goes_does_not_disturb_the_others(alone: Environment, installed: Program) -> None:
    """Its Role goes with it; a controller that starts then builds for the other one, and is not ready."""
    installed.settle(settings(alone, watched=[WATCHED, ELSEWHERE], images={"app": WATCHED}))
    installed.pulumi("up", "--yes", "--skip-preview")
    kubectl(alone, "delete", "namespace", ELSEWHERE, "--timeout=120s")
    kubectl(alone, "-n", "kpack", "delete", "pods", "-l", "app=kpack-controller", "--wait")
    (build,) = kubectl(alone, "-n", WATCHED, "get", "builds", "-o", "name").split()
    kubectl(alone, "-n", WATCHED, "annotate", build, f"{BUILD_NEEDED_ANNOTATION}=true")

    kubectl(alone, "-n", WATCHED, "wait", "--for=jsonpath={.status.buildCounter}=2", "image/app", "--timeout=120s")

    selector = ("-l", "app=kpack-controller", "--for=condition=Ready=False", "--timeout=10s")
    kubectl(alone, "-n", "kpack", "wait", "pods", *selector)


def test_destroy_leaves_no_role(alone: Environment, installed: Program) -> None:
    """`pulumi destroy` ends although a namespace of the list is gone, and takes every Role along."""
    installed.pulumi("destroy", "--yes", "--skip-preview")

    left = kubectl(alone, "get", "roles,rolebindings,clusterroles,clusterrolebindings", "-A", "-o", "name").split()
    assert [name for name in left if "kpack" in name] == []
