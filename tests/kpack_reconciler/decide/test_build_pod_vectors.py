"""The build pod of kpack v0.0.9, Secrets first, then phases; the numbers are those of `docs/parity.md`."""

import pytest
from msgspec.structs import replace

from kpack_api.core import Container, Pod
from kpack_api.types import Binding, Build, LastBuild, RegistrySource, Source
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.decide.build_pod import build_pod
from kpack_reconciler.decide.platform_api import IncompatiblePlatformError, choose_platform_api
from kpack_reconciler.model.facts import BuilderImage, Credentials, SecretSeen
from tests import make

PREVIOUS = f"{make.TAG}@{make.digest('f')}"
TAG2, TAG3 = f"{make.TAG}:t2", f"{make.TAG}:t3"


def secret(name: str, kind: str, **annotations: str) -> SecretSeen:
    named = tuple((f"build.pivotal.io/{key}", value) for key, value in annotations.items())
    return SecretSeen(name=name, type=f"kubernetes.io/{kind}", annotations=named)


SECRETS = (
    secret("git-1", "basic-auth", git="https://github.com"),
    secret("git-2", "ssh-auth", git="https://bitbucket.com"),
    secret("reg-1", "basic-auth", docker="acr.io"),
    secret("plain", "basic-auth"),
    secret("reg-2", "dockerconfigjson"),
    secret("reg-3", "dockercfg"),
    secret("dotted.name", "dockerconfigjson"),
    secret("odd", "service-account-token"),
)
ACCOUNT = Credentials(secrets=SECRETS)


def changed(**spec: object) -> Build:
    build = make.running_build()
    return replace(build, spec=replace(build.spec, **{"tags": (make.TAG, TAG2, TAG3), **spec}))


def made(build: Build, image: BuilderImage | None = None, credentials: Credentials = ACCOUNT) -> Pod:
    return build_pod(build, image or make.builder_image(), credentials, make.SETTINGS)


def step(pod: Pod, name: str) -> Container:
    (container,) = (one for one in (*pod.spec.init_containers, *pod.spec.containers) if one.name == name)
    return container


def flags(pod: Pod) -> list[str]:
    return [argument for argument in step(pod, "prepare").args if argument.startswith("-")]


def secrets_of(pod: Pod) -> list[str]:
    return [volume.secret.secret_name for volume in pod.spec.volumes if volume.secret]


def volumes_of(pod: Pod, name: str) -> list[str]:
    return [mount.name for mount in step(pod, name).volume_mounts if mount.name != "tmp-dir"]


def test_secrets_are_told_in_the_account_s_order() -> None:
    """R142, C44: one flag for each use of a Secret."""
    assert flags(made(changed())) == [
        "-basic-git=git-1=https://github.com",
        "-ssh-git=git-2=https://bitbucket.com",
        "-basic-docker=reg-1=acr.io",
        "-dockerconfig=reg-2",
        "-dockercfg=reg-3",
        "-dockerconfig=dotted.name",
    ]


def test_secrets_of_use_are_mounted() -> None:
    """R143, C45, C46: no other one is; a dotted name makes no dotted volume."""
    pod = made(changed())

    assert secrets_of(pod) == ["git-1", "git-2", "reg-1", "reg-2", "reg-3", "dotted.name"]
    places = {mount.mount_path for mount in step(pod, "prepare").volume_mounts}
    assert {f"/var/build-secrets/{name}" for name in secrets_of(pod)} <= places
    assert all("." not in volume.name for volume in pod.spec.volumes)


def test_a_secret_listed_several_times_is_mounted_once() -> None:
    """R165, C54: also when it stands among the pull secrets."""
    thrice = Credentials(secrets=SECRETS[2:3] * 3, image_pull_secrets=(LocalObjectReference(name="reg-1"),) * 2)

    pod = made(changed(), credentials=thrice)

    assert (flags(pod), secrets_of(pod)) == (["-basic-docker=reg-1=acr.io"], ["reg-1"])


def test_a_pull_secret_named_twice_is_one() -> None:
    """R161, C50: by the account and by the builder."""
    pull = (LocalObjectReference(name="pull"),)

    pod = made(changed(builder_image_pull_secrets=pull), credentials=Credentials(image_pull_secrets=pull))

    assert (secrets_of(pod).count("pull"), pod.spec.image_pull_secrets) == (1, pull)


def test_the_pod_pulls_with_the_builder_s_secrets() -> None:
    """C51: and with the account's, whose own token is not mounted."""
    pod = made(changed(builder_image_pull_secrets=(LocalObjectReference(name="b-pull"),)))

    assert pod.spec.image_pull_secrets == (LocalObjectReference(name="b-pull"),)


