"""Actions into Kubernetes objects: every action of `model.actions`, carried out.

Owns which request an action is. Leaves what is in it to `decide` and to the dialect, and failures to the worker.

Rules:
- What exists already is a conflict, so acting twice is seen and harmless. So is a premise that no longer holds.
- Writes carry the resource version, deletions the UID that the decision saw.
- What is overwritten is overwritten whole, so that labels which are no longer wanted go away.
- A status of an object that is gone is written nowhere, without complaint. So is an Event that cannot be written: it
  only tells people what conditions tell too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from kpack_api.dialects import build_pivotal_io_v1alpha1 as dialect
from kpack_api.names import BUILD_API_VERSION
from kpack_api.process import CONTROLLER_NAME
from kpack_api.types import Kind
from kpack_api.wire import Wire, to_manifest
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError, PatchStyle
from kpack_reconciler.clients.kube.paths import core_path, object_path
from kpack_reconciler.effects.premises import check_premises, check_seen
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
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
    RecordEvent,
    UpdateCacheClaim,
    UpdateSourceResolver,
)
from kpack_reconciler.model.facts import (
    BuilderImageQuestion,
    BuilderImageSeen,
    Credentials,
    Fact,
    ServiceAccountSeen,
)

log = structlog.get_logger(__name__)

_CLAIMS = "persistentvolumeclaims"
_LONGEST_EVENT_MESSAGE = 1024


Describe = Callable[[str, str], Awaitable[Credentials | None]]
"""Which credentials the service account of this namespace and name has; None where it does not exist."""
Inspect = Callable[[BuilderImageQuestion], Awaitable[BuilderImageSeen]]
"""What a registry says of a builder image."""
Begin = Callable[[RebaseImage], None]
"""Begin a rebase; its fact comes by another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObjects:
    """Carries out actions on one cluster."""

    kube: KubeClient
    describe: Describe
    inspect: Inspect
    rebase: Begin
    now: Callable[[], datetime]

    async def run(self, action: Action) -> Fact | None:
        """Carry out one action; a question yields its fact, an order None."""
        match action:
            case ReadServiceAccount(question=question):
                answer = await self.describe(question.namespace, question.name)
                return ServiceAccountSeen(question=question, answer=answer, at=self.now())
            case InspectBuilderImage(question=builder_question):
                return await self.inspect(builder_question)
            case RebaseImage():
                self.rebase(action)
            case PatchStatus():
                await self._patch_status(action)
            case RecordEvent():
                await self._record_event(action)
            case DeleteBuild() | DeleteCacheClaim() | DeletePod():
                await self._delete(action)
            case UpdateSourceResolver() | UpdateCacheClaim():
                await self._update(action)
            case CreateBuild() | CreateSourceResolver() | CreateCacheClaim() | CreatePod():
                await self._create(action)
        return None

    async def _create(self, action: CreateBuild | CreateSourceResolver | CreateCacheClaim | CreatePod) -> None:
        match action:
            case CreateBuild(build=build):
                await check_premises(self.kube, action.premises)
                if action.seen is not None:
                    await check_seen(self.kube, build.metadata, action.seen)
                path, body = object_path(Kind.BUILD, build.metadata.namespace), dialect.manifest(build)
            case CreateSourceResolver(source_resolver=resolver):
                path = object_path(Kind.SOURCE_RESOLVER, resolver.metadata.namespace)
                body = dialect.manifest(resolver)
            case CreateCacheClaim(claim=claim):
                path, body = core_path(_CLAIMS, claim.metadata.namespace), _core(claim, "PersistentVolumeClaim")
            case CreatePod(pod=pod):
                await check_premises(self.kube, action.premises)
                path, body = core_path("pods", pod.metadata.namespace), _core(pod, "Pod")
        await self.kube.create(path, body)

    async def _delete(self, action: DeleteBuild | DeleteCacheClaim | DeletePod) -> None:
        match action:
            case DeleteBuild():
                path = object_path(Kind.BUILD, action.namespace, action.name)
            case DeleteCacheClaim():
                path = core_path(_CLAIMS, action.namespace, action.name)
            case DeletePod():
                path = core_path("pods", action.namespace, action.name)
        await self.kube.delete(path, uid=action.uid)

    async def _update(self, action: UpdateSourceResolver | UpdateCacheClaim) -> None:
        match action:
            case UpdateSourceResolver(source_resolver=resolver):
                metadata = resolver.metadata
                path = object_path(Kind.SOURCE_RESOLVER, metadata.namespace, metadata.name)
                field, wanted = "/spec", dialect.manifest(resolver)["spec"]
                annotations = [_put("/metadata/annotations", dict(metadata.annotations))]
            case UpdateCacheClaim(claim=claim):
                metadata = claim.metadata
                path = core_path(_CLAIMS, metadata.namespace, metadata.name)
                field, wanted = "/spec/resources/requests", dict(claim.spec.resources.requests)
                annotations = []
        patch = [
            _put("/metadata/resourceVersion", metadata.resource_version),
            _put("/metadata/labels", dict(metadata.labels)),
            *annotations,
            _put(field, wanted),
        ]
        await self.kube.patch(path, patch, style=PatchStyle.JSON)

    async def _patch_status(self, action: PatchStatus) -> None:
        key = action.key
        path = object_path(key.kind, key.namespace, key.name, subresource="status")
        change = dialect.status_patch(action.status)
        body = {**change, "metadata": {"resourceVersion": action.resource_version}}
        try:
            await self.kube.patch(path, body, style=PatchStyle.MERGE)
        except NotFoundError:
            log.debug("status of a deleted object", kind=key.kind, key=str(key))

    async def _record_event(self, action: RecordEvent) -> None:
        namespace = action.subject.namespace or "default"
        try:
            await self.kube.create(core_path("events", namespace), _event(action, namespace, self.now()))
        except (ConflictError, PermanentError, TransientError) as error:
            log.warning("event not written", kind=action.kind, key=action.subject.name, reason=str(error))


def _core(value: Wire, kind: str) -> dict[str, object]:
    return to_manifest(value, api_version="v1", kind=kind)


def _put(path: str, value: object) -> dict[str, object]:
    """A JSON patch operation; `add` also replaces (RFC 6902, 4.1)."""
    return {"op": "add", "path": path, "value": value}


def _event(action: RecordEvent, namespace: str, now: datetime) -> dict[str, object]:
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{action.subject.name}.", "namespace": namespace},
        "involvedObject": {
            "apiVersion": BUILD_API_VERSION,
            "kind": action.kind.value,
            "namespace": action.subject.namespace,
            "name": action.subject.name,
            "uid": action.subject.uid,
            "resourceVersion": action.subject.resource_version,
        },
        "type": action.type,
        "reason": action.reason,
        "message": action.message[:_LONGEST_EVENT_MESSAGE],
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "source": {"component": CONTROLLER_NAME},
    }
