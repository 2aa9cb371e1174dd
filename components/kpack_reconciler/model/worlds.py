"""All that a decision about one object may know. `gather` fills worlds from the cache; `decide` reads nothing else.

`None` for an object means: not in the cache. `None` for a fact means: not asked yet.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.network import OPEN_NETWORK, Network
from kpack_api.types import Build, Builder, Image, SourceResolver
from kpack_reconciler.model.facts import BuilderImageSeen, ImageRebased, RevisionResolved, ServiceAccountSeen
from kpack_reconciler.model.refusals import WriteRefused
from kpack_reconciler.model.turns import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWorld:
    """An Image, the builder it names, its Builds (any order), its SourceResolver and its cache's claim.

    `namesake` is an object that has the next Build's name already and is none of `builds`; `refusals` what the API
    server refused to write for this Image.
    """

    image: Image
    builder: Builder | None = None
    builds: tuple[Build, ...] = ()
    source_resolver: SourceResolver | None = None
    cache_claim: PersistentVolumeClaim | None = None
    namesake: Build | None = None
    refusals: tuple[WriteRefused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPodSettings:
    """What the installation decides about build pods: the image of `prepare` and `completion`, by digest.

    `network` is what their containers need to know of the company's network. `pull_secrets` are names; the kubelet
    passes over those that the namespace does not have.
    """

    step_image: str
    pull_secrets: tuple[str, ...] = ()
    network: Network = OPEN_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildWorld:
    """A Build, its pods, its builder image as seen, the credentials of its service account, its rebase if it is one.

    `pod` is that of the newest attempt; where the Build controls none, one of others that has a name of its attempts.
    `earlier` are its own pods of the attempts before, oldest first. `refusals` tell which of its pods the API server
    refused to create. `turn` is None where any number of builds may run at once.
    """

    build: Build
    pod: Pod | None = None
    earlier: tuple[Pod, ...] = ()
    builder_image: BuilderImageSeen | None = None
    credentials: ServiceAccountSeen | None = None
    rebased: ImageRebased | None = None
    refusals: tuple[WriteRefused, ...] = ()
    turn: Turn | None = None
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
