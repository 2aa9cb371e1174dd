"""Objects of one kind as last seen, by namespace and name, with named indexes.

Owns lookup only. Written by reflectors, read by `gather` and by pollers.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from kpack_api.wire import ObjectMeta


class _HasMetadata(Protocol):
    @property
    def metadata(self) -> ObjectMeta: ...


T = TypeVar("T", bound=_HasMetadata)
IndexFunction = Callable[[T], Iterable[Hashable]]
"""Under which values an object is found in an index."""

_Place = tuple[str, str]


class Store(Generic[T]):
    """The objects of one kind. `indexes` names functions that give the values an object is found under."""

    def __init__(self, indexes: Mapping[str, IndexFunction[T]] | None = None) -> None:
        self._functions = dict(indexes or {})
        self._objects: dict[_Place, T] = {}
        self._indexes: dict[str, dict[Hashable, dict[_Place, None]]] = {name: {} for name in self._functions}

    def get(self, namespace: str, name: str) -> T | None:
        """The object of this name; the namespace of a cluster-scoped object is ""."""
        return self._objects.get((namespace, name))

    def values(self) -> Collection[T]:
        """All objects, in no promised order; a copy, so that the store may change meanwhile."""
        return tuple(self._objects.values())

    def find(self, index: str, value: Hashable) -> tuple[T, ...]:
        """The objects that this index lists under this value."""
        return tuple(self._objects[place] for place in self._indexes[index].get(value, ()))

    def known(self, index: str) -> tuple[Hashable, ...]:
        """All values that this index lists an object under."""
        return tuple(self._indexes[index])

    def put(self, value: T) -> T | None:
        """Remember an object, and return the one it replaces."""
        before = self.remove(value.metadata.namespace, value.metadata.name)
        place = (value.metadata.namespace, value.metadata.name)
        self._objects[place] = value
        for index, function in self._functions.items():
            for key in function(value):
                self._indexes[index].setdefault(key, {})[place] = None
        return before

    def remove(self, namespace: str, name: str) -> T | None:
        """Forget an object, and return it, or None where there was none."""
        place = (namespace, name)
        before = self._objects.pop(place, None)
        if before is not None:
            for index, function in self._functions.items():
                for key in function(before):
                    self._drop(index, key, place)
        return before

    def _drop(self, index: str, key: Hashable, place: _Place) -> None:
        places = self._indexes[index].get(key, {})
        places.pop(place, None)
        if not places:
            self._indexes[index].pop(key, None)
