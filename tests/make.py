"""Builders of valid things for tests: each makes one that is in order; a test differs from it in one point.

The story they tell: Image `app` in namespace `team`, built once from `main` by a ready Builder, everything settled.
"""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from kpack_api.core import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Pod,
    PodStatus,
    VolumeResourceRequirements,
)
from kpack_api.names import (
    BUILD_API_VERSION,
    BUILD_NUMBER_LABEL,
    BUILD_REASON_ANNOTATION,
    IMAGE_GENERATION_LABEL,
    IMAGE_LABEL,
    ConditionType,
    Step,
    build_name,
    build_pod_name,
    cache_name,
    source_resolver_name,
)
from kpack_api.types import (
    Build,
    Builder,
    BuilderReference,
    BuilderSpec,
    BuilderStatus,
    BuildpackMetadata,
    BuildSpec,
    BuildStack,
    BuildStatus,
    GitSource,
    GitType,
    Image,
    ImageSpec,
    ImageStatus,
    Kind,
    LatestSuccess,
    Source,
    SourceResolver,
    SourceResolverSpec,
    SourceResolverStatus,
)
from kpack_api.wire import Condition, ConditionStatus, ObjectMeta, OwnerReference
from kpack_reconciler.model.facts import (
    BuilderImage,
    BuilderImageSeen,
    Credentials,
    Fault,
    Revision,
    RevisionResolved,
    SecretSeen,
    ServiceAccountSeen,
)
from kpack_reconciler.model.questions import (
    build_builder_question,
    builder_question,
    revision_question,
    service_account_question,
)
from kpack_reconciler.model.worlds import BuildPodSettings, BuildWorld, ImageWorld

NOW = datetime(2026, 6, 9, 4, 5, 6, tzinfo=UTC)
CREATED = "2026-06-09T04:00:00Z"
NAMESPACE = "team"
NAME = "app"
IMAGE_UID = "image-uid"
TAG = "registry.example/team/app"
URL = "https://git.example/app"
REVISION = "1" * 40
STACK_ID = "io.buildpacks.stacks.test"
STEP_IMAGE = "registry.example/reconciler@sha256:" + "e" * 64
BUILDER_IMAGE = "registry.example/builder@sha256:" + "b" * 64
RUN_IMAGE = "registry.example/run@sha256:" + "c" * 64
APP_IMAGE = f"{TAG}@sha256:" + "d" * 64
BUILDPACKS = (BuildpackMetadata(id="bp.a", version="1"),)
SETTINGS = BuildPodSettings(step_image=STEP_IMAGE)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus(status),
        reason=reason,
        message=message,
        last_transition_time=CREATED,
    )


def metadata(name: str, *, uid: str = "", owner: OwnerReference | None = None, generation: int = 1) -> ObjectMeta:
    return ObjectMeta(
        name=name,
        namespace=NAMESPACE,
        uid=uid or f"{name}-uid",
        resource_version="7",
        generation=generation,
        creation_timestamp=CREATED,
        owner_references=(owner,) if owner else (),
    )


def owner(kind: Kind, name: str, uid: str) -> OwnerReference:
    return OwnerReference(
        api_version=BUILD_API_VERSION, kind=kind, name=name, uid=uid, controller=True, block_owner_deletion=True
    )


def image_owner() -> OwnerReference:
    return owner(Kind.IMAGE, NAME, IMAGE_UID)


def git_source(revision: str = "main", kind: GitType | None = None, *, url: str = URL, sub_path: str = "") -> Source:
    return Source(git=GitSource(url=url, revision=revision, type=kind), sub_path=sub_path)


def image_spec() -> ImageSpec:
    return ImageSpec(
        tag=TAG,
        builder=BuilderReference(kind=Kind.BUILDER, name="builder"),
        service_account="bot",
        source=git_source(),
    )


