"""The ground of every object that travels: one base class and the metadata that all Kubernetes objects share.

Owns `ObjectMeta`, `OwnerReference`, `Condition` and the rule for encoding. Leaves the kinds to `core` (Kubernetes' own)
and `dialects` (kpack's).

Rules:
- Field names are snake_case here and camelCase on the wire.
- Values equal to their default are left out on the wire, so absent and empty are the same, as in Kubernetes.
- Unknown fields are skipped when decoding; therefore no decoded object is ever written back whole.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True):
    """An immutable object with camelCase names on the wire.

    It takes no part in cyclic garbage collection: what was decoded from JSON holds no cycles, and the cache is large.
    """


@cache
def fields(struct: type[Wire]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """A Struct's fields, whose types msgspec would otherwise evaluate anew each time (150 µs)."""
    return msgspec.structs.fields(struct)


class ConditionStatus(StrEnum):
    """The three words of a condition's status (Kubernetes API conventions)."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Wire, frozen=True, kw_only=True):
    """One condition of a status, as kpack writes it (knative duck type; `severity` is never set).

    `last_transition_time` is RFC 3339 with seconds in UTC, or None where it was never set.
    """

    type: str
    status: ConditionStatus
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class OwnerReference(Wire, frozen=True, kw_only=True):
    """The parent of an object; with `controller` it is the one that the garbage collector follows."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(Wire, frozen=True, kw_only=True):
    """The metadata that we read or write of any object. Timestamps are RFC 3339 with seconds in UTC."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that controls this object, or None."""
        return next((owner for owner in self.owner_references if owner.controller), None)


class LocalObjectReference(Wire, frozen=True, kw_only=True):
    """A name in the same namespace."""

    name: str = ""


def find_condition(conditions: Sequence[Condition], kind: str) -> Condition | None:
    """The condition of this type, or None. A missing condition counts as Unknown for every reader."""
    return next((condition for condition in conditions if condition.type == kind), None)


def to_manifest(value: Wire, *, api_version: str, kind: str) -> dict[str, object]:
    """The object as plain JSON data under its apiVersion and kind, ready to be sent."""
    body: dict[str, object] = msgspec.to_builtins(value)
    return {"apiVersion": api_version, "kind": kind, **body}
