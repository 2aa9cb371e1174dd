"""What is kept of an object that arrives: what no decision reads is dropped, so that memory is bounded by decisions.

Owns the dropping. Leaves the meaning of what stays to the dialect and to `core`.

Rules:
- Of a pod its status, its name, its times and its owner are kept; the spec, nine tenths of it, is what we wrote.
- Of an Image everything is kept but kubectl's copy of it.
- Nothing that is dropped is ever written back: writes name their fields.

Cost: about 11 kB for an Image with its SourceResolver, its Build and its pod, 36 kB with pods whole.
"""

import msgspec
from msgspec.structs import replace

from kpack_api.core import Pod, PodStatus
from kpack_api.dialects import build_pivotal_io_v1alpha1 as dialect
from kpack_api.neutral import Neutral
from kpack_api.types import Image, Kind
from kpack_api.wire import ObjectMeta, OwnerReference, Wire

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class _PodMeta(Wire, frozen=True, kw_only=True):
    """The metadata of a pod that decisions read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    owner_references: tuple[OwnerReference, ...] = ()


class _Pod(Wire, frozen=True, kw_only=True):
    """A pod without its spec."""

    metadata: _PodMeta
    status: PodStatus = PodStatus()


_decode_pod = msgspec.json.Decoder(_Pod).decode


def arrived(kind: Kind, raw: msgspec.Raw) -> Neutral:
    """The object of one of kpack's kinds, as it is kept; msgspec.DecodeError only when it is no JSON object."""
    value = dialect.decode(kind, raw)
    if not isinstance(value, Image) or _LAST_APPLIED not in value.metadata.annotations:
        return value
    kept = {name: text for name, text in value.metadata.annotations.items() if name != _LAST_APPLIED}
    return replace(value, metadata=replace(value.metadata, annotations=kept))


def arrived_pod(raw: msgspec.Raw) -> Pod:
    """The pod, as it is kept; msgspec.DecodeError where it is none."""
    pod = _decode_pod(raw)
    found = pod.metadata
    metadata = ObjectMeta(
        name=found.name,
        namespace=found.namespace,
        uid=found.uid,
        resource_version=found.resource_version,
        creation_timestamp=found.creation_timestamp,
        deletion_timestamp=found.deletion_timestamp,
        deletion_grace_period_seconds=found.deletion_grace_period_seconds,
        owner_references=found.owner_references,
    )
    return Pod(metadata=metadata, status=pod.status)
