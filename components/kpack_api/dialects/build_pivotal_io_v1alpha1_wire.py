"""`build.pivotal.io/v1alpha1` (kpack 0.0.x) on the wire: the Structs that CRD schemas are derived from.

Owns field names and shapes. Leaves defaults and the neutral forms to `build_pivotal_io_v1alpha1`. The docstrings are
what `kubectl explain` prints. `additionalTags` is ours: kpack 0.0.x has no such field.
"""

from kpack_api.core import EnvVar, ObjectReference, ResourceRequirements
from kpack_api.types import Binding, BuilderStatus, BuildStatus, GitType, ImageStatus, LastBuild
from kpack_api.wire import Condition, LocalObjectReference, ObjectMeta, Wire


class WireGit(Wire, frozen=True, kw_only=True):
    """A git repository (`url`) at a branch, tag or commit (`revision`)."""

    url: str = ""
    revision: str = ""


class WireBlob(Wire, frozen=True, kw_only=True):
    """An archive behind a URL: zip, tar, tar.gz or jar."""

    url: str = ""


class WireRegistry(Wire, frozen=True, kw_only=True):
    """An image whose layers are the source; only the first of `imagePullSecrets` is used."""

    image: str = ""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class WireSource(Wire, frozen=True, kw_only=True):
    """The source: exactly one of `git`, `blob`, `registry`; `subPath` is the application's directory inside it."""

    git: WireGit | None = None
    blob: WireBlob | None = None
    registry: WireRegistry | None = None
    sub_path: str = ""


class WireImageBuild(Wire, frozen=True, kw_only=True):
    """Settings of the builds: environment of detect and build, resources, CNB bindings."""

    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    bindings: tuple[Binding, ...] = ()


class WireImageSpec(Wire, frozen=True, kw_only=True):
    """What to build, with which builder, and where to push it.

    `tag` is immutable. `cacheSize` is the size of the cache volume; without it there is none. `imageTaggingStrategy` is
    `None` or `BuildNumber`.
    """

    tag: str = ""
    additional_tags: tuple[str, ...] = ()
    builder: ObjectReference = ObjectReference()
    service_account: str = ""
    source: WireSource = WireSource()
    cache_size: str | int | None = None
    failed_build_history_limit: int | None = None
    success_build_history_limit: int | None = None
    image_tagging_strategy: str = ""
    build: WireImageBuild | None = None


class WireImage(Wire, frozen=True, kw_only=True):
    """An application image that is rebuilt whenever its source, its settings or its builder change."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireImageSpec = WireImageSpec()
    status: ImageStatus = ImageStatus()


class WireBuildBuilder(Wire, frozen=True, kw_only=True):
    """The builder image of a build and the secrets to pull it with."""

    image: str = ""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class WireBuildSpec(Wire, frozen=True, kw_only=True):
    """One build; immutable. The first of `tags` is the main one, `cacheName` a persistent volume claim."""

    tags: tuple[str, ...] = ()
    builder: WireBuildBuilder = WireBuildBuilder()
    service_account: str = ""
    source: WireSource = WireSource()
    cache_name: str = ""
    bindings: tuple[Binding, ...] = ()
    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    last_build: LastBuild | None = None


class WireBuild(Wire, frozen=True, kw_only=True):
    """One build of an image; made by an Image, or by hand."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireBuildSpec = WireBuildSpec()
    status: BuildStatus = BuildStatus()


class WireBuilderSpec(Wire, frozen=True, kw_only=True):
    """A finished builder image. `updatePolicy` is `polling` (look for a new one) or `external`."""

    image: str = ""
    update_policy: str = ""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()


class WireBuilder(Wire, frozen=True, kw_only=True):
    """A finished builder image that Images of this namespace may use."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireBuilderSpec = WireBuilderSpec()
    status: BuilderStatus = BuilderStatus()


class WireClusterBuilder(Wire, frozen=True, kw_only=True):
    """A finished builder image that Images of every namespace may use."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireBuilderSpec = WireBuilderSpec()
    status: BuilderStatus = BuilderStatus()


class WireSourceResolverSpec(Wire, frozen=True, kw_only=True):
    """A source to resolve with the git credentials of a service account."""

    service_account: str = ""
    source: WireSource = WireSource()


class WireResolvedGit(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """A git source with its commit; `type` is `Unknown`, `Branch`, `Tag` or `Commit`."""

    url: str = ""
    revision: str = ""
    type: GitType = GitType.UNKNOWN
    sub_path: str = ""


class WireResolvedBlob(Wire, frozen=True, kw_only=True):
    """A blob source, as given."""

    url: str = ""
    sub_path: str = ""


class WireResolvedRegistry(Wire, frozen=True, kw_only=True):
    """A registry source, as given."""

    image: str = ""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    sub_path: str = ""


class WireResolvedSource(Wire, frozen=True, kw_only=True):
    """The resolved source: one of the three, each with its `subPath`."""

    git: WireResolvedGit | None = None
    blob: WireResolvedBlob | None = None
    registry: WireResolvedRegistry | None = None


class WireSourceResolverStatus(Wire, frozen=True, kw_only=True):
    """What the source resolved to."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    source: WireResolvedSource | None = None


class WireSourceResolver(Wire, frozen=True, kw_only=True):
    """The newest revision of an Image's source; made and kept by the controller."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireSourceResolverSpec = WireSourceResolverSpec()
    status: WireSourceResolverStatus = WireSourceResolverStatus()
