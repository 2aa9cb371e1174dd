"""What the queue holds: the identity of an object to look at."""

from dataclasses import dataclass

from kpack_api.neutral import Neutral, kind_of
from kpack_api.types import Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One object: its kind, namespace ("" for cluster-scoped kinds) and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Image default/app`, for logs and messages."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def key_of(value: Neutral) -> Key:
    """The key of a neutral object."""
    return Key(kind_of(value), value.metadata.namespace, value.metadata.name)
