"""`build.pivotal.io/v1alpha1` (kpack 0.0.x): neutral forms from the wire and back.

Owns three functions: `decode` to the neutral form, `manifest` and `status_patch` from it. Leaves the wire
types to `build_pivotal_io_v1alpha1_wire`, reading them from JSON to `build_pivotal_io_v1alpha1_reading`, sources to
`build_pivotal_io_v1alpha1_sources`, the CRDs to `crds`, defaults that depend on the cluster to the webhook.

Rules:
- `decode` applies the defaults that kpack's reconcilers apply in memory, so a missing webhook changes nothing.
- `decode` loses no object: what it cannot understand of a spec stands in the neutral form's `unreadable`.
- Patches are JSON merge patches: a cleared field is `null`, a field that is not ours is not named.
"""

from collections.abc import Mapping

import msgspec

from kpack_api.core import ObjectReference
from kpack_api.dialects.build_pivotal_io_v1alpha1_reading import (
    DEFAULT_SERVICE_ACCOUNT,
    read,
    with_readable_times,
)
from kpack_api.dialects.build_pivotal_io_v1alpha1_sources import to_resolved, to_source, wire_resolved, wire_source
from kpack_api.dialects.build_pivotal_io_v1alpha1_wire import (
    WireBuild,
    WireBuildBuilder,
    WireBuilder,
    WireBuilderSpec,
    WireBuildSpec,
    WireImage,
    WireImageBuild,
    WireImageSpec,
    WireSourceResolver,
    WireSourceResolverSpec,
    WireSourceResolverStatus,
)
from kpack_api.merge_patch import with_nulls
from kpack_api.names import BUILD_API_VERSION
from kpack_api.neutral import Neutral, NeutralStatus, kind_of
from kpack_api.types import (
    Build,
    Builder,
    BuilderReference,
    BuilderSpec,
    BuildSettings,
    BuildSpec,
    Image,
    ImageSpec,
    ImageTaggingStrategy,
    Kind,
    SourceResolver,
    SourceResolverSpec,
    SourceResolverStatus,
    UpdatePolicy,
)
from kpack_api.wire import Wire

PLURALS: Mapping[Kind, str] = {
    Kind.IMAGE: "images",
    Kind.BUILD: "builds",
    Kind.BUILDER: "builders",
    Kind.CLUSTER_BUILDER: "clusterbuilders",
    Kind.SOURCE_RESOLVER: "sourceresolvers",
}

DEFAULT_HISTORY_LIMIT = 10


def decode(kind: Kind, raw: bytes | msgspec.Raw) -> Neutral:
    """Read an object of this kind; msgspec.DecodeError only when it is no JSON object."""
    wire, misfits = read(kind, raw)
    unreadable = tuple(str(misfit) for misfit in misfits)
    match wire:
        case WireImage():
            return _to_image(wire, unreadable)
        case WireBuild():
            return _to_build(wire, unreadable)
        case WireBuilder():
            return _to_builder(wire, unreadable)
        case _:
            return _to_source_resolver(wire, unreadable)


def manifest(value: Neutral) -> dict[str, object]:
    """The object as plain data, ready to be created; without status."""
    body = msgspec.to_builtins({"metadata": value.metadata, "spec": _wire_spec(value)})
    return {"apiVersion": BUILD_API_VERSION, "kind": kind_of(value), **body}


def status_patch(status: NeutralStatus) -> dict[str, object]:
    """A merge patch that makes the `status` on the server equal to this one in every field we know."""
    wire = _to_wire_status(status) if isinstance(status, SourceResolverStatus) else status
    return {"status": with_nulls(wire)}


def _to_image(wire: WireImage, unreadable: tuple[str, ...]) -> Image:
    spec = wire.spec
    build = spec.build or WireImageBuild()
    return Image(
        metadata=wire.metadata,
        unreadable=unreadable,
        status=with_readable_times(wire.status),
        spec=ImageSpec(
            tag=spec.tag,
            additional_tags=spec.additional_tags,
            builder=BuilderReference(kind=spec.builder.kind, name=spec.builder.name),
            service_account=spec.service_account or DEFAULT_SERVICE_ACCOUNT,
            source=to_source(spec.source),
            cache_size=None if spec.cache_size is None else str(spec.cache_size),
            failed_build_history_limit=_limit(spec.failed_build_history_limit),
            success_build_history_limit=_limit(spec.success_build_history_limit),
            image_tagging_strategy=spec.image_tagging_strategy or ImageTaggingStrategy.BUILD_NUMBER,
            build=BuildSettings(env=build.env, resources=build.resources, bindings=build.bindings),
        ),
    )


def _to_build(wire: WireBuild, unreadable: tuple[str, ...]) -> Build:
    spec = wire.spec
    return Build(
        metadata=wire.metadata,
        unreadable=unreadable,
        status=with_readable_times(wire.status),
        spec=BuildSpec(
            tags=spec.tags,
            builder_image=spec.builder.image,
            builder_image_pull_secrets=spec.builder.image_pull_secrets,
            service_account=spec.service_account or DEFAULT_SERVICE_ACCOUNT,
            source=to_source(spec.source),
            cache_name=spec.cache_name,
            bindings=spec.bindings,
            env=spec.env,
            resources=spec.resources,
            last_build=spec.last_build,
        ),
    )


def _to_builder(wire: WireBuilder, unreadable: tuple[str, ...]) -> Builder:
    spec = BuilderSpec(
        image=wire.spec.image,
        update_policy=wire.spec.update_policy or UpdatePolicy.POLLING,
        image_pull_secrets=wire.spec.image_pull_secrets,
    )
    status = with_readable_times(wire.status)
    return Builder(metadata=wire.metadata, spec=spec, status=status, unreadable=unreadable)


def _to_source_resolver(wire: WireSourceResolver, unreadable: tuple[str, ...]) -> SourceResolver:
    spec = SourceResolverSpec(
        service_account=wire.spec.service_account or DEFAULT_SERVICE_ACCOUNT, source=to_source(wire.spec.source)
    )
    seen = with_readable_times(wire.status)
    status = SourceResolverStatus(
        observed_generation=seen.observed_generation,
        conditions=seen.conditions,
        source=None if seen.source is None else to_resolved(seen.source),
    )
    return SourceResolver(metadata=wire.metadata, spec=spec, status=status, unreadable=unreadable)


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
        case _:
            return WireSourceResolverSpec(
                service_account=value.spec.service_account, source=wire_source(value.spec.source)
            )


def _image_spec(spec: ImageSpec) -> WireImageSpec:
    settings = WireImageBuild(env=spec.build.env, resources=spec.build.resources, bindings=spec.build.bindings)
    return WireImageSpec(
        tag=spec.tag,
        additional_tags=spec.additional_tags,
        builder=ObjectReference(kind=spec.builder.kind, name=spec.builder.name),
        service_account=spec.service_account,
        source=wire_source(spec.source),
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
        source=wire_source(spec.source),
        cache_name=spec.cache_name,
        bindings=spec.bindings,
        env=spec.env,
        resources=spec.resources,
        last_build=spec.last_build,
    )


def _to_wire_status(status: SourceResolverStatus) -> WireSourceResolverStatus:
    return WireSourceResolverStatus(
        observed_generation=status.observed_generation,
        conditions=status.conditions,
        source=None if status.source is None else wire_resolved(status.source),
    )


def _limit(value: int | None) -> int:
    return DEFAULT_HISTORY_LIMIT if value is None else value
