"""A cluster in memory for one object at a time: real cache, gather and decisions; everything outside answers at once.

Rules: objects go in and out as JSON, so that what a decision writes is what the next look reads. A Build that the
controller makes passes admission, as on a real cluster, or is refused there.
"""

import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from kpack_api.core import Pod, PodStatus
from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode, manifest, status_patch
from kpack_api.types import Build, Builder, BuiltImage, Image, Kind, SourceResolver
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.decide.admission import undecodable, validate
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.builder import decide_builder
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.gather.build import gather_build
from kpack_reconciler.gather.builder import gather_builder
from kpack_reconciler.gather.image import gather_image
from kpack_reconciler.gather.source import gather_source_resolver
from kpack_reconciler.model.actions import (
    Action,
    CreateBuild,
    CreateCacheClaim,
    CreatePod,
    CreateSourceResolver,
    DeleteBuild,
    DeleteCacheClaim,
    DeletePod,
    InspectBuilderImage,
    PatchStatus,
    ReadServiceAccount,
    RebaseImage,
    UpdateCacheClaim,
    UpdateSourceResolver,
)
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import (
    BuilderImage,
    BuilderImageSeen,
    Credentials,
    Fact,
    Fault,
    ImageRebased,
    NotRebasable,
    Revision,
    RevisionResolved,
    ServiceAccountSeen,
)
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import builder_question, revision_question
from kpack_reconciler.model.refusals import refusal
from tests import make

Json = dict[str, Any]
INTERVAL = timedelta(seconds=60)
_LONGEST_LABEL = 63
_MOST_LOOKS, _IDLE_LOOKS = 60, 10
_PATIENCE = timedelta(hours=1)
"""What is still tried again after so long, ever more slowly, may be so for ever: a server that is down."""
_QUESTIONS = (ReadServiceAccount, InspectBuilderImage)


class RestlessError(AssertionError):
    """The reconciler writes without end."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an object meets in its cluster, and what registries, git servers and nodes answer."""

    builder: Builder | None
    resolver: SourceResolver | None
    builds: tuple[Build, ...]
    account: Credentials | None
    image: BuilderImage | Fault
    revision: Revision | Fault
    pod: PodStatus
    rebase: BuiltImage | NotRebasable | Fault


