"""The components under Pulumi's mocks: what is registered, in which order, and what comes out."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc, set_mocks

from kpack_api.types import BuildpackMetadata, BuildStack, LatestSuccess
from pulumi_kpack import (
    Builder,
    BuildService,
    BuildServiceAccount,
    ClusterBuilder,
    GitCredentials,
    Image,
    RegistryCredentials,
    SourceArgs,
)
from pulumi_kpack.image import checked_status, failure_message

DIGEST = "r.example/app@sha256:1"
STATUS = {
    "latestImage": DIGEST,
    "latestBuildRef": "app-build-1-xxxxx",
    "conditions": [{"type": "Ready", "status": "True"}],
}
SUCCESS = msgspec.to_builtins(
    LatestSuccess(
        build_ref="app-build-1-xxxxx",
        revision="c0ffee",
        build_metadata=(BuildpackMetadata(id="go", version="1"),),
        stack=BuildStack(run_image="r.example/run@sha256:2"),
        completion_time="2026-01-01T00:00:00Z",
    )
)
"""As the controller writes it."""
FAILED = {"conditions": [{"type": "Ready", "status": "False", "message": "build failed: step detect exit 20: no"}]}
SOURCE: SourceArgs = {"git": {"url": "https://git.example.com/app.git", "revision": "main"}}


class Recorder(Mocks):
    """Keeps what is registered; an Image that is read back has a status."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}
        self.status: Mapping[str, Any] = STATUS

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared."""
        self.seen[args.name] = args
        if args.typ == "docker-build:index:Image":
            return args.name, {**args.inputs, "ref": DIGEST}
        status = {"status": self.status} if args.typ.endswith(":Image") else {}
        live = {"metadata": {**(args.inputs.get("metadata") or {}), "uid": "1"}}
        return args.resource_id or f"default/{args.name}", {**args.inputs, **live, **status}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")


@pytest.fixture
def registered() -> Recorder:
    recorder = Recorder()
    set_mocks(recorder, preview=False)
    return recorder


def test_the_service_registers_its_objects(registered: Recorder) -> None:
    """One component registers namespace, definitions, rights, registration and both Deployments."""

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        limits = {"max_concurrent_builds": 40, "max_concurrent_builds_per_namespace": 10}
        return BuildService("kpack", {"image": DIGEST, "source_poll_seconds": 5, **limits}).namespace  # type: ignore[typeddict-item]

    program()

    kinds = [args.typ.rpartition(":")[2] for args in registered.seen.values() if not args.resource_id]
    assert kinds.count("CustomResourceDefinition") == 5
    assert kinds.count("Deployment") == 2
    assert kinds.count("PodDisruptionBudget") == 2
    controller = registered.seen["kpack-deployment-kpack-controller"].inputs
    (container,) = controller["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert values["BUILD_INIT_IMAGE"] == DIGEST
    assert values["SOURCE_POLLING_FREQUENCY"] == "5"
    assert (values["MAX_CONCURRENT_BUILDS"], values["MAX_CONCURRENT_BUILDS_PER_NAMESPACE"]) == ("40", "10")


def test_an_image_names_its_components_and_shows_its_result(registered: Recorder) -> None:
    """Builder and account are referred to by name; the outputs are those of the object that was read back."""
    found: list[object] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        hub = RegistryCredentials("regcred", {"username": "u", "password": "p"})
        key = GitCredentials("gitcred", {"url": "git@host", "ssh_private_key": "k"})
        bot = BuildServiceAccount("bot", {"credentials": [hub, key]})
        builder = Builder("builder", {"image": "r.example/builder"})
        app = Image("app", {"tag": "r.example/app", "builder": builder, "service_account": bot, "source": SOURCE})
        return pulumi.Output.all(app.latest_image, app.digest, app.latest_build, app.tags).apply(found.extend)

    program()

    assert found == [DIGEST, "sha256:1", "app-build-1-xxxxx", ["r.example/app"]]
    spec = registered.seen["app-image"].inputs["spec"]
    assert spec["builder"] == {"kind": "Builder", "name": "builder"}
    assert spec["serviceAccount"] == "bot"
    assert registered.seen["bot-serviceaccount"].inputs["secrets"] == [{"name": "regcred"}, {"name": "gitcred"}]
    assert registered.seen["app-seen"].resource_id == "default/app-image"


def test_an_image_shows_what_it_was_made_of(registered: Recorder) -> None:
    """Commit, buildpacks, run image and time are those of the Build that made the newest image."""
    registered.status = {**STATUS, "latestSuccess": SUCCESS}
    found: list[object] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        app = Image.get("app", "apps/app")
        return pulumi.Output.all(app.revision, app.buildpacks, app.run_image, app.built_at).apply(found.extend)

    program()

    assert found == ["c0ffee", [{"id": "go", "version": "1"}], "r.example/run@sha256:2", "2026-01-01T00:00:00Z"]
    assert registered.seen["app-seen"].resource_id == "apps/app"


def test_an_image_that_was_never_built_shows_nothing(registered: Recorder) -> None:
    """Before the first build every output of the result is empty, none is missing."""
    registered.status = {}
    found: list[object] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        app = Image.get("app", "apps/app")
        results = (app.latest_image, app.digest, app.revision, app.buildpacks, app.run_image, app.built_at, app.tags)
        return pulumi.Output.all(*results).apply(found.extend)

    program()

    assert found == ["", "", "", [], "", "", []]


@pytest.mark.parametrize(
    ("wait", "annotations"),
    [
        pytest.param("built", {"pulumi.com/waitFor": "condition=Settled"}, id="until the build has ended"),
        pytest.param("accepted", {"pulumi.com/waitFor": "jsonpath={.status.observedGeneration}"}, id="until seen"),
        pytest.param("none", {"pulumi.com/skipAwait": "true"}, id="not at all"),
    ],
)
def test_what_up_waits_for_is_chosen(registered: Recorder, wait: str, annotations: dict[str, str]) -> None:
    """`wait` becomes the provider's annotation; a failed build fails only an `up` that waits for it."""
    registered.status = FAILED

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        builder = {"name": "builder"}
        return Image("app", {"tag": "r.example/app", "builder": builder, "source": SOURCE, "wait": wait}).latest_image

    if wait == "built":
        with pytest.raises(pulumi.RunError, match="build failed: step detect exit 20"):
            program()
    else:
        program()

    expected = {**annotations, "pulumi.com/deletionPropagationPolicy": "background"}
    assert registered.seen["app-image"].inputs["metadata"]["annotations"] == expected


