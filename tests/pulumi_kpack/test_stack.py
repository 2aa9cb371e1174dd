"""The project's own program: its configuration is read once, and it declares everything under Pulumi's mocks."""

import json
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks

from tests.fakes.tls import Authority

STACKS = Path(__file__).parent.parent.parent / "stacks"
PROJECT = "pulumi-kpack"
APPLICATION = {
    "builderImage": "registry.example.com/builder:1",
    "tag": "registry.example.com/app:1",
    "gitUrl": "https://git.example.com/app.git",
}
GIVEN = {**APPLICATION, "reconcilerImage": "registry.example.com/kpack@sha256:1"}
BUILT = {**APPLICATION, "reconcilerRepository": "registry.example.com/kpack"}
LOGINS = {
    f"{kind}{word}": value
    for kind in ("registry", "git")
    for word, value in (("Server", "https://server.example.com"), ("Username", "user"), ("Password", "secret"))
}


class Recorder(Mocks):
    """Keeps what is registered; an Image that is read back was built."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared, with a status."""
        self.seen[args.name] = args
        outputs = {"status": {"latestImage": "registry.example.com/app@sha256:2"}, "ref": "built@sha256:3"}
        if args.typ == "pulumi:pulumi:StackReference":
            told = {"image": "registry.example.com/app@sha256:2", "builtAt": "2026-01-01T00:00:00Z"}
            return args.name, {"name": args.name, "outputs": told}
        return args.resource_id or args.name, {**args.inputs, **outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: the program looks nothing up."""
        raise AssertionError(f"no invoke: {args.token}")


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.syspath_prepend(str(STACKS))
    yield monkeypatch
    set_all_config({})


def declare(values: Mapping[str, str]) -> dict[str, MockResourceArgs]:
    recorder = Recorder()
    set_mocks(recorder, project=PROJECT, preview=False)
    set_all_config({f"{PROJECT}:{key}": value for key, value in values.items()})

    @pulumi.runtime.test
    def program() -> None:
        runpy.run_path(str(STACKS / "__main__.py"))

    program()
    return recorder.seen


@pytest.mark.usefixtures("stacks")
def test_the_stack_declares_service_and_application() -> None:
    """A given image runs the service, the application is built with the account of its namespace."""
    seen = declare({**GIVEN, "namespace": "team"})

    assert seen["go-sample-app-image"].inputs["spec"]["serviceAccount"] == "kpack-bot"
    assert seen["go-sample-app-image"].inputs["metadata"]["namespace"] == "team"
    assert seen["sample-builder-builder"].inputs["spec"]["image"] == APPLICATION["builderImage"]
    assert "reconciler-image" not in seen
    assert "regcred-secret" not in seen


@pytest.mark.usefixtures("stacks")
def test_without_an_image_the_reconciler_is_built() -> None:
    """A repository instead of an image means: build it and run what was pushed."""
    seen = declare({**BUILT, "reconcilerBase": "python", "reconcilerBuilder": "local"})

    (container,) = seen["kpack-deployment-kpack-controller"].inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "built@sha256:3"
    assert seen["reconciler-image"].inputs["builder"] == {"name": "local"}


@pytest.mark.usefixtures("stacks")
def test_logins_of_the_configuration_reach_the_account() -> None:
    """Registry and git logins become Secrets that the account names."""
    seen = declare({**GIVEN, **LOGINS})

    assert seen["kpack-bot-serviceaccount"].inputs["secrets"] == [{"name": "regcred"}, {"name": "gitcred"}]
    assert "secret" not in json.dumps(seen["kpack-bot-serviceaccount"].inputs["metadata"])


@pytest.mark.usefixtures("stacks")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(APPLICATION, "either reconcilerImage", id="neither an image nor a repository"),
        pytest.param({**GIVEN, **BUILT}, "either reconcilerImage", id="both an image and a repository"),
        pytest.param({**GIVEN, "replicas": "0"}, "replicas: 0 is too small", id="no replicas"),
        pytest.param({**GIVEN, "logLevel": "loud"}, "debug, info", id="an unknown log level"),
        pytest.param({**GIVEN, "tag": "App"}, "lower case", id="an invalid tag"),
    ],
)
def test_a_wrong_configuration_is_refused(values: Mapping[str, str], message: str) -> None:
    """The text names the key and what to do."""
    with pytest.raises((pulumi.RunError, ValueError), match=message):
        declare(values)


@pytest.mark.usefixtures("stacks")
@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_committed_stacks_are_complete(stack: str) -> None:
    """Staging and prod need nothing but passwords beside what is committed."""
    config = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]

    seen = declare({key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()})

    (job,) = (each.inputs for each in seen.values() if each.typ.endswith(":Job"))
    assert job["metadata"]["namespace"] == stack
    assert "registry.example.com/app@sha256:2" in json.dumps(job)
    assert not [each.typ for each in seen.values() if each.typ.endswith(("v1alpha1:Image", "v1alpha1:Builder"))]


@pytest.mark.usefixtures("stacks")
def test_logins_of_both_registries_reach_the_promotion() -> None:
    """The registry that is read and the one that is written to may ask for different logins."""
    source = {f"sourceRegistry{word}": value for word, value in (("Server", "s"), ("Username", "u"), ("Password", "p"))}
    promotion = {"promoteFrom": "organization/pulumi-kpack/dev", "tag": "prod.example.com/app:1"}

    seen = declare({**promotion, "reconcilerImage": GIVEN["reconcilerImage"], **LOGINS, **source})

    assert {"promotion-1-secret", "promotion-2-secret"} <= seen.keys()


@pytest.mark.usefixtures("stacks")
def test_the_companys_network_is_configured(tmp_path: Path) -> None:
    """Certificates come from a file, proxies from the configuration."""
    file = tmp_path / "ca.pem"
    file.write_text(Authority().pem)
    proxy = {"httpsProxy": "http://u:p@proxy:3128", "noProxy": ".corp,10.0.0.1", "buildNamespaces": "default"}

    seen = declare({**GIVEN, "certificatesFile": str(file), **proxy})

    assert seen["kpack-certificates"].inputs["data"] == {"certificates.pem": file.read_text()}
    assert "u:p@proxy" in json.dumps(seen["kpack-proxy-default"].inputs)
    assert ".corp,10.0.0.1" in json.dumps(seen["kpack-proxy"].inputs)


@pytest.mark.usefixtures("stacks")
def test_push_hooks_are_configured() -> None:
    """With their secret, and not without."""
    with_hooks = {**GIVEN, "hookSecret": "0123456789abcdef"}

    assert "kpack-service-kpack-hooks" in declare(with_hooks)
    assert "kpack-service-kpack-hooks" not in declare(GIVEN)


@pytest.mark.usefixtures("stacks")
def test_known_run_images_are_a_rule_of_the_promotion() -> None:
    """A list of the configuration, as `kpack pin` pins it."""
    promotion = {"promoteFrom": "organization/pulumi-kpack/dev", "tag": "prod.example.com/app:1"}
    known = [f"registry.example.com/run:base@sha256:{'1' * 64}"]

    seen = declare({**promotion, "reconcilerImage": GIVEN["reconcilerImage"], "knownRunImages": json.dumps(known)})

    (job,) = (each.inputs for each in seen.values() if each.typ.endswith(":Job"))
    assert known[0] in json.dumps(job)
