"""Whether what a decision was made from still holds: asked of the API server itself, right before an object is made.

Watches lag, each by itself; ConflictError has the decision made again when they have caught up.
"""

from kpack_api.names import IMAGE_LABEL
from kpack_api.types import Kind
from kpack_api.wire import ObjectMeta
from kpack_reconciler.clients.kube.answers import decode_object, decode_page
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import object_path
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model.actions import Premise


async def check_premises(kube: KubeClient, premises: tuple[Premise, ...]) -> None:
    """ConflictError where one of them does not hold any more. One GET for each."""
    for premise in premises:
        key = premise.key
        try:
            raw = await kube.get(object_path(key.kind, key.namespace, key.name))
        except NotFoundError as error:
            raise ConflictError(f"{key} is gone") from error
        if decode_object(raw).metadata.resource_version != premise.resource_version:
            raise ConflictError(f"{key} has changed since it was seen")


async def check_seen(kube: KubeClient, build: ObjectMeta, seen: frozenset[str]) -> None:
    """ConflictError where the Image of this Build-to-be has a Build that was not seen. One LIST."""
    selector = {"labelSelector": f"{IMAGE_LABEL}={build.labels[IMAGE_LABEL]}"}
    raw = await kube.get(object_path(Kind.BUILD, build.namespace), params=selector)
    for item in decode_page(raw).items:
        found = decode_object(item).metadata
        if _owner(found) in {"", _owner(build)} and found.uid not in seen:
            raise ConflictError(f"Build {build.namespace}/{found.name} has not been seen yet")


def _owner(build: ObjectMeta) -> str:
    return "" if build.controller is None else build.controller.uid
