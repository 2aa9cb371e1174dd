"""The argument lists are those with which whole pods ran under the `restricted` Pod Security level."""

import json

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from kpack_api.core import Container, EnvVar, Pod, ResourceRequirements
from kpack_api.names import build_pod_name
from kpack_api.types import Binding, BlobSource, Build, GitSource, LastBuild, RegistrySource, Source
from kpack_api.wire import LocalObjectReference, to_manifest
from kpack_reconciler.decide.build_pod import InvalidSubPathError, build_pod
from kpack_reconciler.decide.build_pod_secrets import ForbiddenBindingError
from kpack_reconciler.decide.platform_api import IncompatiblePlatformError, choose_platform_api
from kpack_reconciler.model.facts import BuilderImage, Credentials, SecretSeen
from tests import make

TAG = make.TAG
TAG2 = f"{TAG}:b1.20260609.040000"
PREVIOUS = f"{TAG}@{make.digest('f')}"
RUN = make.RUN_IMAGE


def made(build: Build | None = None, image: BuilderImage | None = None, credentials: Credentials | None = None) -> Pod:
    return build_pod(
        build or make.running_build(),
        image or make.builder_image(),
        credentials or make.credentials(),
        make.SETTINGS,
    )


def changed(**spec: object) -> Build:
    build = make.running_build()
    return replace(build, spec=replace(build.spec, **spec))


def steps(pod: Pod) -> dict[str, Container]:
    return {container.name: container for container in (*pod.spec.init_containers, *pod.spec.containers)}


def step_args(pod: Pod) -> dict[str, list[str]]:
    return {name: list(container.args) for name, container in steps(pod).items()}


def mounted(container: Container) -> dict[str, str]:
    return {mount.mount_path: mount.name for mount in container.volume_mounts}


def everything() -> Build:
    """A Build that uses every field."""
    build = changed(
        cache_name="app-cache",
        env=(EnvVar(name="MODE", value="a&b"),),
        resources=ResourceRequirements(requests={"cpu": "500m"}, limits={"memory": "1Gi"}),
        bindings=(
            Binding(
                name="db.main",
                metadata_ref=LocalObjectReference(name="db-metadata"),
                secret_ref=LocalObjectReference(name="db-secret"),
            ),
        ),
        builder_image_pull_secrets=(LocalObjectReference(name="pull"),),
        source=make.git_source(make.REVISION, sub_path="/web"),
        last_build=LastBuild(image=PREVIOUS, stack_id=make.STACK_ID),
    )
    return replace(build, metadata=replace(build.metadata, annotations={**build.metadata.annotations, "k": "v"}))


@pytest.mark.parametrize("image", [make.builder_image(), make.old_builder_image()], ids=["0.15", "0.3"])
def test_the_whole_pod_is_as_reviewed(image: BuilderImage, snapshot: SnapshotAssertion) -> None:
    """The manifest of each generation, refreshed by `--snapshot-update` and reviewed."""
    manifest = to_manifest(made(everything(), image), api_version="v1", kind="Pod")

    assert json.dumps(manifest, indent=2) == snapshot


def test_from_platform_api_0_7_on_analyze_comes_first() -> None:
    """It names the run image and all tags; the exporter reads what it found."""
    pod = made(changed(last_build=LastBuild(image=PREVIOUS)))

    assert step_args(pod) == {
        "prepare": ["prepare", "-basic-docker=regcred=https://registry.example"],
        "analyze": [
            "-layers=/layers",
            "-analyzed=/layers/analyzed.toml",
            f"-run-image={RUN}",
            f"-tag={TAG2}",
            f"-previous-image={PREVIOUS}",
            TAG,
        ],
        "detect": ["-app=/workspace", "-group=/layers/group.toml", "-plan=/layers/plan.toml"],
        "restore": [
            "-group=/layers/group.toml",
            "-layers=/layers",
            "-cache-dir=/cache",
            "-analyzed=/layers/analyzed.toml",
        ],
        "build": ["-layers=/layers", "-app=/workspace", "-group=/layers/group.toml", "-plan=/layers/plan.toml"],
        "export": [
            "-layers=/layers",
            "-app=/workspace",
            "-group=/layers/group.toml",
            "-analyzed=/layers/analyzed.toml",
            "-project-metadata=/projectMetadata/project-metadata.toml",
            "-cache-dir=/cache",
            "-report=/var/report/report.toml",
            TAG,
            TAG2,
        ],
        "completion": ["completion"],
    }
    assert [container.name for container in pod.spec.init_containers] == list(step_args(pod))[:-1]
    assert "/cache" not in mounted(steps(pod)["analyze"])