def new_image(spec: ImageSpec | None = None) -> Image:
    return Image(metadata=metadata(NAME, uid=IMAGE_UID), spec=spec or image_spec())


def settled_image(spec: ImageSpec | None = None) -> Image:
    status = ImageStatus(
        observed_generation=1,
        conditions=(
            condition(ConditionType.READY),
            condition(ConditionType.BUILDER_READY),
            condition(ConditionType.SETTLED, reason="UpToDate"),
        ),
        latest_build_ref=build_name(NAME, 1, uid=IMAGE_UID),
        latest_build_image_generation=1,
        latest_image=APP_IMAGE,
        latest_stack=STACK_ID,
        build_counter=1,
        latest_success=first_success(),
    )
    return replace(new_image(spec), status=status)


def first_success() -> LatestSuccess:
    """What the Image tells of `succeeded_build()`."""
    build = succeeded_build()
    return LatestSuccess(
        build_ref=build.metadata.name,
        revision=REVISION,
        build_metadata=build.status.build_metadata,
        stack=build.status.stack,
        completion_time=build.status.conditions[0].last_transition_time or "",
    )


def ready_builder(*, run_image: str = RUN_IMAGE, buildpacks: tuple[BuildpackMetadata, ...] = BUILDPACKS) -> Builder:
    status = BuilderStatus(
        observed_generation=1,
        conditions=(condition(ConditionType.READY),),
        builder_metadata=buildpacks,
        stack=BuildStack(run_image=run_image, id=STACK_ID),
        latest_image=BUILDER_IMAGE,
    )
    return Builder(metadata=metadata("builder"), spec=BuilderSpec(image="registry.example/builder:test"), status=status)


def unready_builder(message: str = "") -> Builder:
    status = BuilderStatus(observed_generation=1, conditions=(condition("Ready", "False", message=message),))
    return replace(ready_builder(), status=status)


def resolver(source: Source | None = None, resolved: Source | None = None) -> SourceResolver:
    status = SourceResolverStatus(
        observed_generation=1,
        conditions=(condition(ConditionType.READY), condition(ConditionType.ACTIVE_POLLING)),
        source=resolved or git_source(REVISION, GitType.BRANCH),
    )
    return SourceResolver(
        metadata=metadata(source_resolver_name(NAME), owner=image_owner()),
        spec=SourceResolverSpec(service_account="bot", source=source or git_source()),
        status=status,
    )


def claim(size: str = "2G") -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        metadata=metadata(cache_name(NAME), owner=image_owner()),
        spec=PersistentVolumeClaimSpec(
            access_modes=("ReadWriteOnce",), resources=VolumeResourceRequirements(requests={"storage": size})
        ),
    )


def running_build(number: int = 1, *, source: Source | None = None) -> Build:
    name = build_name(NAME, number, uid=IMAGE_UID)
    labels = {IMAGE_LABEL: NAME, BUILD_NUMBER_LABEL: str(number), IMAGE_GENERATION_LABEL: "1"}
    return Build(
        metadata=replace(
            metadata(name, owner=image_owner()), labels=labels, annotations={BUILD_REASON_ANNOTATION: "CONFIG"}
        ),
        spec=BuildSpec(
            tags=(TAG, f"{TAG}:b{number}.20260609.040000"),
            builder_image=BUILDER_IMAGE,
            service_account="bot",
            source=source or git_source(REVISION),
        ),
    )


def succeeded_build(number: int = 1, *, source: Source | None = None) -> Build:
    status = BuildStatus(
        observed_generation=1,
        conditions=(condition(ConditionType.SUCCEEDED),),
        build_metadata=BUILDPACKS,
        stack=BuildStack(run_image=RUN_IMAGE, id=STACK_ID),
        latest_image=APP_IMAGE,
    )
    return replace(running_build(number, source=source), status=status)


