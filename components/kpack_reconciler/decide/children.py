"""What an Image owns besides Builds: its SourceResolver and its cache's claim, as they should be.

Rules (kpack v0.0.9): both carry the Image's labels, replaced on a change; the SourceResolver also the interval of
polling, which is the Image's annotation (ours). The claim exists while `cacheSize` is set; of
an existing claim only labels and requested size change, and never to less, which Kubernetes refuses. A claim of
somebody else is never deleted. One that is going away is not built with, since no pod would start (ours); the next
comes once it is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from kpack_api.core import PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements
from kpack_api.names import BUILD_API_VERSION, SOURCE_POLLING_ANNOTATION, cache_name, source_resolver_name
from kpack_api.paces import pace_text
from kpack_api.types import Image, Kind, SourceResolver, SourceResolverSpec
from kpack_api.wire import ObjectMeta, OwnerReference
from kpack_reconciler.decide.quantities import is_smaller, same_quantity
from kpack_reconciler.model.actions import (
    Action,
    CreateCacheClaim,
    CreateSourceResolver,
    DeleteCacheClaim,
    UpdateCacheClaim,
    UpdateSourceResolver,
)

_STORAGE = "storage"


def owner_reference(metadata: ObjectMeta, kind: Kind) -> OwnerReference:
    """The owner reference of a child: controlling, and blocking the owner's deletion in the foreground."""
    return OwnerReference(
        api_version=BUILD_API_VERSION,
        kind=kind,
        name=metadata.name,
        uid=metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def child_metadata(image: Image, name: str) -> ObjectMeta:
    """The metadata of a child of an Image, with the Image's labels."""
    return ObjectMeta(
        name=name,
        namespace=image.metadata.namespace,
        labels=image.metadata.labels,
        owner_references=(owner_reference(image.metadata, Kind.IMAGE),),
    )


def resolver_actions(image: Image, current: SourceResolver | None) -> tuple[Action, ...]:
    """Create the SourceResolver, or bring its spec and labels up to the Image's."""
    spec = SourceResolverSpec(service_account=image.spec.service_account, source=image.spec.source)
    before = child_metadata(image, source_resolver_name(image.metadata.name)) if current is None else current.metadata
    metadata = replace(before, labels=image.metadata.labels, annotations=_with_pace(before, image))
    wanted = SourceResolver(metadata=metadata, spec=spec)
    if current is None:
        return (CreateSourceResolver(source_resolver=wanted, reason="the Image has no SourceResolver"),)
    if current.spec == spec and current.metadata == metadata:
        return ()
    reason = "the Image's source, labels or polling changed"
    return (UpdateSourceResolver(source_resolver=wanted, reason=reason),)


def _with_pace(child: ObjectMeta, image: Image) -> Mapping[str, str]:
    """The child's annotations with the Image's own interval of polling, or without one."""
    pace = pace_text(image.metadata.annotations)
    if pace_text(child.annotations) == pace:
        return child.annotations
    others = {name: text for name, text in child.annotations.items() if name != SOURCE_POLLING_ANNOTATION}
    return {**others, SOURCE_POLLING_ANNOTATION: pace} if pace else others


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheChange:
    """What to do about the cache: `first` before a build may use it, `last` when all else is done.

    `name` is the claim to build with, "" for none.
    """

    name: str = ""
    first: tuple[Action, ...] = ()
    last: tuple[Action, ...] = ()


def cache_change(image: Image, current: PersistentVolumeClaim | None) -> CacheChange:
    """Bring the claim up to `cacheSize`. An impossible change comes last, so that it holds up nothing else."""
    size = image.spec.cache_size
    if size is None:
        return CacheChange(last=_delete_claim(image, current))
    name = cache_name(image.metadata.name)
    if current is None:
        create = CreateCacheClaim(claim=_claim(image, name, size), reason=f"cacheSize is {size}")
        return CacheChange(name=name, first=(create,))
    if current.metadata.deletion_timestamp is not None:
        return CacheChange()
    return CacheChange(name=name, last=_update_claim(image, current, size))


def _claim(image: Image, name: str, size: str) -> PersistentVolumeClaim:
    spec = PersistentVolumeClaimSpec(
        access_modes=("ReadWriteOnce",), resources=VolumeResourceRequirements(requests={_STORAGE: size})
    )
    return PersistentVolumeClaim(metadata=child_metadata(image, name), spec=spec)


def _update_claim(image: Image, current: PersistentVolumeClaim, size: str) -> tuple[Action, ...]:
    has = current.spec.resources.requests.get(_STORAGE)
    if has is not None and (same_quantity(has, size) or is_smaller(size, has)):
        if current.metadata.labels == image.metadata.labels:
            return ()
        size = has
    spec = replace(current.spec, resources=VolumeResourceRequirements(requests={_STORAGE: size}))
    wanted = replace(current, metadata=replace(current.metadata, labels=image.metadata.labels), spec=spec)
    return (UpdateCacheClaim(claim=wanted, reason=f"cacheSize is {size}, or labels changed"),)


def _delete_claim(image: Image, current: PersistentVolumeClaim | None) -> tuple[Action, ...]:
    if current is None or current.metadata.deletion_timestamp is not None:
        return ()
    controller = current.metadata.controller
    if controller is None or controller.uid != image.metadata.uid:
        return ()
    metadata = current.metadata
    return (
        DeleteCacheClaim(
            namespace=metadata.namespace, name=metadata.name, uid=metadata.uid, reason="cacheSize is not set"
        ),
    )