def test_secrets_are_never_plain(registered: Recorder) -> None:
    """Passwords, keys and docker configurations stay secret outputs, in every form of a login."""
    found: list[bool] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        RegistryCredentials("login", {"username": "u", "password": "p"})
        RegistryCredentials("config", {"docker_config_json": "{}"})
        GitCredentials("key", {"url": "git@host", "ssh_private_key": "k", "known_hosts": "host ssh-ed25519 AAAA"})
        git = GitCredentials("git", {"url": "https://git.example.com", "username": "u", "password": "p"})
        return git.secret_name.apply(lambda _: found.append(True))

    program()

    assert found == [True]
    assert registered.seen["config-secret"].inputs["type"] == "kubernetes.io/dockerconfigjson"
    kept = registered.seen["key-secret"].inputs["stringData"]
    assert kept[rpc._special_sig_key] == rpc._special_secret_sig
    assert kept["value"] == {"ssh-privatekey": "k", "known_hosts": "host ssh-ed25519 AAAA"}
    assert registered.seen["git-secret"].inputs["metadata"]["annotations"] == {
        "build.pivotal.io/git": "https://git.example.com"
    }


def test_a_cluster_builder_has_no_namespace(registered: Recorder) -> None:
    """It serves Images of every namespace."""

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        return ClusterBuilder("builder", {"image": "r.example/builder"}).builder_name

    program()

    found = registered.seen["builder-clusterbuilder"].inputs["metadata"]
    assert found == {"name": "builder", "annotations": {"pulumi.com/deletionPropagationPolicy": "background"}}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param({}, None, id="an Image without conditions is at work"),
        pytest.param(STATUS, None, id="a ready Image has no failure"),
        pytest.param(FAILED, "build failed: step detect exit 20: no", id="a failure has the build's own words"),
        pytest.param(
            {"conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed"}]},
            "BuildFailed",
            id="without a message the reason is told",
        ),
    ],
)
def test_the_failure_is_what_ready_says(status: Mapping[str, Any], message: str | None) -> None:
    """Only `Ready=False` is a failure, told in its own words."""
    assert failure_message(status) == message


@pytest.mark.usefixtures("registered")
def test_a_failed_build_fails_the_update() -> None:
    """`pulumi up` ends with the build's own words, behind the Image's name."""
    with pytest.raises(pulumi.RunError, match="Image app: build failed: step detect exit 20: no"):
        checked_status("app", FAILED)


def test_a_preview_does_not_judge() -> None:
    """A preview that fixes a failed Image must not fail by the old status."""
    set_mocks(Recorder(), preview=True)

    assert checked_status("app", FAILED) == FAILED
