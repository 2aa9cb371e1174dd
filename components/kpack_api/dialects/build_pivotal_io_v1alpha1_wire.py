"""`build.pivotal.io/v1alpha1` (kpack 0.0.x) on the wire: the Structs that CRD schemas are derived from.

Owns field names and shapes. Leaves defaults and the neutral forms to `build_pivotal_io_v1alpha1`. Docstrings and
`Meta` are what `kubectl explain` prints. `additionalTags` is ours: kpack 0.0.x has no such field.
`initializeSubmodules` and `stripComponents` are those of later kpack.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from kpack_api.core import EnvVar, ObjectReference, ResourceRequirements
from kpack_api.types import Binding, BuilderStatus, BuildStatus, GitType, ImageStatus, LastBuild
from kpack_api.wire import Condition, LocalObjectReference, ObjectMeta, Wire


class WireGit(Wire, frozen=True, kw_only=True):
    """A git repository (`url`) at a branch, tag or commit (`revision`), with its submodules or without."""

    url: Annotated[str, Meta(description="https://…, ssh://… or git@host:path.")] = ""
    revision: Annotated[str, Meta(description="A branch, a tag or a commit.")] = ""
    initialize_submodules: Annotated[bool, Meta(description="Whether submodules are fetched, too.")] = False


class WireBlob(Wire, frozen=True, kw_only=True):
    """An archive behind a URL: zip, tar, tar.gz or jar; its entries lose `stripComponents` leading folders."""

    url: Annotated[str, Meta(description="https://… of a zip, tar, tar.gz or jar.")] = ""
    strip_components: Annotated[int, Meta(description="How many leading folders the entries lose.")] = 0


class WireRegistry(Wire, frozen=True, kw_only=True):
    """An image whose layers are the source; only the first of `imagePullSecrets` is used."""

    image: Annotated[str, Meta(description="The image whose layers are the source.")] = ""
    image_pull_secrets: Annotated[
        tuple[LocalObjectReference, ...], Meta(description="Secrets to pull it with; only the first is used.")
    ] = ()


class WireSource(Wire, frozen=True, kw_only=True):
    """The source: exactly one of `git`, `blob`, `registry`; `subPath` is the application's directory inside it."""

    git: WireGit | None = None
    blob: WireBlob | None = None
    registry: WireRegistry | None = None
    sub_path: Annotated[str, Meta(description="The application's directory inside the source.")] = ""


class WireImageBuild(Wire, frozen=True, kw_only=True):
    """Settings of the builds: environment of detect and build, resources, CNB bindings."""

    env: Annotated[tuple[EnvVar, ...], Meta(description="Variables that detect and build see.")] = ()
    resources: ResourceRequirements = ResourceRequirements()
    bindings: Annotated[tuple[Binding, ...], Meta(description="CNB bindings, below /platform/bindings.")] = ()


class WireImageSpec(Wire, frozen=True, kw_only=True):
    """What to build, with which builder, and where to push it.

    `tag` is immutable. `cacheSize` is the size of the cache volume; without it there is none. `imageTaggingStrategy` is
    `None` or `BuildNumber`.
    """

    tag: Annotated[str, Meta(description="Where the image is pushed: [registry/]repository[:tag]. Immutable.")] = ""
    additional_tags: Annotated[tuple[str, ...], Meta(description="More tags that each build writes.")] = ()
    builder: Annotated[
        ObjectReference, Meta(description="What builds: `kind` is Builder or ClusterBuilder, `name` its name.")
    ] = ObjectReference()
    service_account: Annotated[
        str, Meta(description="Whose secrets are used for git and registries; `default` if left out.")
    ] = ""
    source: WireSource = WireSource()
    cache_size: Annotated[
        str | int | None, Meta(description="Size of the cache volume, e.g. 2G; no volume without it.")
    ] = None
    failed_build_history_limit: Annotated[
        int | None, Meta(description="How many failed Builds are kept; 10 if left out.")
    ] = None
    success_build_history_limit: Annotated[
        int | None, Meta(description="How many successful Builds are kept; 10 if left out.")
    ] = None
    image_tagging_strategy: Annotated[
        str, Meta(description="`BuildNumber` also tags each build with number and time, `None` does not.")
    ] = ""
    build: WireImageBuild | None = None


class WireImage(Wire, frozen=True, kw_only=True):
    """An application image that is rebuilt whenever its source, its settings or its builder change."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireImageSpec = WireImageSpec()
    status: ImageStatus = ImageStatus()


class WireBuildBuilder(Wire, frozen=True, kw_only=True):
    """The builder image of a build and the secrets to pull it with."""

    image: Annotated[str, Meta(description="The builder image.")] = ""
    image_pull_secrets: Annotated[tuple[LocalObjectReference, ...], Meta(description="Secrets to pull it with.")] = ()


class WireBuildSpec(Wire, frozen=True, kw_only=True):
    """One build; immutable. The first of `tags` is the main one, `cacheName` a persistent volume claim."""

    tags: Annotated[tuple[str, ...], Meta(description="Where the image is pushed; the first is the main one.")] = ()
    builder: WireBuildBuilder = WireBuildBuilder()
    service_account: Annotated[
        str, Meta(description="Whose secrets are used for git and registries; `default` if left out.")
    ] = ""
    source: WireSource = WireSource()
    cache_name: Annotated[str, Meta(description="The persistent volume claim of the cache; none without it.")] = ""
    bindings: Annotated[tuple[Binding, ...], Meta(description="CNB bindings, below /platform/bindings.")] = ()
    env: Annotated[tuple[EnvVar, ...], Meta(description="Variables that detect and build see.")] = ()
    resources: ResourceRequirements = ResourceRequirements()
    last_build: LastBuild | None = None


class WireBuild(Wire, frozen=True, kw_only=True):
    """One build of an image; made by an Image, or by hand."""

    metadata: ObjectMeta = ObjectMeta()
    spec: WireBuildSpec = WireBuildSpec()
    status: BuildStatus = BuildStatus()


class WireBuilderSpec(Wire, frozen=True, kw_only=True):
    """A finished builder image. `updatePolicy` is `polling` (look for a new one) or `external`."""

    image: Annotated[str, Meta(description="The builder image, by tag or digest.")] = ""
    update_policy: Annotated[
        str, Meta(description="`polling` looks for a new image again and again, `external` does not.")
    ] = ""
    image_pull_secrets: Annotated[tuple[LocalObjectReference, ...], Meta(description="Secrets to pull it with.")] = ()


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

    service_account: Annotated[str, Meta(description="Whose git credentials are used; `default` if left out.")] = ""
    source: WireSource = WireSource()


class WireResolvedGit(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """A git source with its commit; `type` is `Unknown`, `Branch`, `Tag` or `Commit`."""

    url: str = ""
    revision: str = ""
    type: GitType = GitType.UNKNOWN
    sub_path: str = ""
    initialize_submodules: bool | msgspec.UnsetType = msgspec.UNSET


class WireResolvedBlob(Wire, frozen=True, kw_only=True):
    """A blob source, as given."""

    url: str = ""
    strip_components: int = 0
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
