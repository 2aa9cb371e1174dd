"""The plugin as a process, spoken to as the Pulumi engine does: schema, components, refusals."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import errors_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tests.fakes.pulumi_engine import FakeEngine, serving

PLUGIN = Path(__file__).parents[2] / "plugin"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2"}
"""How Pulumi marks a secret on the wire."""
OUTPUT = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": "theirs"}
"""How Pulumi sends an output of another resource to a component."""
APPLICATION = {
    "tag": "registry.example.com/app:main",
    "builder": {"kind": "ClusterBuilder", "name": "base"},
    "serviceAccount": "kpack-bot",
    "source": {"git": {"url": "https://git.example.com/app.git", "revision": "main"}, "subPath": "web"},
    "successBuildHistoryLimit": 3,
    "build": {"env": [{"name": "BP_GO_VERSION", "value": "1.26"}]},
}
STATUS = {"latestImage": "registry.example.com/app@sha256:1", "latestBuildRef": "app-build-1-xxxxx"}


class Plugin:
    """The running plugin and the engine that it talks to."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub, engine: FakeEngine, address: str) -> None:
        self.stub, self.engine, self.address = stub, engine, address

    def construct(self, component: str, name: str, inputs: dict[str, Any]) -> Any:
        """Make a component; gives its outputs."""
        given = struct_pb2.Struct()
        given.update(inputs)
        request = provider_pb2.ConstructRequest(
            project="project",
            stack="test",
            monitorEndpoint=self.address,
            parallel=4,
            type=f"pulumi-kpack:index:{component}",
            name=name,
            inputs=given,
        )
        return json_format.MessageToDict(self.stub.Construct(request, timeout=60).state)


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    engine = FakeEngine(status=dict(STATUS))
    with serving(engine) as address:
        command = [sys.executable, str(PLUGIN), address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                    yield Plugin(provider_pb2_grpc.ResourceProviderStub(channel), engine, address)
            finally:
                process.terminate()


def refusal(error: grpc.RpcError) -> dict[str, str]:
    """What the plugin says is wrong, by property."""
    (details,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    found = errors_pb2.InputPropertiesError()
    status_pb2.Status.FromString(details).details[0].Unpack(found)
    return {each.property_path: each.reason for each in found.errors}


def test_the_plugin_tells_its_schema(plugin: Plugin) -> None:
    """`pulumi package add` asks the process for nothing else."""
    schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=60).schema)

    assert schema["name"] == "pulumi-kpack"
    assert "pulumi-kpack:index:Image" in schema["resources"]


def test_an_image_is_declared_and_shown(plugin: Plugin) -> None:
    """Plain arguments in camel case become the object, with whole numbers; its status becomes the outputs."""
    outputs = plugin.construct("Image", "app", APPLICATION)

    declared = plugin.engine.seen["app-image"]
    assert (declared.type, declared.parent) == ("kubernetes:build.pivotal.io/v1alpha1:Image", "app")
    assert declared.inputs["spec"] == {
        "tag": "registry.example.com/app:main",
        "builder": {"kind": "ClusterBuilder", "name": "base"},
        "serviceAccount": "kpack-bot",
        "source": {"git": {"url": "https://git.example.com/app.git", "revision": "main"}, "subPath": "web"},
        "failedBuildHistoryLimit": 10,
        "successBuildHistoryLimit": 3,
        "imageTaggingStrategy": "BuildNumber",
        "build": {"env": [{"name": "BP_GO_VERSION", "value": "1.26"}]},
    }
    assert outputs["latestImage"] == "registry.example.com/app@sha256:1"
    assert outputs["digest"] == "sha256:1"
    assert outputs["latestBuild"] == "app-build-1-xxxxx"
    assert outputs["status"] == STATUS
    assert outputs["tags"] == ["registry.example.com/app:main"]


def test_outputs_stand_inside_of_structures(plugin: Plugin) -> None:
    """A builder's name and a variable's value may come from other resources."""
    environment = {"env": [{"name": "BP_GO_VERSION", "value": OUTPUT}]}
    plugin.construct("Image", "led", {**APPLICATION, "builder": {"name": OUTPUT}, "build": environment})

    spec = plugin.engine.seen["led-image"].inputs["spec"]
    assert spec["builder"] == {"kind": "Builder", "name": "theirs"}
    assert spec["build"] == {"env": [{"name": "BP_GO_VERSION", "value": "theirs"}]}


def test_the_service_is_installed(plugin: Plugin) -> None:
    """Kubernetes shapes are passed on in the names of Kubernetes."""
    tolerated = {"key": "builds", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
    service = {"image": "r/k@sha256:1", "tolerations": [tolerated], "namespaces": ["team-a", "team-b"]}
    outputs = plugin.construct("BuildService", "kpack", service)

    pod = plugin.engine.seen["kpack-deployment-kpack-controller"].inputs["spec"]["template"]["spec"]
    assert pod["tolerations"] == [tolerated]
    known = {"namespace": "kpack", "namespaces": ["team-a", "team-b"], "image": "r/k@sha256:1", "hookUrl": ""}
    assert known.items() <= outputs.items()
    assert "kpack-role-kpack-controller-builds-team-b" in plugin.engine.seen


def test_an_account_names_secrets(plugin: Plugin) -> None:
    """Secrets that builds use, and those that the kubelet pulls with."""
    plugin.construct("BuildServiceAccount", "bot", {"secrets": ["git", "hub"], "imagePullSecrets": ["hub"]})

    account = plugin.engine.seen["bot-serviceaccount"].inputs
    assert account["secrets"] == [{"name": "git"}, {"name": "hub"}]
    assert account["imagePullSecrets"] == [{"name": "hub"}]


def test_a_secret_stays_one(plugin: Plugin) -> None:
    """A password that came as a secret is registered as a secret."""
    plugin.construct("RegistryCredentials", "login", {"registry": "r.example", "username": "u", "password": SECRET})

    assert plugin.engine.seen["login-secret"].inputs["stringData"]["password"] == SECRET


def test_a_missing_argument_is_refused(plugin: Plugin) -> None:
    """A required input that is not given is told by its name."""
    without = {key: value for key, value in APPLICATION.items() if key != "tag"}

    with pytest.raises(grpc.RpcError) as raised:
        plugin.construct("Image", "untagged", without)

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(raised.value) == {"tag": "Missing required input 'tag' on 'Image'"}
    assert "untagged-image" not in plugin.engine.seen


def test_arguments_that_break_rules_are_refused_by_property(plugin: Plugin) -> None:
    """All problems at once, each under the property's own name, and nothing is registered."""
    wrong = {**APPLICATION, "builder": {"kind": "Bilder", "name": "base"}, "cacheSize": "big"}

    with pytest.raises(grpc.RpcError) as raised:
        plugin.construct("Image", "wrong", wrong)

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(raised.value) == {
        "builder.kind": "'Bilder' is unknown: use one of Builder, ClusterBuilder",
        "cacheSize": "'big' is no quantity: write for example '2Gi'",
    }
    assert "wrong" not in plugin.engine.seen


def test_a_failed_build_fails_the_program(plugin: Plugin) -> None:
    """Its words reach the engine."""
    failed = {"type": "Ready", "status": "False", "message": "build failed: step detect exit 20: no"}
    plugin.engine.status = {"conditions": [failed]}

    try:
        with pytest.raises(grpc.RpcError, match="Image failing: build failed: step detect exit 20"):
            plugin.construct("Image", "failing", APPLICATION)
    finally:
        plugin.engine.status = dict(STATUS)