def test_at_platform_api_0_3_detect_comes_first() -> None:
    """Analyze reads the detected group and the cache, and looks at the last image, or else the tag."""
    pod = made(image=make.old_builder_image())
    again = made(changed(last_build=LastBuild(image=PREVIOUS)), make.old_builder_image())

    order = ["prepare", "detect", "analyze", "restore", "build", "export"]
    assert [container.name for container in pod.spec.init_containers] == order
    analyze = [
        "-layers=/layers",
        "-group=/layers/group.toml",
        "-analyzed=/layers/analyzed.toml",
        "-cache-dir=/cache",
    ]
    assert step_args(pod)["analyze"] == [*analyze, TAG]
    assert step_args(again)["analyze"] == [*analyze, PREVIOUS]
    assert step_args(pod)["restore"] == ["-group=/layers/group.toml", "-layers=/layers", "-cache-dir=/cache"]
    assert step_args(pod)["export"] == step_args(made())["export"]
    assert mounted(steps(pod)["analyze"])["/cache"] == "cache-dir"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("0.2", "0.3"), "0.3"),
        (("0.3", "0.4"), "0.3"),
        (("0.4",), "0.4"),
        (("0.3", "0.4", "0.5", "0.6", "0.7", "0.8"), "0.8"),
        (("0.7", "0.8", "0.9", "0.10"), "0.10"),
        (("0.15", "0.7", "0.16", "1.0"), "0.15"),
    ],
)
def test_the_highest_platform_api_that_both_speak_is_taken(offered: tuple[str, ...], chosen: str) -> None:
    """Versions are compared as numbers; 0.4 only where there is nothing else."""
    pod = made(image=make.builder_image(platform_apis=offered))

    assert choose_platform_api(offered) == chosen
    for name in ("analyze", "detect", "restore", "build", "export"):
        assert EnvVar(name="CNB_PLATFORM_API", value=chosen) in steps(pod)[name].env


@pytest.mark.parametrize(("offered", "listed"), [(("0.2", "0.999"), "0.2,0.999"), ((), "none")])
def test_no_common_platform_api_is_refused(offered: tuple[str, ...], listed: str) -> None:
    """The text lists what the builder speaks, and what it should."""
    with pytest.raises(IncompatiblePlatformError, match=f"^incompatible builder platform API version: {listed};"):
        made(image=make.builder_image(platform_apis=offered))


def test_the_pod_is_named_labelled_and_owned_as_in_kpack() -> None:
    """The Build's labels and annotations, its name as a label, its UID as the controller's."""
    build = make.running_build()

    metadata = made(build).metadata

    assert metadata.name == build_pod_name(build.metadata.name)
    assert metadata.labels == {**build.metadata.labels, "build.pivotal.io/build": build.metadata.name}
    assert metadata.annotations == build.metadata.annotations
    assert [(owner.kind, owner.uid, owner.controller) for owner in metadata.owner_references] == [
        ("Build", build.metadata.uid, True)
    ]


def test_every_container_is_admitted_under_restricted() -> None:
    """Non-root as the builder's user, no capabilities, no token; a read-only root but where foreign code runs."""
    pod = made(everything())

    security = pod.spec.security_context
    assert security is not None
    assert (security.run_as_user, security.run_as_group, security.fs_group) == (1000, 1001, 1001)
    assert pod.spec.automount_service_account_token is False
    for name, container in steps(pod).items():
        context = container.security_context
        assert context is not None
        assert (context.run_as_non_root, context.allow_privilege_escalation, context.privileged) == (True, False, False)
        assert context.capabilities.drop == ("ALL",)
        assert context.read_only_root_filesystem is (name not in ("detect", "build"))
        assert container.termination_message_policy == "FallbackToLogsOnError"
        assert mounted(container)["/tmp"] == "tmp-dir"
        assert container.resources == everything().spec.resources


def test_foreign_code_sees_no_credentials() -> None:
    """Secrets are prepare's alone; the docker config in the home directory is not seen by detect and build."""
    pod = made(everything())

    for name, container in steps(pod).items():
        assert ("/var/build-secrets/regcred" in mounted(container)) is (name == "prepare")
        assert ("/builder/home" in mounted(container)) is (name not in ("detect", "build"))
        assert (EnvVar(name="HOME", value="/builder/home") in container.env) is (name not in ("detect", "build"))


