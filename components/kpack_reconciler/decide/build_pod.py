"""The pod of a Build: `prepare`, the lifecycle's phases, `completion`.

Owns what all containers share, volumes, and the two containers of our own image. Leaves the phases' order and arguments
to `build_pod_phases`, Secrets and bindings to `build_pod_secrets`, certificates and proxies to `build_pod_network`.

Rules:
- Admitted where the `restricted` Pod Security level is enforced; everything runs as the builder image's user.
- No service account token. The root file system is read-only but in detect and build, which run foreign code.
- Every container's last lines become its termination message, so that a failure can be told in the Build's status.
- A build of reason `STACK` is a build like any other.
"""

import dataclasses

import msgspec
from msgspec.structs import replace

from kpack_api.core import (
    ClaimVolume,
    Container,
    EmptyDir,
    EnvVar,
    Pod,
    PodSecurityContext,
    PodSpec,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    Volume,
    VolumeMount,
)
from kpack_api.names import BUILD_LABEL, BUILD_REASON_ANNOTATION, Step, build_pod_name
from kpack_api.process import WORKSPACE_PATH, Command, StepEnvironment
from kpack_api.types import Build, BuildSpec, Kind
from kpack_api.wire import LocalObjectReference, ObjectMeta
from kpack_reconciler.decide.build_pod_network import certificate_volumes, connected, literal
from kpack_reconciler.decide.build_pod_phases import (
    CACHE_MOUNT,
    HOME,
    HOME_MOUNT,
    LAYERS_MOUNT,
    PLATFORM_MOUNT,
    PROJECT_METADATA_MOUNT,
    REPORT_MOUNT,
    Phases,
    phase_containers,
)
from kpack_reconciler.decide.build_pod_secrets import Mounted, binding_mounts, credential_mounts, pull_secret_mounts
from kpack_reconciler.decide.children import owner_reference
from kpack_reconciler.decide.platform_api import choose_platform_api
from kpack_reconciler.model.facts import BuilderImage, Credentials
from kpack_reconciler.model.worlds import BuildPodSettings

_WORKSPACE = "workspace-dir"
_TEMPORARY = VolumeMount(name="tmp-dir", mount_path="/tmp")  # noqa: S108 - a directory of the pod's own
_EMPTY_DIRECTORIES = (
    *(LAYERS_MOUNT.name, HOME_MOUNT.name, _WORKSPACE, PLATFORM_MOUNT.name, REPORT_MOUNT.name),
    PROJECT_METADATA_MOUNT.name,
)
_RUN_FOREIGN_CODE = frozenset({Step.DETECT, Step.BUILD})
_FROM_LOGS = "FallbackToLogsOnError"


class InvalidSubPathError(ValueError):
    """The source's sub path leads out of it."""


def build_pod(build: Build, image: BuilderImage, credentials: Credentials, settings: BuildPodSettings) -> Pod:
    """The pod of a Build.

    Raises IncompatiblePlatformError, ForbiddenBindingError and InvalidSubPathError, ValueErrors whose text is for the
    Build's status.
    """
    spec = build.spec
    _check_sub_path(spec)
    bindings = binding_mounts(spec, credentials, pulling=settings.pull_secrets)
    secrets = credential_mounts(credentials, for_blob=spec.source.blob is not None)
    pulls = pull_secret_mounts(spec)
    phases = Phases(
        spec=spec,
        platform_api=choose_platform_api(image.platform_apis),
        run_image=image.run_image,
        bindings=bindings.mounts,
    )
    prepare = _prepare(build, image, settings, dataclasses.replace(secrets, mounts=(*secrets.mounts, *pulls.mounts)))
    containers = tuple(
        _hardened(connected(container, settings.network), spec.resources)
        for container in (prepare, *phase_containers(phases), _completion(spec, settings))
    )
    pod = replace(
        _pod_spec(spec, image, credentials, settings),
        init_containers=containers[:-1],
        containers=containers[-1:],
        volumes=(
            *(*secrets.volumes, *_volumes(spec), *pulls.volumes, *bindings.volumes),
            *certificate_volumes(settings.network),
        ),
    )
    return Pod(metadata=_metadata(build), spec=pod)


def _check_sub_path(spec: BuildSpec) -> None:
    """Kubernetes takes no mount with `..` in it; raise before it says so in its own words."""
    sub_path = spec.source.sub_path
    if ".." in sub_path.split("/"):
        raise InvalidSubPathError(
            f"build rejected: subPath {sub_path!r} leads out of the source; correct spec.source.subPath"
        )


def _pod_spec(spec: BuildSpec, image: BuilderImage, credentials: Credentials, settings: BuildPodSettings) -> PodSpec:
    """What the pod is as a whole, without containers and volumes."""
    installed = tuple(LocalObjectReference(name=name) for name in settings.pull_secrets)
    return PodSpec(
        service_account_name=spec.service_account,
        automount_service_account_token=False,
        enable_service_links=False,
        restart_policy="Never",
        security_context=_builder_user(image),
        image_pull_secrets=_distinct(spec.builder_image_pull_secrets, credentials.image_pull_secrets, installed),
    )


