"""`build.pivotal.io/v1alpha1` (kpack 0.0.x): sources from the wire and back, as specs and as statuses write them.

Rule: in a spec `subPath` lies beside `git`, `blob` and `registry`, in a SourceResolver's status inside them.
"""

import msgspec
from msgspec.structs import replace

from kpack_api.dialects.build_pivotal_io_v1alpha1_wire import (
    WireBlob,
    WireGit,
    WireRegistry,
    WireResolvedBlob,
    WireResolvedGit,
    WireResolvedRegistry,
    WireResolvedSource,
    WireSource,
)
from kpack_api.types import BlobSource, GitSource, GitType, RegistrySource, Source


def to_source(wire: WireSource) -> Source:
    """The source in a spec."""
    return Source(
        git=None if wire.git is None else _to_git(wire.git),
        blob=None if wire.blob is None else _to_blob(wire.blob),
        registry=None if wire.registry is None else _to_registry(wire.registry),
        sub_path=wire.sub_path,
    )


def to_resolved(wire: WireResolvedSource) -> Source:
    """The source in a SourceResolver's status."""
    if wire.git is not None:
        return Source(git=replace(_to_git(wire.git), type=wire.git.type), sub_path=wire.git.sub_path)
    if wire.blob is not None:
        return Source(blob=_to_blob(wire.blob), sub_path=wire.blob.sub_path)
    if wire.registry is not None:
        return Source(registry=_to_registry(wire.registry), sub_path=wire.registry.sub_path)
    return Source()


def wire_source(source: Source) -> WireSource:
    """The source for a spec."""
    registry = source.registry
    return WireSource(
        git=None if source.git is None else _wire_git(source.git),
        blob=None if source.blob is None else _wire_blob(source.blob),
        registry=None
        if registry is None
        else WireRegistry(image=registry.image, image_pull_secrets=registry.image_pull_secrets),
        sub_path=source.sub_path,
    )


def wire_resolved(source: Source) -> WireResolvedSource:
    """The source for a SourceResolver's status; of several kinds only one is written."""
    if source.git is not None:
        git = source.git
        resolved = WireResolvedGit(
            url=git.url,
            revision=git.revision,
            type=git.type or GitType.UNKNOWN,
            sub_path=source.sub_path,
            initialize_submodules=git.initialize_submodules or msgspec.UNSET,
        )
        return WireResolvedSource(git=resolved)
    if source.blob is not None:
        blob = source.blob
        resolved_blob = WireResolvedBlob(url=blob.url, strip_components=blob.strip_components, sub_path=source.sub_path)
        return WireResolvedSource(blob=resolved_blob)
    if source.registry is not None:
        registry = WireResolvedRegistry(
            image=source.registry.image,
            image_pull_secrets=source.registry.image_pull_secrets,
            sub_path=source.sub_path,
        )
        return WireResolvedSource(registry=registry)
    return WireResolvedSource()


def _to_git(wire: WireGit | WireResolvedGit) -> GitSource:
    return GitSource(url=wire.url, revision=wire.revision, initialize_submodules=wire.initialize_submodules is True)


def _to_blob(wire: WireBlob | WireResolvedBlob) -> BlobSource:
    return BlobSource(url=wire.url, strip_components=wire.strip_components)


def _to_registry(wire: WireRegistry | WireResolvedRegistry) -> RegistrySource:
    return RegistrySource(image=wire.image, image_pull_secrets=wire.image_pull_secrets)


def _wire_git(git: GitSource) -> WireGit:
    return WireGit(url=git.url, revision=git.revision, initialize_submodules=git.initialize_submodules)


def _wire_blob(blob: BlobSource) -> WireBlob:
    return WireBlob(url=blob.url, strip_components=blob.strip_components)