@pytest.mark.parametrize(
    ("secret", "flags"),
    [
        (("a", "kubernetes.io/basic-auth", {"docker": "acr.io"}), ["-basic-docker=a=acr.io"]),
        (("a", "kubernetes.io/dockerconfigjson", {}), ["-dockerconfig=a"]),
        (("a", "kubernetes.io/dockercfg", {}), ["-dockercfg=a"]),
        (("a", "kubernetes.io/basic-auth", {"git": "https://git.example"}), ["-basic-git=a=https://git.example"]),
        (("a", "kubernetes.io/ssh-auth", {"git": "git.example"}), ["-ssh-git=a=git.example"]),
        (("a", "kubernetes.io/basic-auth", {"docker": "r", "git": "g"}), ["-basic-docker=a=r", "-basic-git=a=g"]),
        (("a", "kubernetes.io/basic-auth", {}), []),
        (("a", "Opaque", {"git": "g"}), []),
    ],
)
def test_prepare_is_told_what_each_secret_is_for(secret: tuple[str, str, dict[str, str]], flags: list[str]) -> None:
    """By type and annotation; an unrelated Secret is not mounted, one that is listed twice only once."""
    name, kind, annotations = secret
    full = tuple((f"build.pivotal.io/{key}", value) for key, value in annotations.items())
    seen = SecretSeen(name=name, type=kind, annotations=full)

    pod = made(credentials=Credentials(secrets=(seen, seen)))

    assert step_args(pod)["prepare"] == ["prepare", *flags]
    secrets = [volume.secret.secret_name for volume in pod.spec.volumes if volume.secret]
    assert secrets == (["a"] if flags else [])


def test_prepare_is_told_source_settings_and_reason() -> None:
    """By environment variables, the build's own ones as a JSON list."""
    pod = made(everything())

    environment = {variable.name: variable.value for variable in steps(pod)["prepare"].env}
    assert environment == {
        "HOME": "/builder/home",
        "GIT_URL": make.URL,
        "GIT_REVISION": make.REVISION,
        "SOURCE_SUB_PATH": "/web",
        "PLATFORM_ENV_VARS": '[{"name":"MODE","value":"a&b"}]',
        "IMAGE_TAG": TAG,
        "RUN_IMAGE": RUN,
        "BUILD_CHANGES": "CONFIG",
        "SERVICE_ACCOUNT": "team/bot",
    }
    sees = {name for name, step in steps(pod).items() if "project-metadata-dir" in mounted(step).values()}
    assert sees == {"prepare", "export"}


def test_a_value_means_what_it_says() -> None:
    """Kubernetes would replace `$(NAME)` and `$$` in a container's environment; doubled, the dollars arrive."""
    pod = made(changed(env=(EnvVar(name="PRICE", value="$(HOME) $$"),)))

    (value,) = [variable.value for variable in steps(pod)["prepare"].env if variable.name == "PLATFORM_ENV_VARS"]
    assert value == '[{"name":"PRICE","value":"$$(HOME) $$$$"}]'


def test_other_sources_reach_prepare_too() -> None:
    """A blob by its URL."""
    pod = made(changed(source=Source(blob=BlobSource(url="https://blob.example/app.zip"))))

    assert EnvVar(name="BLOB_URL", value="https://blob.example/app.zip") in steps(pod)["prepare"].env


def test_the_application_is_the_sub_path() -> None:
    """The lifecycle sees only that directory; prepare sees all of the source."""
    pod = made(everything())

    sub_paths = {
        name: mount.sub_path
        for name, container in steps(pod).items()
        for mount in container.volume_mounts
        if mount.name == "workspace-dir"
    }
    assert sub_paths == {"prepare": "", "analyze": "web", "detect": "web", "build": "web", "export": "web"}


def test_bindings_are_seen_by_detect_and_build() -> None:
    """Metadata and Secret of each below its name; volumes have names of their own, since a binding's may hold dots."""
    pod = made(everything())

    for name, container in steps(pod).items():
        there = "/platform/bindings/db.main/secret" in mounted(container)
        assert there is ("/platform/bindings/db.main/metadata" in mounted(container)) is (name in ("detect", "build"))