@pytest.mark.parametrize(
    ("pull_secrets", "mounted"),
    [
        pytest.param((LocalObjectReference(name="rp"), LocalObjectReference(name="x")), "rp", id="R146 C52 named"),
        pytest.param((), None, id="C52 none"),
    ],
)
def test_a_registry_source_has_its_pull_secret(
    pull_secrets: tuple[LocalObjectReference, ...], mounted: str | None
) -> None:
    """The first one is shown to `prepare`, read-only; without one the folder is empty."""
    source = Source(registry=RegistrySource(image="reg.example/src", image_pull_secrets=pull_secrets))

    pod = made(changed(source=source))

    (volume,) = (one for one in pod.spec.volumes if one.name == "image-pull-secrets-dir")
    assert (volume.secret.secret_name if volume.secret else None) == mounted
    (mount,) = (one for one in step(pod, "prepare").volume_mounts if one.name == volume.name)
    assert (mount.mount_path, mount.read_only) == ("/imagePullSecrets", True)


@pytest.mark.parametrize(
    ("image", "order"),
    [
        pytest.param(make.old_builder_image(), ["detect", "analyze"], id="R140 v0.0.9"),
        pytest.param(make.builder_image(), ["analyze", "detect"], id="R140 from 0.7 on"),
    ],
)
def test_the_steps_have_their_order(image: BuilderImage, order: list[str]) -> None:
    """One container for each step, `completion` alone as a regular one."""
    pod = made(changed(), image)

    assert [c.name for c in pod.spec.init_containers] == ["prepare", *order, "restore", "build", "export"]
    assert [c.name for c in pod.spec.containers] == ["completion"]


@pytest.mark.parametrize(
    ("last_build", "args"),
    [
        pytest.param(
            LastBuild(image=PREVIOUS, stack_id="s"), [f"-previous-image={PREVIOUS}", make.TAG], id="R147 last image"
        ),
        pytest.param(None, [make.TAG], id="R148 first build"),
        pytest.param(LastBuild(), [make.TAG], id="R148 no last image"),
    ],
)
def test_analyze_is_told_tags_and_last_image(last_build: LastBuild | None, args: list[str]) -> None:
    """From platform API 0.7 on; the main tag stands last."""
    told = step(made(changed(last_build=last_build)), "analyze").args

    assert list(told)[-len(args) - 2 :] == [f"-tag={TAG2}", f"-tag={TAG3}", *args]


@pytest.mark.parametrize(
    ("last_build", "image"),
    [
        pytest.param(LastBuild(image=PREVIOUS), PREVIOUS, id="R147 v0.0.9"),
        pytest.param(None, make.TAG, id="R148 v0.0.9"),
    ],
)
def test_analyze_looks_at_the_last_image_or_the_tag(last_build: LastBuild | None, image: str) -> None:
    """At platform API 0.3, where it also reads the group and the cache."""
    told = step(made(changed(last_build=last_build), make.old_builder_image()), "analyze").args

    assert list(told) == [
        "-layers=/layers",
        "-group=/layers/group.toml",
        "-analyzed=/layers/analyzed.toml",
        "-cache-dir=/cache",
        image,
    ]


def test_restore_reads_the_cache() -> None:
    """R149: arguments and mounts."""
    pod = made(changed(), make.old_builder_image())

    assert list(step(pod, "restore").args) == ["-group=/layers/group.toml", "-layers=/layers", "-cache-dir=/cache"]
    assert volumes_of(pod, "restore") == ["layers-dir", "home-dir", "cache-dir"]


def test_export_writes_all_tags() -> None:
    """R150: cache, report and project metadata, then the tags in their order."""
    args = list(step(made(changed()), "export").args)

    assert args[-3:] == [make.TAG, TAG2, TAG3]
    assert {"-cache-dir=/cache", "-layers=/layers", "-app=/workspace"} <= set(args)
    assert {arg.partition("=")[0] for arg in args} >= {"-report", "-project-metadata", "-analyzed", "-group"}


def test_the_exporter_is_told_no_run_image() -> None:
    """V68: it reads what analyze has written."""
    assert [arg for arg in step(made(changed()), "export").args if "run-image" in arg] == []


@pytest.mark.parametrize(
    "image", [pytest.param(make.builder_image(), id="V67"), pytest.param(make.old_builder_image(), id="V67 v0.0.9")]
)
def test_each_phase_is_told_the_platform_api(image: BuilderImage) -> None:
    """Newer lifecycles refuse to run without it."""
    api = choose_platform_api(image.platform_apis)
    pod = made(changed(), image)

    told = {
        name: {variable.name: variable.value for variable in step(pod, name).env}.get("CNB_PLATFORM_API")
        for name in ("analyze", "detect", "restore", "build", "export")
    }
    assert set(told.values()) == {api}


