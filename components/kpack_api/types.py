"""The neutral forms: what an Image, a Build, a Builder and a SourceResolver mean, whatever API version they came in.

Owns the values that the reconciler decides on. Leaves the words of each API version to `dialects`, which convert.

Rules:
- Defaults that the webhook would set (service account, tagging strategy, history limits) are already applied, so that
  the reconciler behaves the same without a webhook. The cache's default size is the webhook's alone, as in kpack.
- Lists are tuples. `None` and empty mean what the field's docstring says.
- `unreadable` of an object lists what of its spec could not be understood, with paths. Nothing is done for such an
  object but saying so: what was understood is not what its owner meant.
"""

from enum import StrEnum

from kpack_api.core import EnvVar, ResourceRequirements
from kpack_api.wire import Condition, LocalObjectReference, ObjectMeta, Wire


class Kind(StrEnum):
    """The kinds that the reconciler looks at, by kpack's own names."""

    IMAGE = "Image"
    BUILD = "Build"
    BUILDER = "Builder"
    CLUSTER_BUILDER = "ClusterBuilder"
    SOURCE_RESOLVER = "SourceResolver"


class GitType(StrEnum):
    """What a git revision turned out to be (`status.source.git.type` of a SourceResolver)."""

    UNKNOWN = "Unknown"
    BRANCH = "Branch"
    TAG = "Tag"
    COMMIT = "Commit"


class ImageTaggingStrategy(StrEnum):
    """Whether a build also writes a tag with its number and time. Any other word acts as `BUILD_NUMBER`."""

    NONE = "None"
    BUILD_NUMBER = "BuildNumber"


class UpdatePolicy(StrEnum):
    """Whether a builder's image is asked for again and again, or only when the object changes."""

    POLLING = "polling"
    EXTERNAL = "external"


class GitSource(Wire, frozen=True, kw_only=True):
    """A git repository at a revision: branch, tag or commit; in a Build always the resolved one.

    `type` is what the revision turned out to be, known only in the status of a SourceResolver.
    """

    url: str = ""
    revision: str = ""
    initialize_submodules: bool = False
    type: GitType | None = None


class BlobSource(Wire, frozen=True, kw_only=True):
    """An archive (zip, tar, tar.gz, jar) behind a URL; its entries lose `strip_components` leading folders."""

    url: str = ""
    strip_components: int = 0


class RegistrySource(Wire, frozen=True, kw_only=True):
    """An image whose layers are the source; only the first pull secret counts, as in kpack."""

    image: str = ""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class Source(Wire, frozen=True, kw_only=True):
    """Where the application's code lies: one of the three; `sub_path` is the directory inside it ("" is the top)."""

    git: GitSource | None = None
    blob: BlobSource | None = None
    registry: RegistrySource | None = None
    sub_path: str = ""


class Binding(Wire, frozen=True, kw_only=True):
    """A CNB binding: a ConfigMap with metadata and optionally a Secret, mounted below /platform/bindings/<name>."""

    name: str = ""
    metadata_ref: LocalObjectReference | None = None
    secret_ref: LocalObjectReference | None = None


class BuilderReference(Wire, frozen=True, kw_only=True):
    """The builder that an Image names; `kind` is Builder (same namespace) or ClusterBuilder."""

    kind: str = ""
    name: str = ""


class BuildSettings(Wire, frozen=True, kw_only=True):
    """What an Image says about its builds' containers."""

    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    bindings: tuple[Binding, ...] = ()


class ImageSpec(Wire, frozen=True, kw_only=True):
    """An application image that is kept built. `cache_size` None means no cache volume."""

    tag: str = ""
    additional_tags: tuple[str, ...] = ()
    builder: BuilderReference = BuilderReference()
    service_account: str = "default"
    source: Source = Source()
    cache_size: str | None = None
    failed_build_history_limit: int = 10
    success_build_history_limit: int = 10
    image_tagging_strategy: str = ImageTaggingStrategy.BUILD_NUMBER
    build: BuildSettings = BuildSettings()


class BuildpackMetadata(Wire, frozen=True, kw_only=True):
    """A buildpack that took part in a build, or that a builder holds."""

    id: str = ""
    version: str = ""


class BuildStack(Wire, frozen=True, kw_only=True):
    """A stack: its id and its run image as a digest reference."""

    run_image: str = ""
    id: str = ""


