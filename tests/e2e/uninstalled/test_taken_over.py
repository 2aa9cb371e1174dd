"""What is in a cluster already is taken over by `up`: an installation of kpack 0.0.x, and one that kubectl made.

Each test goes on from what the one before left; the last one's `up` leaves the session's service.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.build_service import (
    APPLICATION,
    SAMPLE,
    STACK,
    await_rollouts,
    kubectl,
    outputs,
    program,
    pulumi,
    read_configuration,
)
from dev.environment import Environment
from dev.services.git import create_repository
from dev.services.working_copy import copy_of
from dev.state import CHECKOUT
from tests.e2e.held_builds import Door, door, push_held_builder
from tests.e2e.kpack_before import NUMBER, REASON, Kpack, definitions, install_kpack
from tests.e2e.programs import Program, write_program

pytestmark = pytest.mark.e2e

NAMESPACE = "taken-over"

STEPS = (
    "kubectl delete mutatingwebhookconfiguration defaults.webhook.kpack.pivotal.io",
    "kubectl delete validatingwebhookconfiguration validation.webhook.kpack.pivotal.io",
    "kubectl delete namespace kpack",
    "kubectl delete clusterrole kpack-controller-admin",
)
"""Of what docs/upgrading.md tells to do before the first `up`, what this installation has."""

PRUNING = '{"spec":{"preserveUnknownFields":false}}'
"""What the page lets definitions of old be patched with, at last."""

PROGRAM = """
import json
from pathlib import Path

import pulumi

from pulumi_kpack import BuildService, Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
service = BuildService("kpack", settings["service"])
app = Image("good", settings["image"], pulumi.ResourceOptions(depends_on=[service]))
pulumi.export("image", app.latest_image)
"""


def in_namespace(service: Environment, *arguments: str) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments)


def listed(service: Environment, kinds: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(in_namespace(service, "get", kinds, "-o", "json"))["items"]
    return found


def identities(service: Environment, kinds: str) -> Mapping[str, object]:
    """The uid of each object by kind and name."""
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in listed(service, kinds)}


@pytest.fixture(scope="module")
def opened(service: Environment) -> Iterator[Door]:
    """Give a door that stands open, so that builds take seconds."""
    with door(service) as found:
        found.open()
        yield found


@pytest.fixture(scope="module")
def installed(alone: Environment) -> Environment:
    """Give the cluster with the session's stack."""
    pulumi(alone, ["up", "--yes", "--skip-preview", "--stack", STACK])
    await_rollouts(alone.state, lambda _text: None)
    return alone