def failed_build(number: int = 1, message: str = "build failed: step detect exit 20: no buildpack") -> Build:
    status = BuildStatus(
        observed_generation=1, conditions=(condition(ConditionType.SUCCEEDED, "False", "DetectFailed", message),)
    )
    return replace(running_build(number), status=status)


def image_world() -> ImageWorld:
    """An Image that is settled: built once, nothing due."""
    return ImageWorld(
        image=settled_image(),
        builder=ready_builder(),
        builds=(succeeded_build(),),
        source_resolver=resolver(),
    )


def builder_image(**changes: object) -> BuilderImage:
    valid: dict[str, object] = {
        "latest_image": BUILDER_IMAGE,
        "stack_id": STACK_ID,
        "run_image": RUN_IMAGE,
        "user_id": 1000,
        "group_id": 1001,
        "lifecycle_version": "0.21.0",
        "platform_apis": ("0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14", "0.15"),
        "buildpacks": BUILDPACKS,
    }
    return BuilderImage(**{**valid, **changes})  # type: ignore[arg-type]


def old_builder_image() -> BuilderImage:
    return builder_image(lifecycle_version="0.9.3", platform_apis=("0.3", "0.4"))


def credentials() -> Credentials:
    secrets = (
        SecretSeen(
            name="regcred",
            type="kubernetes.io/basic-auth",
            annotations=(("build.pivotal.io/docker", "https://registry.example"),),
        ),
    )
    return Credentials(secrets=secrets)


def build_seen(build: Build, answer: BuilderImage | Fault | None = None, at: datetime = NOW) -> BuilderImageSeen:
    return BuilderImageSeen(question=build_builder_question(build), answer=answer or builder_image(), at=at)


def account_seen(build: Build, answer: Credentials | None, at: datetime = NOW) -> ServiceAccountSeen:
    return ServiceAccountSeen(question=service_account_question(build), answer=answer, at=at)


def builder_seen(builder: Builder, answer: BuilderImage | Fault) -> BuilderImageSeen:
    return BuilderImageSeen(question=builder_question(builder), answer=answer, at=NOW)


def revision_seen(subject: SourceResolver, answer: Revision | Fault) -> RevisionResolved:
    question = revision_question(subject)
    assert question is not None
    return RevisionResolved(question=question, answer=answer, at=NOW)


def build_world(build: Build | None = None) -> BuildWorld:
    """A Build for whose pod everything is known."""
    build = build or running_build()
    return BuildWorld(
        build=build,
        builder_image=build_seen(build),
        credentials=account_seen(build, credentials()),
        settings=SETTINGS,
    )


def terminated(name: str, exit_code: int = 0, message: str = "", reason: str = "") -> ContainerStatus:
    end = ContainerStateTerminated(exit_code=exit_code, message=message, reason=reason)
    return ContainerStatus(name=name, state=ContainerState(terminated=end))


def running(name: str) -> ContainerStatus:
    return ContainerStatus(name=name, state=ContainerState(running=ContainerStateRunning(started_at=CREATED)))


def waiting(name: str, reason: str = "PodInitializing", message: str = "") -> ContainerStatus:
    return ContainerStatus(
        name=name, state=ContainerState(waiting=ContainerStateWaiting(reason=reason, message=message))
    )


def pod(build: Build, status: PodStatus | None = None) -> Pod:
    build_owner = owner(Kind.BUILD, build.metadata.name, build.metadata.uid)
    return Pod(metadata=metadata(build_pod_name(build.metadata.name), owner=build_owner), status=status or PodStatus())


def ended_pod(build: Build, completion: str) -> Pod:
    steps = (Step.PREPARE, Step.ANALYZE, Step.DETECT, Step.RESTORE, Step.BUILD, Step.EXPORT)
    status = PodStatus(
        phase="Succeeded",
        init_container_statuses=tuple(terminated(step) for step in steps),
        container_statuses=(terminated(Step.COMPLETION, message=completion),),
    )
    return pod(build, status)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
