"""The manifests as plain data: the whole installation against a golden file, and what it may never contain."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kpack_api.process import Command
from pulumi_kpack.manifests import credentials
from pulumi_kpack.manifests.admission import webhook_configurations, webhook_service
from pulumi_kpack.manifests.rbac import access
from pulumi_kpack.manifests.resources import image, image_metadata, source
from pulumi_kpack.manifests.service import definitions, namespace
from pulumi_kpack.manifests.workloads import Workload, deployment, disruption_budget

GOLDEN = Path(__file__).parent / "golden" / "service.json"
IMAGE = "registry.example.com/kpack-reconciler@sha256:1"


def installation() -> list[Any]:
    workload = Workload(namespace="kpack", image=IMAGE)
    return [
        namespace("kpack"),
        *access("kpack"),
        webhook_service("kpack"),
        *webhook_configurations("kpack"),
        *(disruption_budget(command, workload) for command in (Command.CONTROLLER, Command.WEBHOOK)),
        *(deployment(command, workload) for command in (Command.CONTROLLER, Command.WEBHOOK)),
    ]


def test_the_installation_is_the_golden_one() -> None:
    """A change of what is installed is seen in review; `UPDATE_GOLDEN=1` writes the file anew."""
    text = json.dumps(installation(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)

    assert json.loads(text) == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("command", [Command.CONTROLLER, Command.WEBHOOK])
def test_the_processes_are_fit_for_restricted_pod_security(command: Command) -> None:
    """Non-root, no capabilities, no escalation, the runtime's seccomp profile, a read-only root."""
    pod: Any = deployment(command, Workload(namespace="kpack", image=IMAGE))
    pod = pod["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["args"] == [command.value]


def test_no_role_uses_wildcards_or_lists_secrets() -> None:
    """Rights are named one by one, and secrets are read by name only."""
    roles: list[Any] = [each for each in access("kpack") if str(each["kind"]).endswith("Role")]
    rules = [rule for role in roles for rule in role["rules"]]

    assert not [rule for rule in rules if "*" in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])]
    assert not [rule for rule in rules if "secrets" in rule["resources"] and {"list", "watch"} & set(rule["verbs"])]


def test_the_authority_is_never_declared() -> None:
    """`caBundle` belongs to the webhook; a declared one would be taken back at each `up`."""
    assert "caBundle" not in json.dumps(webhook_configurations("kpack"))


def test_status_is_not_judged() -> None:
    """A webhook that is down must not stop the controller's reports."""
    for configuration in webhook_configurations("kpack"):
        (webhook,) = json.loads(json.dumps(configuration["webhooks"]))
        assert webhook["rules"][0]["resources"] == [
            "builders",
            "builds",
            "clusterbuilders",
            "images",
        ]


def test_definitions_are_awaited() -> None:
    """Custom resources come after their definition is served."""
    for definition in definitions():
        metadata = json.loads(json.dumps(definition["metadata"]))
        assert metadata["annotations"] == {"pulumi.com/waitFor": "condition=Established"}


def test_an_image_says_every_field() -> None:
    """Each argument lands in its field of kpack's API."""
    args = {
        "tag": "r.example/app:1",
        "additional_tags": ["r.example/app:2"],
        "source": {
            "registry": {"image": "r.example/src", "image_pull_secrets": ["pull"]},
            "sub_path": "app",
        },
        "cache_size": "2Gi",
        "failed_build_history_limit": 1,
        "success_build_history_limit": 2,
        "image_tagging_strategy": "None",
        "build": {
            "env": [{"name": "A", "value": "b"}],
            "resources": {"limits": {"memory": "1Gi"}},
            "bindings": [{"name": "db", "metadata": "db-metadata", "secret": "db-secret"}],
        },
        "namespace": "team",
    }

    found = image(image_metadata("app", args), args, builder={"kind": "Builder", "name": "b"}, service_account="bot")

    assert found == {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Image",
        "metadata": {
            "name": "app",
            "namespace": "team",
            "annotations": {
                "pulumi.com/waitFor": "condition=Settled",
                "pulumi.com/deletionPropagationPolicy": "background",
            },
        },
        "spec": {
            "tag": "r.example/app:1",
            "additionalTags": ["r.example/app:2"],
            "builder": {"kind": "Builder", "name": "b"},
            "serviceAccount": "bot",
            "source": {
                "registry": {"image": "r.example/src", "imagePullSecrets": [{"name": "pull"}]},
                "subPath": "app",
            },
            "cacheSize": "2Gi",
            "failedBuildHistoryLimit": 1,
            "successBuildHistoryLimit": 2,
            "imageTaggingStrategy": "None",
            "build": {
                "env": [{"name": "A", "value": "b"}],
                "resources": {"limits": {"memory": "1Gi"}},
                "bindings": [
                    {"name": "db", "metadataRef": {"name": "db-metadata"}, "secretRef": {"name": "db-secret"}}
                ],
            },
        },
    }


def test_secrets_carry_kpacks_annotations() -> None:
    """A login is found by the annotation that names its server."""
    registry = credentials.registry_login("r", "ns", "https://index.docker.io/v1/", username="u", password="p")
    git = credentials.git_key("g", "ns", "git@host", private_key="k")

    assert registry["metadata"] == {
        "name": "r",
        "namespace": "ns",
        "annotations": {"build.pivotal.io/docker": "https://index.docker.io/v1/"},
    }
    assert registry["type"] == "kubernetes.io/basic-auth"
    assert git["metadata"] == {"name": "g", "namespace": "ns", "annotations": {"build.pivotal.io/git": "git@host"}}
    assert git["stringData"] == {"ssh-privatekey": "k"}


@pytest.mark.parametrize(
    ("args", "fields"),
    [
        pytest.param(
            {"git": {"url": "u", "revision": "main", "initialize_submodules": True}, "sub_path": "app"},
            {"git": {"url": "u", "revision": "main", "initializeSubmodules": True}, "subPath": "app"},
            id="git with submodules",
        ),
        pytest.param(
            {"blob": {"url": "u", "strip_components": 1}},
            {"blob": {"url": "u", "stripComponents": 1}},
            id="an archive without its top folder",
        ),
        pytest.param(
            {"registry": {"image": "i", "image_pull_secrets": ["s"]}},
            {"registry": {"image": "i", "imagePullSecrets": [{"name": "s"}]}},
            id="an image",
        ),
    ],
)
def test_a_source_is_written_with_the_fields_of_the_api(args: dict[str, object], fields: dict[str, object]) -> None:
    """Words of Python become words of the API; what is not said is not written."""
    assert source(args) == fields