class LatestSuccess(Wire, frozen=True, kw_only=True):
    """What the Image's newest good image was made of; ours, kpack has no such field.

    `build_ref` names the Build, which history may have dropped since; `revision` is the git commit, "" for other
    sources; `completion_time` when the Build succeeded.
    """

    build_ref: str = ""
    revision: str = ""
    build_metadata: tuple[BuildpackMetadata, ...] = ()
    stack: BuildStack = BuildStack()
    completion_time: str = ""


class ImageStatus(Wire, frozen=True, kw_only=True):
    """What an Image shows. `latest_image` is a digest reference and is kept when a later build fails."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    latest_build_ref: str = ""
    latest_build_image_generation: int = 0
    latest_image: str = ""
    latest_stack: str = ""
    build_counter: int = 0
    build_cache_name: str = ""
    latest_success: LatestSuccess | None = None


class Image(Wire, frozen=True, kw_only=True):
    """An Image object."""

    metadata: ObjectMeta
    spec: ImageSpec = ImageSpec()
    status: ImageStatus = ImageStatus()
    unreadable: tuple[str, ...] = ()


class LastBuild(Wire, frozen=True, kw_only=True):
    """The result of the last successful build: a digest reference and its stack id."""

    image: str = ""
    stack_id: str = ""


class BuildSpec(Wire, frozen=True, kw_only=True):
    """One build. The first of `tags` is the main one; `cache_name` "" means an empty cache directory."""

    tags: tuple[str, ...] = ()
    builder_image: str = ""
    builder_image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    service_account: str = "default"
    source: Source = Source()
    cache_name: str = ""
    bindings: tuple[Binding, ...] = ()
    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    last_build: LastBuild | None = None


class BuildStatus(Wire, frozen=True, kw_only=True):
    """What a Build shows.

    `step_states` are core/v1 ContainerStates of all init containers in the pod's order, as plain JSON data;
    `steps_completed` the names of the init containers that ended, whatever their exit code.
    """

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    build_metadata: tuple[BuildpackMetadata, ...] = ()
    stack: BuildStack = BuildStack()
    latest_image: str = ""
    pod_name: str = ""
    step_states: tuple[dict[str, object], ...] = ()
    steps_completed: tuple[str, ...] = ()


class Build(Wire, frozen=True, kw_only=True):
    """A Build object."""

    metadata: ObjectMeta
    spec: BuildSpec = BuildSpec()
    status: BuildStatus = BuildStatus()
    unreadable: tuple[str, ...] = ()


class BuilderSpec(Wire, frozen=True, kw_only=True):
    """A ready-made builder image, by tag or digest."""

    image: str = ""
    update_policy: str = UpdatePolicy.POLLING
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class BuilderStatus(Wire, frozen=True, kw_only=True):
    """What a builder shows; a definite fault leaves generation and conditions only, as in kpack 0.0.x."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    builder_metadata: tuple[BuildpackMetadata, ...] = ()
    stack: BuildStack = BuildStack()
    latest_image: str = ""


class Builder(Wire, frozen=True, kw_only=True):
    """A Builder or, with an empty namespace, a ClusterBuilder."""

    metadata: ObjectMeta
    spec: BuilderSpec = BuilderSpec()
    status: BuilderStatus = BuilderStatus()
    unreadable: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Builder where the object has a namespace, else ClusterBuilder."""
        return Kind.BUILDER if self.metadata.namespace else Kind.CLUSTER_BUILDER


class SourceResolverSpec(Wire, frozen=True, kw_only=True):
    """A source to resolve with a service account's git credentials."""

    service_account: str = "default"
    source: Source = Source()


class SourceResolverStatus(Wire, frozen=True, kw_only=True):
    """The resolved source; None before the first answer."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    source: Source | None = None


class SourceResolver(Wire, frozen=True, kw_only=True):
    """A SourceResolver object: created and updated only by the reconciler, one for each Image."""

    metadata: ObjectMeta
    spec: SourceResolverSpec = SourceResolverSpec()
    status: SourceResolverStatus = SourceResolverStatus()
    unreadable: tuple[str, ...] = ()


class BuiltImage(Wire, frozen=True, kw_only=True):
    """What `completion` tells of the image that was built; it travels as its container's termination message.

    `latest_image` and `stack.run_image` are digest references.
    """

    latest_image: str
    stack: BuildStack = BuildStack()
    build_metadata: tuple[BuildpackMetadata, ...] = ()
