"""All that a decision about one object may know. `gather` fills worlds from the cache; `decide` reads nothing else.

`None` for an object means: not in the cache. `None` for a fact means: not asked yet.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.types import Build, Builder, Image, SourceResolver
from kpack_reconciler.model.facts import BuilderImageSeen, RevisionResolved, ServiceAccountSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWorld:
    """An Image, the builder it names, its Builds (any order), its SourceResolver and its cache's claim."""

    image: Image
    builder: Builder | None = None
    builds: tuple[Build, ...] = ()
    source_resolver: SourceResolver | None = None
    cache_claim: PersistentVolumeClaim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPodSettings:
    """What the installation decides about build pods: the image of `prepare` and `completion`, by digest."""

    step_image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildWorld:
    """A Build, its pod, its builder image as seen, and the credentials of its service account."""

    build: Build
    pod: Pod | None = None
    builder_image: BuilderImageSeen | None = None
    credentials: ServiceAccountSeen | None = None
    settings: BuildPodSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderWorld:
    """A Builder or ClusterBuilder and what its image was last seen to be."""

    builder: Builder
    seen: BuilderImageSeen | None = None
    interval: timedelta = field(default=timedelta(seconds=60))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResolverWorld:
    """A SourceResolver and what its git revision was last seen to be."""

    source_resolver: SourceResolver
    resolved: RevisionResolved | None = None
    interval: timedelta = field(default=timedelta(seconds=60))