def test_without_a_claim_the_cache_is_an_empty_folder() -> None:
    """R154: arguments and mounts stay (kpack v0.0.9)."""
    (volume,) = (one for one in made(changed(cache_name="")).spec.volumes if one.name == "cache-dir")

    assert (volume.persistent_volume_claim, volume.empty_dir is not None) == (None, True)


def test_the_sub_path_is_what_the_lifecycle_sees() -> None:
    """R155: `prepare` sees all of the source."""
    pod = made(changed(source=make.git_source(make.REVISION, sub_path="some/path")))

    seen = {
        name: mount.sub_path
        for name in ("prepare", "analyze", "detect", "build", "export")
        for mount in step(pod, name).volume_mounts
        if mount.name == "workspace-dir"
    }
    assert seen == {"prepare": "", **dict.fromkeys(("analyze", "detect", "build", "export"), "some/path")}


@pytest.mark.parametrize(
    ("binding", "places"),
    [
        pytest.param(
            Binding(
                name="a.b",
                metadata_ref=LocalObjectReference(name="m"),
                secret_ref=LocalObjectReference(name="s"),
            ),
            ["/platform/bindings/a.b/metadata", "/platform/bindings/a.b/secret"],
            id="R157 C110 C116",
        ),
        pytest.param(
            Binding(name="x", metadata_ref=LocalObjectReference(name="m")),
            ["/platform/bindings/x/metadata"],
            id="R172 C110 no Secret",
        ),
    ],
)
def test_a_binding_is_seen_by_detect_and_build(binding: Binding, places: list[str]) -> None:
    """Read-only below its name, behind the phase's own mounts; a name with a dot makes a valid volume."""
    pod = made(changed(bindings=(binding,)))

    for name in ("prepare", "analyze", "detect", "restore", "build", "export", "completion"):
        mounts = [mount for mount in step(pod, name).volume_mounts if "/bindings/" in mount.mount_path]
        assert [mount.mount_path for mount in mounts] == (places if name in ("detect", "build") else [])
        assert all(mount.read_only and "." not in mount.name for mount in mounts)


def test_each_step_sees_its_folders() -> None:
    """C56: detect and build alike, analyze with the login, restore with the cache."""
    pod = made(changed())

    assert volumes_of(pod, "detect")[:3] == ["layers-dir", "platform-dir", "workspace-dir"]
    assert volumes_of(pod, "build")[:3] == volumes_of(pod, "detect")[:3]
    assert volumes_of(pod, "analyze") == ["layers-dir", "workspace-dir", "home-dir"]
    assert volumes_of(pod, "restore") == ["layers-dir", "home-dir", "cache-dir"]


@pytest.mark.parametrize("name", ["detect", "build"])
def test_foreign_code_sees_no_login(name: str) -> None:
    """C57: neither home, report and cache nor anything below /var."""
    mounts = step(made(changed()), name).volume_mounts

    assert {mount.name for mount in mounts} & {"home-dir", "report-dir", "cache-dir"} == set()
    assert [mount.mount_path for mount in mounts if mount.mount_path.startswith("/var")] == []


def test_the_highest_platform_api_of_both_is_taken() -> None:
    """R162: and a builder that speaks none of ours is refused with the list."""
    assert choose_platform_api(("0.3", "0.7", "0.8")) == "0.8"
    with pytest.raises(IncompatiblePlatformError, match=r"^incompatible builder platform API version: 0.2,0.999"):
        choose_platform_api(("0.2", "0.999"))


def test_a_build_cannot_forge_where_its_source_came_from() -> None:
    """C155: what `prepare` recorded lies where detect and build do not reach (kpack: among the layers)."""
    pod = made(changed())
    (told,) = (arg.partition("=")[2] for arg in step(pod, "export").args if arg.startswith("-project-metadata="))

    reach = {
        container.name: [
            mount.read_only for mount in container.volume_mounts if told.startswith(f"{mount.mount_path}/")
        ]
        for container in (*pod.spec.init_containers, *pod.spec.containers)
    }
    assert {name: found for name, found in reach.items() if found} == {"prepare": [False], "export": [True]}
    (volume,) = {m.name for m in step(pod, "prepare").volume_mounts if told.startswith(f"{m.mount_path}/")}
    assert volume not in {*volumes_of(pod, "detect"), *volumes_of(pod, "build")}
