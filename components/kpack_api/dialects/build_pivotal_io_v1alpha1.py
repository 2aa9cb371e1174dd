"""`build.pivotal.io/v1alpha1` (kpack 0.0.x): neutral forms from the wire and back.

Owns four functions: `decode` to the neutral form, `manifest`, `spec_patch` and `status_patch` from it. Leaves the wire
types to `build_pivotal_io_v1alpha1_wire`, the CRDs to `crds`, defaults that depend on the cluster to the webhook.

Rules:
- `decode` applies the defaults that kpack's reconcilers apply in memory, so a missing webhook changes nothing.
- Patches are JSON merge patches: a cleared field is `null`, a field that is not ours is not named.
"""

from collections.abc import Mapping

import msgspec

from kpack_api.core import ObjectReference
from kpack_api.dialects.build_pivotal_io_v1alpha1_wire import (
    WireBlob,
    WireBuild,
    WireBuildBuilder,
    WireBuilder,
    WireBuilderSpec,
    WireBuildSpec,
    WireGit,
    WireImage,
    WireImageBuild,
    WireImageSpec,
    WireRegistry,
    WireResolvedBlob,
    WireResolvedGit,
    WireResolvedRegistry,
    WireResolvedSource,
    WireSource,
    WireSourceResolver,
    WireSourceResolverSpec,
    WireSourceResolverStatus,
)
from kpack_api.merge_patch import with_nulls
from kpack_api.names import BUILD_API_VERSION
from kpack_api.types import (
    BlobSource,
    Build,
    Builder,
    BuilderReference,
    BuilderSpec,
    BuildSettings,
    BuildSpec,
    GitSource,
    GitType,
    Image,
    ImageSpec,
    ImageTaggingStrategy,
    Kind,
    Neutral,
    NeutralStatus,
    RegistrySource,
    Source,
    SourceResolver,
    SourceResolverSpec,
    SourceResolverStatus,
    UpdatePolicy,
    kind_of,
)
from kpack_api.wire import Wire

PLURALS: Mapping[Kind, str] = {
    Kind.IMAGE: "images",
    Kind.BUILD: "builds",
    Kind.BUILDER: "builders",
    Kind.CLUSTER_BUILDER: "clusterbuilders",
    Kind.SOURCE_RESOLVER: "sourceresolvers",
}

DEFAULT_SERVICE_ACCOUNT = "default"
DEFAULT_HISTORY_LIMIT = 10


_image = msgspec.json.Decoder(WireImage, strict=False)
_build = msgspec.json.Decoder(WireBuild, strict=False)
_builder = msgspec.json.Decoder(WireBuilder, strict=False)
_source_resolver = msgspec.json.Decoder(WireSourceResolver, strict=False)


def decode(kind: Kind, raw: bytes | msgspec.Raw) -> Neutral:
    """Read an object of this kind; msgspec.DecodeError when it is no such object."""
    match kind:
        case Kind.IMAGE:
            return _to_image(_image.decode(raw))
        case Kind.BUILD:
            return _to_build(_build.decode(raw))
        case Kind.BUILDER | Kind.CLUSTER_BUILDER:
            return _to_builder(_builder.decode(raw))
        case Kind.SOURCE_RESOLVER:
            return _to_source_resolver(_source_resolver.decode(raw))


def manifest(value: Neutral) -> dict[str, object]:
    """The object as plain data, ready to be created; without status."""
    body = msgspec.to_builtins({"metadata": value.metadata, "spec": _wire_spec(value)})
    return {"apiVersion": BUILD_API_VERSION, "kind": kind_of(value), **body}


def spec_patch(value: Neutral) -> dict[str, object]:
    """A merge patch that makes the `spec` on the server equal to this one in every field we know."""
    return {"spec": with_nulls(_wire_spec(value))}


def status_patch(status: NeutralStatus) -> dict[str, object]:
    """A merge patch that makes the `status` on the server equal to this one in every field we know."""
    wire = _to_wire_source_status(status) if isinstance(status, SourceResolverStatus) else status
    return {"status": with_nulls(wire)}


def _to_image(wire: WireImage) -> Image:
    spec = wire.spec
    build = spec.build or WireImageBuild()
    return Image(
        metadata=wire.metadata,
        status=wire.status,
        spec=ImageSpec(
            tag=spec.tag,
            additional_tags=spec.additional_tags,
            builder=BuilderReference(kind=spec.builder.kind, name=spec.builder.name),
            service_account=spec.service_account or DEFAULT_SERVICE_ACCOUNT,
            source=_to_source(spec.source),
            cache_size=None if spec.cache_size is None else str(spec.cache_size),
            failed_build_history_limit=_limit(spec.failed_build_history_limit),
            success_build_history_limit=_limit(spec.success_build_history_limit),
            image_tagging_strategy=spec.image_tagging_strategy or ImageTaggingStrategy.BUILD_NUMBER,
            build=BuildSettings(env=build.env, resources=build.resources, bindings=build.bindings),
        ),
    )


def _to_build(wire: WireBuild) -> Build:
    spec = wire.spec
    return Build(
        metadata=wire.metadata,
        status=wire.status,
        spec=BuildSpec(
            tags=spec.tags,
            builder_image=spec.builder.image,
            builder_image_pull_secrets=spec.builder.image_pull_secrets,
            service_account=spec.service_account or DEFAULT_SERVICE_ACCOUNT,
            source=_to_source(spec.source),
            cache_name=spec.cache_name,
            bindings=spec.bindings,
            env=spec.env,
            resources=spec.resources,
            last_build=spec.last_build,
        ),
    )


