"""Reading plain JSON data into Structs although parts do not fit: what fits, and a word on each part that does not.

Owns the walk over types. Leaves to its callers which misfits matter.

Rules:
- `null` is absent, as for Go's clients; unknown fields are skipped.
- A part of the wrong shape is left out: a field, an item of a list, a value of a mapping. The rest is read.
- A Struct that lacks a field which it must have does not fit as a whole.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from kpack_api.wire import Wire, fields

W = TypeVar("W", bound=Wire)

_NOTHING = object()
_WORDS = ((bool, "bool"), (str, "str"), (int, "int"), (float, "float"), (list, "array"))
"""msgspec's words for JSON values, so that all misfits sound alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A part that does not fit: its path from the top (`spec.tags[0]`), and why."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path or 'the object'}: {self.why}"


@dataclass(slots=True, kw_only=True)
class Salvage:
    """One reading; `misfits` fills while it goes on."""

    misfits: list[Misfit] = field(default_factory=list)

    def read(self, struct: type[W], data: object, path: str = "") -> W | None:
        """The Struct from what fits; None where the data is no object, or lacks what the Struct must have."""
        value = self._struct(struct, data, path)
        return value if isinstance(value, struct) else None

    def _part(self, kind: Any, value: object, path: str) -> object:  # noqa: ANN401 - a type annotation can be anything
        kind = _plain(kind)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is tuple:
            return self._items(arguments[0], value, path)
        if origin is Mapping:
            return self._entries(arguments[1], value, path)
        if isinstance(kind, type) and issubclass(kind, Wire):
            return self._struct(kind, value, path)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            return self._misfit(path, str(error))

    def _struct(self, struct: type[Wire], value: object, path: str) -> object:
        if not isinstance(value, Mapping):
            return self._misfit(path, f"Expected `object`, got `{_word(value)}`")
        found: dict[str, object] = {}
        for part in fields(struct):
            here = f"{path}.{part.encode_name}".removeprefix(".")
            given = value.get(part.encode_name)
            read = _NOTHING if given is None else self._part(part.type, given, here)
            if read is not _NOTHING:
                found[part.name] = read
            elif part.required:
                return self._misfit(path, f"{part.encode_name} is missing")
        return struct(**found)

    def _items(self, kind: Any, value: object, path: str) -> object:  # noqa: ANN401 - a type annotation can be anything
        if not isinstance(value, list):
            return self._misfit(path, f"Expected `array`, got `{_word(value)}`")
        read = (self._part(kind, item, f"{path}[{position}]") for position, item in enumerate(value))
        return tuple(item for item in read if item is not _NOTHING)

    def _entries(self, kind: Any, value: object, path: str) -> object:  # noqa: ANN401 - a type annotation can be anything
        if not isinstance(value, Mapping):
            return self._misfit(path, f"Expected `object`, got `{_word(value)}`")
        read = {name: self._part(kind, item, f"{path}.{name}") for name, item in value.items()}
        return {name: item for name, item in read.items() if item is not _NOTHING}

    def _misfit(self, path: str, why: str) -> object:
        self.misfits.append(Misfit(path=path, why=why))
        return _NOTHING


def _plain(kind: Any) -> Any:  # noqa: ANN401 - a type annotation can be anything
    """The type without what is said about it, and without `None`."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    some = [member for member in get_args(kind) if member is not types.NoneType]
    return Union[tuple(some)]  # noqa: UP007 - the members are known only now


def _word(value: object) -> str:
    if value is None:
        return "null"
    return next((word for kind, word in _WORDS if isinstance(value, kind)), "object")