def _metadata(build: Build) -> ObjectMeta:
    return ObjectMeta(
        name=build_pod_name(build.metadata.name),
        namespace=build.metadata.namespace,
        labels={**build.metadata.labels, BUILD_LABEL: build.metadata.name},
        annotations=build.metadata.annotations,
        owner_references=(owner_reference(build.metadata, Kind.BUILD),),
    )


def _prepare(build: Build, image: BuilderImage, settings: BuildPodSettings, mounted: Mounted) -> Container:
    workspace = VolumeMount(name=_WORKSPACE, mount_path=WORKSPACE_PATH)
    return Container(
        name=Step.PREPARE,
        image=settings.step_image,
        args=(Command.PREPARE, *mounted.args),
        env=(HOME, *_prepare_environment(build, image)),
        working_dir=WORKSPACE_PATH,
        volume_mounts=(*mounted.mounts, PLATFORM_MOUNT, workspace, HOME_MOUNT, PROJECT_METADATA_MOUNT),
    )


def _completion(spec: BuildSpec, settings: BuildPodSettings) -> Container:
    return Container(
        name=Step.COMPLETION,
        image=settings.step_image,
        args=(Command.COMPLETION,),
        env=(HOME, EnvVar(name=StepEnvironment.IMAGE_TAG, value=spec.tags[0])),
        volume_mounts=(HOME_MOUNT, REPORT_MOUNT),
    )


def _prepare_environment(build: Build, image: BuilderImage) -> tuple[EnvVar, ...]:
    spec = build.spec
    variables = {
        **_source(spec),
        StepEnvironment.SOURCE_SUB_PATH: spec.source.sub_path,
        StepEnvironment.PLATFORM_ENV_VARS: _platform_variables(spec),
        StepEnvironment.IMAGE_TAG: spec.tags[0],
        StepEnvironment.RUN_IMAGE: image.run_image,
        StepEnvironment.BUILD_CHANGES: build.metadata.annotations.get(BUILD_REASON_ANNOTATION, ""),
        StepEnvironment.SERVICE_ACCOUNT: f"{build.metadata.namespace}/{spec.service_account}",
    }
    return tuple(EnvVar(name=name, value=literal(value)) for name, value in variables.items())


def _source(spec: BuildSpec) -> dict[StepEnvironment, str]:
    source = spec.source
    if source.git is not None:
        submodules = {StepEnvironment.GIT_INITIALIZE_SUBMODULES: "true"} if source.git.initialize_submodules else {}
        return {
            StepEnvironment.GIT_URL: source.git.url,
            StepEnvironment.GIT_REVISION: source.git.revision,
            **submodules,
        }
    if source.blob is not None:
        count = source.blob.strip_components
        stripped = {StepEnvironment.BLOB_STRIP_COMPONENTS: str(count)} if count > 0 else {}
        return {StepEnvironment.BLOB_URL: source.blob.url, **stripped}
    return {StepEnvironment.REGISTRY_IMAGE: source.registry.image if source.registry else ""}


def _platform_variables(spec: BuildSpec) -> str:
    """A JSON list of {name, value}; references to other objects have no effect (kpack v0.0.9)."""
    return msgspec.json.encode([{"name": variable.name, "value": variable.value} for variable in spec.env]).decode()


def _hardened(container: Container, resources: ResourceRequirements) -> Container:
    """The container with what all of them share."""
    return replace(
        container,
        volume_mounts=(*container.volume_mounts, _TEMPORARY),
        resources=resources,
        image_pull_policy="IfNotPresent",
        security_context=SecurityContext(read_only_root_filesystem=container.name not in _RUN_FOREIGN_CODE),
        termination_message_policy=_FROM_LOGS,
    )


def _builder_user(image: BuilderImage) -> PodSecurityContext:
    return PodSecurityContext(
        run_as_non_root=True,
        run_as_user=image.user_id,
        run_as_group=image.group_id,
        fs_group=image.group_id,
        seccomp_profile=SeccompProfile(type="RuntimeDefault"),
    )


def _volumes(spec: BuildSpec) -> tuple[Volume, ...]:
    cache = (
        Volume(name=CACHE_MOUNT.name, persistent_volume_claim=ClaimVolume(claim_name=spec.cache_name))
        if spec.cache_name
        else Volume(name=CACHE_MOUNT.name, empty_dir=EmptyDir())
    )
    names = (*_EMPTY_DIRECTORIES, _TEMPORARY.name)
    return (cache, *(Volume(name=name, empty_dir=EmptyDir()) for name in names))


def _distinct(*groups: tuple[LocalObjectReference, ...]) -> tuple[LocalObjectReference, ...]:
    return tuple({reference.name: reference for group in groups for reference in group}.values())