def test_a_binding_may_be_of_one_half() -> None:
    """What is not referred to is not mounted."""
    halves = (
        Binding(name="a", metadata_ref=LocalObjectReference(name="m")),
        Binding(name="b", secret_ref=LocalObjectReference(name="s")),
    )

    places = mounted(steps(made(changed(bindings=halves)))["detect"])

    assert {place for place in places if "bindings" in place} == {
        "/platform/bindings/a/metadata",
        "/platform/bindings/b/secret",
    }


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(make.credentials(), id="R170 of the account"),
        pytest.param(Credentials(account_secrets=frozenset({"regcred"})), id="R170 C112 of another account"),
        pytest.param(Credentials(missing=("regcred",)), id="of the account, not made yet"),
        pytest.param(Credentials(image_pull_secrets=(LocalObjectReference(name="regcred"),)), id="a pull secret"),
    ],
)
def test_a_binding_must_not_use_credentials_of_builds(known: Credentials) -> None:
    """In kpack's words; foreign code would see them. The name alone counts."""
    binding = Binding(name="b", secret_ref=LocalObjectReference(name="regcred"))

    with pytest.raises(ForbiddenBindingError, match=r'^build rejected: binding "b" uses forbidden secret "regcred"$'):
        made(changed(bindings=(binding,)), credentials=known)


def test_a_binding_must_not_use_the_builder_s_pull_secret() -> None:
    """It holds credentials of builds, too."""
    pull = LocalObjectReference(name="pull")

    with pytest.raises(ForbiddenBindingError):
        made(changed(bindings=(Binding(name="b", secret_ref=pull),), builder_image_pull_secrets=(pull,)))


@pytest.mark.parametrize("sub_path", ["../x", "a/../../x", ".."])
def test_a_sub_path_out_of_the_source_is_refused(sub_path: str) -> None:
    """Kubernetes would refuse the pod in words of its own."""
    with pytest.raises(InvalidSubPathError, match=r"correct spec\.source\.subPath"):
        made(changed(source=make.git_source(make.REVISION, sub_path=sub_path)))


@pytest.mark.parametrize(
    ("source", "flags", "environment"),
    [
        (Source(blob=BlobSource(url="u")), ["-blob=store=store.example"], {"BLOB_URL": "u"}),
        (
            Source(blob=BlobSource(url="u", strip_components=1)),
            ["-blob=store=store.example"],
            {"BLOB_URL": "u", "BLOB_STRIP_COMPONENTS": "1"},
        ),
        (Source(registry=RegistrySource(image="i")), [], {"REGISTRY_IMAGE": "i"}),
        (
            Source(git=GitSource(url="u", revision="r", initialize_submodules=True)),
            [],
            {"GIT_URL": "u", "GIT_REVISION": "r", "GIT_INITIALIZE_SUBMODULES": "true"},
        ),
    ],
)
def test_prepare_is_told_of_the_source(source: Source, flags: list[str], environment: dict[str, str]) -> None:
    """And sees a Secret for blobs only where the source is one (C47)."""
    store = SecretSeen(name="store", type="Opaque", annotations=(("build.pivotal.io/blob", "store.example"),))

    prepare = steps(made(changed(source=source), credentials=Credentials(secrets=(store,))))["prepare"]

    about = {v.name: v.value for v in prepare.env if v.name.startswith(("GIT_", "BLOB_", "REGISTRY_"))}
    assert ([arg for arg in prepare.args if arg.startswith("-blob")], about) == (flags, environment)


def test_there_is_always_a_cache_directory() -> None:
    """A claim where the Build names one, else an empty directory."""
    with_claim = {volume.name: volume for volume in made(everything()).spec.volumes}["cache-dir"]
    without = {volume.name: volume for volume in made().spec.volumes}["cache-dir"]

    assert with_claim.persistent_volume_claim is not None
    assert with_claim.persistent_volume_claim.claim_name == "app-cache"
    assert without.empty_dir is not None


def test_pull_secrets_are_the_builder_s_and_the_account_s() -> None:
    """Each once; the first ones of builder and source are also shown to prepare."""
    names = [LocalObjectReference(name=name) for name in ("pull", "more")]
    source = Source(registry=RegistrySource(image="src", image_pull_secrets=(LocalObjectReference(name="src-pull"),)))
    build = changed(builder_image_pull_secrets=(names[0],), source=source)

    pod = made(build, credentials=Credentials(image_pull_secrets=tuple(names)))

    assert list(pod.spec.image_pull_secrets) == names
    volumes = {volume.name: volume.secret.secret_name for volume in pod.spec.volumes if volume.secret}
    assert volumes == {"builder-pull-secrets-dir": "pull", "image-pull-secrets-dir": "src-pull"}
    assert EnvVar(name="REGISTRY_IMAGE", value="src") in steps(pod)["prepare"].env


def test_every_mount_has_its_volume() -> None:
    """And volume names are unique and fit for Kubernetes."""
    pod = made(everything())

    names = [volume.name for volume in pod.spec.volumes]
    assert len(names) == len(set(names))
    assert {name for container in steps(pod).values() for name in mounted(container).values()} <= set(names)
    assert all("." not in name and len(name) <= 63 for name in names)