@pytest.fixture(scope="module")
def rendered(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the session's program, with its stack's name and configuration, was rendered to."""
    folder = tmp_path_factory.mktemp("rendered")
    work, state, home = folder / "program", folder / "state", folder / "home"
    shutil.copytree(program(service.state), work)
    state.mkdir()
    file = work / "stacks" / f"Pulumi.{STACK}.yaml"
    config = yaml.safe_load(file.read_text())["config"]
    file.write_text(yaml.safe_dump({"config": {**config, "kubernetes:renderYamlToDirectory": str(folder / "yaml")}}))
    nowhere = {"KUBECONFIG": "/nowhere", "PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_HOME": str(home)}
    rendering = Program(folder=work, environment={**service.variables(), **nowhere}, stack=STACK)
    rendering.pulumi("stack", "init")
    rendering.pulumi("up", "--yes", "--skip-preview")
    return folder / "yaml"


@pytest.fixture(scope="module")
def kpack(installed: Environment, opened: Door, tmp_path_factory: pytest.TempPathFactory) -> Kpack:
    """Give a cluster where kpack 0.0.9 was, instead of the session's service."""
    service = installed
    run_image = kubectl(service, "get", "builder/sample-builder", "-o", "jsonpath={.status.stack.runImage}")
    create_repository(service.state.git, NAMESPACE)
    folder, url = tmp_path_factory.mktemp("taken-over") / "app", f"{service.git_url}/{NAMESPACE}.git"
    copy = copy_of(SAMPLE, folder, url=url, branch="main", environment=service.variables())
    cluster = Kpack(
        service=service,
        namespace=NAMESPACE,
        spec={
            "builder": {"kind": "Builder", "name": "kept"},
            "serviceAccount": "default",
            "source": {"git": {"url": url, "revision": "main"}},
            "build": opened.settings(),
        },
        copy=copy,
        revision=copy.push("Hello, sunshine!"),
        builder=push_held_builder(service),
        run_image=run_image,
    )
    pulumi(service, ["destroy", "--yes", "--skip-preview", "--stack", STACK])
    kubectl(service, "wait", "--for=delete", "namespace/kpack", "--timeout=60s")
    kubectl(service, "delete", "crd", *definitions(service))
    install_kpack(cluster)
    return cluster


@pytest.fixture(scope="module")
def taking(kpack: Kpack, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give a program that installs the service and declares one of kpack's Images as it is."""
    settings = {
        "service": {
            "image": read_configuration(kpack.service.state)["reconcilerImage"],
            "source_poll_seconds": 5,
            "builder_poll_seconds": 5,
        },
        "image": {
            "namespace": NAMESPACE,
            "tag": kpack.tag("good"),
            "builder": kpack.spec["builder"],
            "source": kpack.spec["source"],
            "build": kpack.spec["build"],
        },
    }
    written = write_program(tmp_path_factory.mktemp("programs") / "taking", kpack.service, source=PROGRAM)
    written.settle(settings)
    return written


def test_the_rendered_objects_are_those_of_up(installed: Environment, rendered: Path) -> None:
    """The files have what `up` has sent, no more and no less, and the cluster has all of it."""
    files = {identity(each): each for each in map(read, rendered.rglob("*.yaml"))}
    exported = json.loads(pulumi(installed, ["stack", "export", "--stack", STACK]))["deployment"]["resources"]
    sent = [each["inputs"] for each in exported if each["type"].startswith("kubernetes:") and not each.get("external")]

    assert {key: each["metadata"]["name"] for key, each in files.items()}.keys() == set(map(identity, sent))
    assert files == {identity(each): without_status(each) for each in sent}
    live = json.loads(kubectl(installed, "get", "-R", "-f", str(rendered), "-o", "json"))["items"]
    assert [identity(each) for each in live if not holds(each, files[identity(each)])] == []
    assert len(live) == len(files)


def test_kpack_is_taken_over(kpack: Kpack, taking: Program) -> None:
    """`up` names whose fields are in its way; after the documented steps it keeps every object and builds nothing."""
    service, kinds = kpack.service, "images,builds,builders,sourceresolvers"
    before, known = identities(service, kinds), definitions(service)
    document = (CHECKOUT / "docs" / "upgrading.md").read_text()
    assert PRUNING in document

    refused = taking.attempt("up", "--yes", "--skip-preview")
    for step in STEPS:
        assert step in document
        kubectl(service, *step.split()[1:], "--timeout=60s")
    taking.pulumi("up", "--yes", "--skip-preview", "--refresh")

    told = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert 'conflict with "kubectl-client-side-apply"' in told
    for name in ("good", "broken"):
        in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=30s")
    assert identities(service, kinds) == before
    assert definitions(service) == known
    assert taking.pulumi("stack", "output", "image").strip() == f"{kpack.tag('good')}@sha256:{'1' * 64}"
    for name in known:
        kubectl(service, "patch", "crd", name, "--type=merge", "-p", PRUNING)
    taking.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


def test_a_commit_goes_on_with_kpack_s_numbers(kpack: Kpack) -> None:
    """The next commit makes the build after kpack's last one, on top of kpack's last image."""
    kpack.copy.replace("main.go", old="Hello", new="Good day")
    kpack.copy.push("Good day")

    for name in ("good", "broken"):
        counted = ("wait", "--for=jsonpath={.status.buildCounter}=3", f"image/{name}")
        in_namespace(kpack.service, *counted, "--timeout=60s")
        in_namespace(kpack.service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=120s")
        in_namespace(kpack.service, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=5s")
    newest = [each for each in listed(kpack.service, "builds") if each["metadata"]["labels"][NUMBER] == "3"]
    assert [each["metadata"]["annotations"][REASON] for each in newest] == ["COMMIT", "COMMIT"]


def test_kubectl_alone_installs_what_was_rendered(kpack: Kpack, taking: Program, rendered: Path) -> None:
    """`kubectl apply`, in steps, gives a service that builds; `up` takes it over as it is and waits for that build."""
    service = kpack.service
    taking.pulumi("destroy", "--yes", "--skip-preview")
    kubectl(service, "wait", "--for=delete", "namespace/kpack", "--timeout=60s")

    kubectl(service, "apply", "-f", str(rendered / "0-crd"))
    for manifest in ("v1-namespace-*.yaml", "v1-*.yaml", "[!b]*.yaml"):
        kubectl(service, "apply", *(f"--filename={file}" for file in (rendered / "1-manifest").glob(manifest)))
    await_rollouts(service.state, lambda _text: None)
    kubectl(service, "apply", "-f", str(rendered / "1-manifest"))
    counted = "--for=jsonpath={.status.buildCounter}=1"
    kubectl(service, "wait", counted, f"image/{APPLICATION}", "--timeout=60s")
    before = kubectl(service, "get", "builds", "-o", "name"), service_pods(service)

    pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])

    assert outputs(service)["image"].startswith(f"{service.registry}/{APPLICATION}@sha256:")
    assert (kubectl(service, "get", "builds", "-o", "name"), service_pods(service)) == before
    pulumi(service, ["destroy", "--yes", "--skip-preview", "--stack", STACK])


def service_pods(service: Environment) -> str:
    return kubectl(service, "-n", "kpack", "get", "pods", "-o", "name")


def read(file: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(file.read_text())
    return found


def identity(manifest: Mapping[str, object]) -> tuple[object, ...]:
    """Kind, namespace and name; Pulumi writes `default` for what has no namespace into a file's name only."""
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def without_status(manifest: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in manifest.items() if name != "status"}


def holds(live: object, wanted: object) -> bool:
    """Whether all that is wanted is there; the API server may have added to it."""
    match wanted:
        case Mapping():
            return isinstance(live, Mapping) and all(holds(live.get(key), value) for key, value in wanted.items())
        case list():
            return isinstance(live, list) and len(live) == len(wanted) and all(map(holds, live, wanted))
    return bool(live == wanted)