class Cluster:
    """One object under test and its surroundings."""

    def __init__(self, around: Surroundings) -> None:
        self.cache = Cache()
        self.around = around
        self.now = make.NOW
        self.bodies: dict[Key, Json] = {}
        self.delay = timedelta(seconds=1)
        for value in (around.builder, around.resolver, *around.builds):
            if value is not None:
                self._keep(value)

    def put(self, kind: Kind, body: Json) -> Key:
        """Store an object as JSON; its key."""
        value = decode(kind, json.dumps(body).encode())
        key = Key(kind, value.metadata.namespace, value.metadata.name)
        self.bodies[key] = body
        self._keep(value)
        self._answer(value)
        return key

    def settle(self, key: Key) -> Decision | None:
        """Look until nothing is written any more, with time passing where a look asks for it; the last decision."""
        idle = 0
        for _ in range(_MOST_LOOKS):
            decision = self._look(key)
            if decision is None:
                return None
            refused = self._act(decision)
            writes = any(not isinstance(action, _QUESTIONS) for action in decision.actions)
            idle = 0 if writes else idle + 1
            at_rest = idle == _IDLE_LOOKS or not (decision.actions or decision.look_again)
            if at_rest or self.now - make.NOW > _PATIENCE:
                return decision
            self.now += refused or decision.look_again or timedelta(0)
        raise RestlessError(f"{_MOST_LOOKS} looks and no rest; the last did {decision.actions}")

    def _act(self, decision: Decision) -> timedelta | None:
        """Act until a write is refused; then, when the queue brings the object again."""
        for action in decision.actions:
            fault = _refused(action)
            if fault is None:
                self._run(action)
                continue
            told = refusal(action, fault, self.now)
            if told is not None:
                self.cache.facts.refuse(told)
            self.delay = min(self.delay * 2, timedelta(minutes=5))
            return self.delay
        return None

    def _look(self, key: Key) -> Decision | None:
        match key.kind:
            case Kind.IMAGE:
                image = gather_image(self.cache, key)
                return image and decide_image(image, self.now)
            case Kind.BUILD:
                build = gather_build(self.cache, key, make.SETTINGS)
                return build and decide_build(build, self.now)
            case Kind.SOURCE_RESOLVER:
                resolver = gather_source_resolver(self.cache, key, INTERVAL)
                return resolver and decide_source_resolver(resolver, self.now)
            case _:
                builder = gather_builder(self.cache, key, INTERVAL)
                return builder and decide_builder(builder, self.now)

    def _run(self, action: Action) -> None:
        """Carry out an action as effects would. Events only tell people."""
        match action:
            case PatchStatus(key=key):
                self.put(key.kind, _merged(self.bodies[key], status_patch(action.status)))
            case CreateBuild(build=build):
                self._keep(build)
            case CreateSourceResolver(source_resolver=resolver) | UpdateSourceResolver(source_resolver=resolver):
                self._keep(resolver)
            case CreateCacheClaim(claim=claim) | UpdateCacheClaim(claim=claim):
                self.cache.claims.put(claim)
            case CreatePod(pod=pod):
                self.cache.pods.put(_started(pod, self.around.pod, self.now))
            case DeleteBuild() | DeletePod() | DeleteCacheClaim():
                self._delete(action)
            case ReadServiceAccount() | InspectBuilderImage() | RebaseImage():
                self.cache.facts.record(self._fact(action))

    def _fact(self, action: ReadServiceAccount | InspectBuilderImage | RebaseImage) -> Fact:
        around = self.around
        match action:
            case ReadServiceAccount(question=account):
                return ServiceAccountSeen(question=account, answer=around.account, at=self.now)
            case InspectBuilderImage(question=image):
                return BuilderImageSeen(question=image, answer=around.image, at=self.now)
            case RebaseImage(question=rebase, attempt=attempt):
                return ImageRebased(question=rebase, answer=around.rebase, at=self.now, attempt=attempt)

    def _delete(self, action: DeleteBuild | DeletePod | DeleteCacheClaim) -> None:
        stores = {DeleteBuild: self.cache.builds, DeletePod: self.cache.pods, DeleteCacheClaim: self.cache.claims}
        stores[type(action)].remove(action.namespace, action.name)

    def _keep(self, value: Image | Build | Builder | SourceResolver) -> None:
        match value:
            case Image():
                self.cache.images.put(value)
            case Build():
                self.cache.builds.put(value)
            case SourceResolver():
                self.cache.source_resolvers.put(value)
            case Builder():
                (self.cache.builders if value.kind is Kind.BUILDER else self.cache.cluster_builders).put(value)

    def _answer(self, value: Image | Build | Builder | SourceResolver) -> None:
        """What pollers would have learnt of the object."""
        if isinstance(value, Builder):
            seen = BuilderImageSeen(question=builder_question(value), answer=self.around.image, at=self.now)
            self.cache.facts.record(seen)
        question = revision_question(value) if isinstance(value, SourceResolver) else None
        if question is not None:
            self.cache.facts.record(RevisionResolved(question=question, answer=self.around.revision, at=self.now))


def _refused(action: Action) -> PermanentError | None:
    """Why the API server or our webhook would not have what is to be created."""
    match action:
        case CreateBuild(build=build):
            body: Json = msgspec.json.decode(msgspec.json.encode(manifest(build)))
            fault = undecodable("Build", "CREATE", body) or validate("Build", "CREATE", body, None)
            if fault:
                return PermanentError("BadRequest", fault)
            labels = build.metadata.labels
        case CreatePod(pod=pod):
            labels = pod.metadata.labels
        case _:
            return None
    long = [name for name, value in labels.items() if len(value) > _LONGEST_LABEL]
    return PermanentError("Invalid", f"metadata.labels: Invalid value: {long}") if long else None


def _merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch applied (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return msgspec.to_builtins(merged)


def _started(pod: Pod, status: PodStatus, now: datetime) -> Pod:
    created = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = replace(pod.metadata, uid=f"{pod.metadata.name}-uid", creation_timestamp=created)
    return replace(pod, metadata=metadata, status=status)
