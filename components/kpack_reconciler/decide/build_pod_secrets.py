"""The Secrets and bindings of a build pod: what is mounted where, and what `prepare` is told of it.

Rules:
- A Secret of the service account is used for a registry (annotated basic-auth, or a docker config) or for git
  (annotated basic-auth or ssh-auth), or both; any other is not mounted (kpack v0.0.9). One that is annotated for blobs
  is mounted for a blob source only (later kpack).
- A Secret named twice is mounted once. Only `prepare` sees Secrets; it leaves a docker config for the lifecycle.
- A binding must not use a Secret that any service account of the namespace names (kpack v0.0.9); nor, which is ours,
  one that the Build's own account or builder or the installation pulls with, whether it exists or not.
- Volumes are numbered, since names of Secrets and bindings need not be names of volumes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kpack_api.core import ConfigMapVolume, EmptyDir, SecretVolume, Volume, VolumeMount
from kpack_api.names import BLOB_ANNOTATION, DOCKER_ANNOTATION, GIT_ANNOTATION
from kpack_api.process import (
    BUILDER_PULL_SECRETS_PATH,
    IMAGE_PULL_SECRETS_PATH,
    PLATFORM_PATH,
    SECRETS_PATH,
    SecretFlag,
)
from kpack_api.types import Binding, BuildSpec
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.model.facts import Credentials, SecretSeen

_BASIC_AUTH = "kubernetes.io/basic-auth"
_SSH_AUTH = "kubernetes.io/ssh-auth"
_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
_DOCKER_CFG = "kubernetes.io/dockercfg"


class ForbiddenBindingError(ValueError):
    """A binding uses a Secret that holds credentials of builds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """Volumes with their mounts, in one order, and the arguments that explain them."""

    volumes: tuple[Volume, ...] = ()
    mounts: tuple[VolumeMount, ...] = ()
    args: tuple[str, ...] = ()


def credential_mounts(credentials: Credentials, *, for_blob: bool = False) -> Mounted:
    """The service account's Secrets that are of use, for `prepare`; `for_blob` where the source is one."""
    used = {secret.name: flags for secret in credentials.secrets if (flags := tuple(_flags(secret, for_blob=for_blob)))}
    return Mounted(
        volumes=tuple(
            Volume(name=f"secret-volume-{number}", secret=SecretVolume(secret_name=name))
            for number, name in enumerate(used)
        ),
        mounts=tuple(
            VolumeMount(name=f"secret-volume-{number}", mount_path=f"{SECRETS_PATH}/{name}", read_only=True)
            for number, name in enumerate(used)
        ),
        args=tuple(flag for flags in used.values() for flag in flags),
    )


def pull_secret_mounts(spec: BuildSpec) -> Mounted:
    """The first pull secret of the builder and of a registry source, each an empty directory where there is none."""
    source = spec.source.registry.image_pull_secrets if spec.source.registry else ()
    return Mounted(
        volumes=(
            _first("builder-pull-secrets-dir", spec.builder_image_pull_secrets),
            _first("image-pull-secrets-dir", source),
        ),
        mounts=(
            VolumeMount(name="builder-pull-secrets-dir", mount_path=BUILDER_PULL_SECRETS_PATH, read_only=True),
            VolumeMount(name="image-pull-secrets-dir", mount_path=IMAGE_PULL_SECRETS_PATH, read_only=True),
        ),
    )


def binding_mounts(spec: BuildSpec, credentials: Credentials, *, pulling: Collection[str] = ()) -> Mounted:
    """The bindings, for detect and build; `pulling` names the installation's pull secrets.

    Raises ForbiddenBindingError.
    """
    bindings, forbidden = spec.bindings, _forbidden(spec, credentials) | frozenset(pulling)
    for binding in bindings:
        if binding.secret_ref is not None and binding.secret_ref.name in forbidden:
            raise ForbiddenBindingError(
                f'build rejected: binding "{binding.name}" uses forbidden secret "{binding.secret_ref.name}"'
            )
    pairs = tuple(pair for number, binding in enumerate(bindings) for pair in _binding(number, binding))
    return Mounted(volumes=tuple(volume for volume, _ in pairs), mounts=tuple(mount for _, mount in pairs))


def _forbidden(spec: BuildSpec, credentials: Credentials) -> frozenset[str]:
    """The names of Secrets that hold credentials of builds."""
    own = {secret.name for secret in credentials.secrets} | set(credentials.missing)
    pulling = {secret.name for secret in (*credentials.image_pull_secrets, *spec.builder_image_pull_secrets)}
    return credentials.account_secrets | own | pulling


def _flags(secret: SecretSeen, *, for_blob: bool) -> Iterator[str]:
    annotations = dict(secret.annotations)
    registry, host = annotations.get(DOCKER_ANNOTATION), annotations.get(GIT_ANNOTATION)
    if secret.type == _DOCKER_CONFIG:
        yield f"{SecretFlag.DOCKER_CONFIG}={secret.name}"
    elif secret.type == _DOCKER_CFG:
        yield f"{SecretFlag.DOCKER_CFG}={secret.name}"
    elif registry:
        yield f"{SecretFlag.BASIC_DOCKER}={secret.name}={registry}"
    if host and secret.type == _BASIC_AUTH:
        yield f"{SecretFlag.BASIC_GIT}={secret.name}={host}"
    if host and secret.type == _SSH_AUTH:
        yield f"{SecretFlag.SSH_GIT}={secret.name}={host}"
    if for_blob and (store := annotations.get(BLOB_ANNOTATION)):
        yield f"{SecretFlag.BLOB}={secret.name}={store}"


def _first(volume: str, secrets: tuple[LocalObjectReference, ...]) -> Volume:
    if not secrets:
        return Volume(name=volume, empty_dir=EmptyDir())
    return Volume(name=volume, secret=SecretVolume(secret_name=secrets[0].name))


def _binding(number: int, binding: Binding) -> Iterator[tuple[Volume, VolumeMount]]:
    place = f"{PLATFORM_PATH}/bindings/{binding.name}"
    if binding.metadata_ref is not None:
        name = f"binding-metadata-{number}"
        volume = Volume(name=name, config_map=ConfigMapVolume(name=binding.metadata_ref.name))
        yield volume, VolumeMount(name=name, mount_path=f"{place}/metadata", read_only=True)
    if binding.secret_ref is not None:
        name = f"binding-secret-{number}"
        volume = Volume(name=name, secret=SecretVolume(secret_name=binding.secret_ref.name))
        yield volume, VolumeMount(name=name, mount_path=f"{place}/secret", read_only=True)
