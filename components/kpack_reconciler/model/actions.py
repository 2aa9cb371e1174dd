"""What a decision may order. Each action is a value; only `effects` carries it out.

Rules:
- Names of created objects are computed, so acting twice meets AlreadyExists, which is a conflict, not an error.
- Writes to existing objects carry the resource version or UID that the decision saw.
- Every action carries the reason for it, in words fit for a log line.
"""

from dataclasses import dataclass

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.types import (
    Build,
    BuilderStatus,
    BuildStatus,
    ImageStatus,
    Kind,
    SourceResolver,
    SourceResolverStatus,
)
from kpack_api.wire import ObjectMeta
from kpack_reconciler.model.facts import BuilderImageQuestion, RebaseQuestion, ServiceAccountQuestion
from kpack_reconciler.model.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Premise:
    """An object that a decision was made from, and its version then."""

    key: Key
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBuild:
    """Create a Build: metadata with name, labels, annotations, owner; and its spec.

    Nothing is created unless the API server says that all `premises` still hold: they come by several watches, one of
    which may lag behind the newest Build, and the next would be made of what is older. That is one GET for each.

    `seen`, else None, are the UIDs of all Builds that the decision knew, where the Image's status tells of more: the
    newest was deleted, and another may have been made that was not seen yet. That is one LIST of the Image's Builds.
    """

    build: Build
    premises: tuple[Premise, ...] = ()
    seen: frozenset[str] | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteBuild:
    """Delete a Build that history no longer keeps."""

    namespace: str
    name: str
    uid: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSourceResolver:
    """Create the SourceResolver of an Image."""

    source_resolver: SourceResolver
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSourceResolver:
    """Overwrite labels and spec of a SourceResolver; its metadata carries the resource version that was seen."""

    source_resolver: SourceResolver
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCacheClaim:
    """Create the persistent volume claim of an Image's build cache."""

    claim: PersistentVolumeClaim
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCacheClaim:
    """Overwrite labels and requested size of a claim; its metadata carries the resource version that was seen."""

    claim: PersistentVolumeClaim
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCacheClaim:
    """Delete a claim that is no longer wanted."""

    namespace: str
    name: str
    uid: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePod:
    """Create the pod of a Build, unless a premise no longer holds: a second look at old data must not add a pod."""

    pod: Pod
    premises: tuple[Premise, ...] = ()
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTurn:
    """Take a turn among the builds that may run at once, before the pod is created; a conflict where none is free."""

    build: ObjectMeta
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTurnBack:
    """Let another Build have this one's turn."""

    build: ObjectMeta
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePod:
    """Delete a pod that waits for what its Build has given up on."""

    namespace: str
    name: str
    uid: str
    reason: str


Status = ImageStatus | BuildStatus | BuilderStatus | SourceResolverStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchStatus:
    """Write the status fields that we own, for the object version that the decision saw.

    Conditions come with `last_transition_time` already set by the decision.
    """

    key: Key
    resource_version: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadServiceAccount:
    """Read a service account and the types and annotations of the Secrets it names; yields `ServiceAccountSeen`."""

    question: ServiceAccountQuestion
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectBuilderImage:
    """Read a builder image's manifest and config; yields `BuilderImageSeen`."""

    question: BuilderImageQuestion
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseImage:
    """Begin to put an application onto another run image, unless that is under way; yields `ImageRebased` later.

    Registries may take minutes, so nobody waits: the fact is recorded and the Build looked at when it is done.
    """

    question: RebaseQuestion
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """Write a Kubernetes Event about an object: `type` is Normal or Warning, `reason` a CamelCase word.

    `subject` is the object's metadata, so that the Event carries its UID.
    """

    kind: Kind
    subject: ObjectMeta
    type: str
    reason: str
    message: str


Action = (
    CreateBuild
    | DeleteBuild
    | CreateSourceResolver
    | UpdateSourceResolver
    | CreateCacheClaim
    | UpdateCacheClaim
    | DeleteCacheClaim
    | CreatePod
    | TakeTurn
    | GiveTurnBack
    | DeletePod
    | PatchStatus
    | ReadServiceAccount
    | InspectBuilderImage
    | RebaseImage
    | RecordEvent
)
