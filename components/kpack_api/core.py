"""The part of Kubernetes' core/v1 that we write or read: pods, claims, service accounts, secrets, events.

Owns typed shapes only. Field meanings are Kubernetes' own.

Rules: only fields that we write or decide on are here; readers skip the rest.
"""

from collections.abc import Mapping

import msgspec

from kpack_api.quantities import Quantity
from kpack_api.wire import LocalObjectReference, ObjectMeta, Wire


class EnvVar(Wire, frozen=True, kw_only=True):
    """An environment variable; `value_from` is carried through untouched as plain JSON data.

    A user can leave out `name`; `prepare` refuses that, so that the Build says it.
    """

    name: str = ""
    value: str = ""
    value_from: dict[str, object] | None = None


class ResourceRequirements(Wire, frozen=True, kw_only=True):
    """Requests and limits: quantities as text ("500m", "1Gi") or as numbers (0.5)."""

    limits: Mapping[str, Quantity] = {}
    requests: Mapping[str, Quantity] = {}


class Capabilities(Wire, frozen=True, kw_only=True):
    """Linux capabilities that a container gives up."""

    drop: tuple[str, ...] = ()


class SeccompProfile(Wire, frozen=True, kw_only=True):
    """The system-call filter; `RuntimeDefault` is what the `restricted` Pod Security level asks for."""

    type: str


class SecurityContext(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """A container's security context; written out in full, since Pod Security reads what is said, not what is meant."""

    run_as_non_root: bool = True
    allow_privilege_escalation: bool = False
    privileged: bool = False
    read_only_root_filesystem: bool = False
    capabilities: Capabilities = Capabilities(drop=("ALL",))
    seccomp_profile: SeccompProfile = SeccompProfile(type="RuntimeDefault")


class PodSecurityContext(Wire, frozen=True, kw_only=True):
    """A pod's security context. Ids are CNB's user and group."""

    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    fs_group: int | None = None
    seccomp_profile: SeccompProfile | None = None


class VolumeMount(Wire, frozen=True, kw_only=True):
    """Where a volume appears in a container."""

    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False


class Container(Wire, frozen=True, kw_only=True):
    """A container of a pod that we create."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    working_dir: str = ""
    volume_mounts: tuple[VolumeMount, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    image_pull_policy: str = ""
    security_context: SecurityContext | None = None
    termination_message_path: str = ""
    termination_message_policy: str = ""


class EmptyDir(Wire, frozen=True, kw_only=True):
    """A directory that lives as long as the pod; sizes as quantities, "" for none."""

    medium: str = ""
    size_limit: str = ""


class SecretVolume(Wire, frozen=True, kw_only=True):
    """A Secret as files."""

    secret_name: str
    optional: bool = False
    default_mode: int | None = None


class ConfigMapVolume(Wire, frozen=True, kw_only=True):
    """A ConfigMap as files."""

    name: str


class ClaimVolume(Wire, frozen=True, kw_only=True):
    """A persistent volume claim."""

    claim_name: str


class Volume(Wire, frozen=True, kw_only=True):
    """A volume of a pod: exactly one source is set."""

    name: str
    empty_dir: EmptyDir | None = None
    secret: SecretVolume | None = None
    config_map: ConfigMapVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None


class PodSpec(Wire, frozen=True, kw_only=True):
    """The specification of a pod that we create."""

    service_account_name: str = ""
    automount_service_account_token: bool | None = None
    enable_service_links: bool | None = None
    restart_policy: str = ""
    security_context: PodSecurityContext | None = None
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_selector: Mapping[str, str] = {}


class ContainerStateWaiting(Wire, frozen=True, kw_only=True):
    """Why a container waits, e.g. `ImagePullBackOff`."""

    reason: str = ""
    message: str = ""


class ContainerStateRunning(Wire, frozen=True, kw_only=True):
    """Since when a container runs."""

    started_at: str | None = None


class ContainerStateTerminated(Wire, frozen=True, kw_only=True):
    """How a container ended; `message` is its termination message (at most 4 kB)."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str = msgspec.field(default="", name="containerID")


class ContainerState(Wire, frozen=True, kw_only=True):
    """Exactly one of the three is set; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(Wire, frozen=True, kw_only=True):
    """The observed state of one container."""

    name: str
    state: ContainerState = ContainerState()
    image: str = ""


class PodCondition(Wire, frozen=True, kw_only=True):
    """A condition of a pod, e.g. `PodScheduled`."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class PodStatus(Wire, frozen=True, kw_only=True):
    """The observed state of a pod; `reason` and `message` tell of evictions and deadlines."""

    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    conditions: tuple[PodCondition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Wire, frozen=True, kw_only=True):
    """A pod."""

    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class VolumeResourceRequirements(Wire, frozen=True, kw_only=True):
    """The size that a claim asks for, under `storage`."""

    requests: Mapping[str, str] = {}


class PersistentVolumeClaimSpec(Wire, frozen=True, kw_only=True):
    """What a claim asks for."""

    access_modes: tuple[str, ...] = ()
    resources: VolumeResourceRequirements = VolumeResourceRequirements()
    storage_class_name: str | None = None


class PersistentVolumeClaim(Wire, frozen=True, kw_only=True):
    """A cache volume's claim."""

    metadata: ObjectMeta
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()


class ObjectReference(Wire, frozen=True, kw_only=True):
    """A reference to an object, as Events and service accounts use it."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class ServiceAccount(Wire, frozen=True, kw_only=True):
    """A service account: `secrets` are its credentials for builds, `image_pull_secrets` the kubelet's."""

    metadata: ObjectMeta
    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class Secret(Wire, frozen=True, kw_only=True):
    """A secret; `data` values are base64. Never logged, never cached with its data."""

    metadata: ObjectMeta
    type: str = "Opaque"
    data: Mapping[str, str] = {}
