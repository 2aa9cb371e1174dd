"""Push hooks as a program asks for them: what is refused, what is declared, what comes out."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc, set_mocks

from kpack_api.names import SOURCE_POLLING_ANNOTATION
from pulumi_kpack import BuildService, BuildServiceArgs
from pulumi_kpack.manifests.resources import image_metadata
from pulumi_kpack.rules import InvalidArgumentError, check_build_service, check_image
from tests.pulumi_kpack.test_network import IMAGE, Recorder

SECRET = "0123456789abcdef"
IMAGE_ARGS = {
    "tag": "registry.example.com/app",
    "builder": {"kind": "Builder", "name": "base"},
    "source": {"git": {"url": "https://git.example.com/app", "revision": "main"}},
}


def install(**args: Any) -> tuple[Recorder, dict[str, Any]]:
    """Install the service under mocks; what was declared, and the outputs that belong to hooks."""
    recorder, outputs = Recorder(), dict[str, Any]()
    set_mocks(recorder, preview=False)
    given: BuildServiceArgs = {"image": IMAGE, **args}  # type: ignore[typeddict-item]

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        service = BuildService("kpack", given)
        shown = pulumi.Output.all(service.hook_url, service.hook_secret, service.hook_secret.is_secret())
        return shown.apply(lambda values: outputs.update(zip(("url", "secret", "hidden"), values, strict=True)))

    program()
    return recorder, outputs


def pod(recorder: Recorder, process: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = recorder.seen[f"kpack-deployment-kpack-{process}"].inputs["spec"]["template"]["spec"]
    return found


def test_hooks_reach_the_controller() -> None:
    """A Service in front of its pods, a Secret that is mounted, and the variables that say so."""
    recorder, outputs = install(hooks={"signing_secret": SECRET})

    service = recorder.seen["kpack-service-kpack-hooks"].inputs["spec"]
    (container,) = pod(recorder, "controller")["containers"]
    environment = {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
    assert service["selector"] == {"app": "kpack-controller"}
    assert [port["targetPort"] for port in service["ports"]] == [8444]
    assert 8444 in [port["containerPort"] for port in container["ports"]]
    assert environment["HOOKS_SECRETS_PATH"] == "/var/hooks/secrets"
    assert environment["POD_IP"] == {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    assert "HOOKS_CERTIFICATE_PATH" not in environment
    mounted = {"name": "kpack-hooks", "mountPath": "/var/hooks/secrets", "readOnly": True}
    assert mounted in container["volumeMounts"]
    assert recorder.content("kpack-secret-kpack-hooks") == {"secret": SECRET}
    assert outputs == {"url": "https://kpack-hooks.kpack.svc/hooks", "secret": SECRET, "hidden": True}


def test_hooks_are_off_by_default() -> None:
    """No Service, no Secret, no port; the outputs are empty."""
    recorder, outputs = install()

    assert not [name for name in recorder.seen if "hooks" in name]
    assert "hooks" not in json.dumps([pod(recorder, name) for name in ("controller", "webhook")])
    assert outputs == {"url": "", "secret": "", "hidden": True}


def test_all_that_can_be_said_about_hooks() -> None:
    """Two secrets, the host by which senders come, a certificate; the webhook's pods have nothing of it."""
    hooks = {
        "signing_secret": pulumi.Output.secret(SECRET),
        "previous_signing_secret": "the-secret-before-this-one",
        "outside_host": "hooks.example.com:8443",
        "certificate_secret": "hooks-certificate",
    }
    recorder, outputs = install(hooks=hooks, namespace="builds")

    assert recorder.content("kpack-secret-kpack-hooks") == {"secret": SECRET, "previous": "the-secret-before-this-one"}
    volumes = {each["name"]: each for each in pod(recorder, "controller")["volumes"]}
    assert volumes["kpack-hooks-certificate"]["secret"]["secretName"] == "hooks-certificate"
    (container,) = pod(recorder, "controller")["containers"]
    assert {"name": "HOOKS_CERTIFICATE_PATH", "value": "/var/hooks/certificate"} in container["env"]
    assert outputs["url"] == "https://hooks.example.com:8443/hooks"
    assert "hooks" not in json.dumps(pod(recorder, "webhook"))


def test_the_secret_is_told_to_one_object_only() -> None:
    """Nothing else that is declared has it, and there it is hidden."""
    recorder, _ = install(hooks={"signing_secret": SECRET})

    assert {name for name, args in recorder.seen.items() if SECRET in json.dumps(args.inputs)} == {
        "kpack-secret-kpack-hooks"
    }
    assert rpc.is_rpc_secret(recorder.seen["kpack-secret-kpack-hooks"].inputs["stringData"])


@pytest.mark.parametrize(
    ("hooks", "says"),
    [
        ({}, "hooks.signing_secret"),
        ({"signing_secret": "short"}, "at least 16 letters"),
        ({"signing_secret": ""}, "hooks.signing_secret: is missing"),
        ({"signing_secret": SECRET, "previous_signing_secret": "short"}, "hooks.previous_signing_secret"),
        ({"signing_secret": SECRET, "outside_host": "https://hooks.example.com"}, "without https:// and path"),
        ({"signing_secret": SECRET, "certificate_secret": "Not A Name"}, "hooks.certificate_secret"),
        ({"signing_secret": SECRET, "host": "hooks.example.com"}, "hooks.host"),
    ],
    ids=["none", "short", "empty", "short previous", "URL", "name", "unknown"],
)
def test_hooks_that_are_refused(hooks: Mapping[str, object], says: str) -> None:
    """Each says what to write; a secret is never quoted."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_build_service("kpack", {"image": IMAGE, "hooks": hooks})

    assert says in str(caught.value)
    assert "short'" not in str(caught.value)


def test_an_images_interval_of_polling_is_an_annotation() -> None:
    """Beside those that the program gives."""
    args = {"source_polling": "10m", "annotations": {"example.com/owner": "team"}}
    found: Any = image_metadata("app", args)["annotations"]

    assert found[SOURCE_POLLING_ANNOTATION] == "10m"
    assert found["example.com/owner"] == "team"
    assert SOURCE_POLLING_ANNOTATION not in json.dumps(image_metadata("app", {}))


@pytest.mark.parametrize("pace", ["off", "90s", "12h"])
def test_an_interval_is_taken(pace: str) -> None:
    """As the controller reads it."""
    check_image("app", {**IMAGE_ARGS, "source_polling": pace})


@pytest.mark.parametrize("pace", ["5s", "never", "10", ""])
def test_an_interval_is_refused(pace: str) -> None:
    """The problem says what to write."""
    with pytest.raises(InvalidArgumentError, match="write off, or 90s, 10m, 12h, at least 10s"):
        check_image("app", {**IMAGE_ARGS, "source_polling": pace})