def _to_builder(wire: WireBuilder) -> Builder:
    spec = BuilderSpec(
        image=wire.spec.image,
        update_policy=wire.spec.update_policy or UpdatePolicy.POLLING,
        image_pull_secrets=wire.spec.image_pull_secrets,
    )
    return Builder(metadata=wire.metadata, spec=spec, status=wire.status)


def _to_source_resolver(wire: WireSourceResolver) -> SourceResolver:
    spec = SourceResolverSpec(
        service_account=wire.spec.service_account or DEFAULT_SERVICE_ACCOUNT, source=_to_source(wire.spec.source)
    )
    status = SourceResolverStatus(
        observed_generation=wire.status.observed_generation,
        conditions=wire.status.conditions,
        source=None if wire.status.source is None else _to_resolved(wire.status.source),
    )
    return SourceResolver(metadata=wire.metadata, spec=spec, status=status)


def _to_source(wire: WireSource) -> Source:
    return Source(
        git=None if wire.git is None else GitSource(url=wire.git.url, revision=wire.git.revision),
        blob=None if wire.blob is None else BlobSource(url=wire.blob.url),
        registry=None if wire.registry is None else _to_registry(wire.registry),
        sub_path=wire.sub_path,
    )


def _to_registry(wire: WireRegistry | WireResolvedRegistry) -> RegistrySource:
    return RegistrySource(image=wire.image, image_pull_secrets=wire.image_pull_secrets)


def _to_resolved(wire: WireResolvedSource) -> Source:
    if wire.git is not None:
        git = GitSource(url=wire.git.url, revision=wire.git.revision, type=wire.git.type)
        return Source(git=git, sub_path=wire.git.sub_path)
    if wire.blob is not None:
        return Source(blob=BlobSource(url=wire.blob.url), sub_path=wire.blob.sub_path)
    if wire.registry is not None:
        return Source(registry=_to_registry(wire.registry), sub_path=wire.registry.sub_path)
    return Source()


def _wire_spec(value: Neutral) -> Wire:
    match value:
        case Image():
            return _image_spec(value.spec)
        case Build():
            return _build_spec(value.spec)
        case Builder():
            return WireBuilderSpec(
                image=value.spec.image,
                update_policy=value.spec.update_policy,
                image_pull_secrets=value.spec.image_pull_secrets,
            )
        case SourceResolver():
            return WireSourceResolverSpec(
                service_account=value.spec.service_account, source=_wire_source(value.spec.source)
            )


def _image_spec(spec: ImageSpec) -> WireImageSpec:
    settings = WireImageBuild(env=spec.build.env, resources=spec.build.resources, bindings=spec.build.bindings)
    return WireImageSpec(
        tag=spec.tag,
        additional_tags=spec.additional_tags,
        builder=ObjectReference(kind=spec.builder.kind, name=spec.builder.name),
        service_account=spec.service_account,
        source=_wire_source(spec.source),
        cache_size=spec.cache_size,
        failed_build_history_limit=spec.failed_build_history_limit,
        success_build_history_limit=spec.success_build_history_limit,
        image_tagging_strategy=spec.image_tagging_strategy,
        build=None if settings == WireImageBuild() else settings,
    )


def _build_spec(spec: BuildSpec) -> WireBuildSpec:
    return WireBuildSpec(
        tags=spec.tags,
        builder=WireBuildBuilder(image=spec.builder_image, image_pull_secrets=spec.builder_image_pull_secrets),
        service_account=spec.service_account,
        source=_wire_source(spec.source),
        cache_name=spec.cache_name,
        bindings=spec.bindings,
        env=spec.env,
        resources=spec.resources,
        last_build=spec.last_build,
    )


def _wire_source(source: Source) -> WireSource:
    registry = source.registry
    return WireSource(
        git=None if source.git is None else WireGit(url=source.git.url, revision=source.git.revision),
        blob=None if source.blob is None else WireBlob(url=source.blob.url),
        registry=None
        if registry is None
        else WireRegistry(image=registry.image, image_pull_secrets=registry.image_pull_secrets),
        sub_path=source.sub_path,
    )


def _to_wire_source_status(status: SourceResolverStatus) -> WireSourceResolverStatus:
    return WireSourceResolverStatus(
        observed_generation=status.observed_generation,
        conditions=status.conditions,
        source=None if status.source is None else _wire_resolved(status.source),
    )


def _wire_resolved(source: Source) -> WireResolvedSource:
    if source.git is not None:
        git = source.git
        kind = git.type or GitType.UNKNOWN
        resolved = WireResolvedGit(url=git.url, revision=git.revision, type=kind, sub_path=source.sub_path)
        return WireResolvedSource(git=resolved)
    if source.blob is not None:
        return WireResolvedSource(blob=WireResolvedBlob(url=source.blob.url, sub_path=source.sub_path))
    if source.registry is not None:
        registry = WireResolvedRegistry(
            image=source.registry.image,
            image_pull_secrets=source.registry.image_pull_secrets,
            sub_path=source.sub_path,
        )
        return WireResolvedSource(registry=registry)
    return WireResolvedSource()


def _limit(value: int | None) -> int:
    return DEFAULT_HISTORY_LIMIT if value is None else value
