"""Structural schemas (Kubernetes' openAPIV3Schema) derived from msgspec Structs.

Owns the translation of types. Leaves which types a kind has to `crds`.

Rules:
- Nothing is required and nothing is an enumeration: what kpack's users apply is accepted, and judged by the webhook,
  which has the better words.
- Descriptions are the docstrings of the Structs and the `Meta` of their fields, so `kubectl explain` says what the code
  says.
- What Kubernetes itself defines in many shapes (`valueFrom`, container states) is kept as it comes. So are quantities
  that may be fractions: `x-kubernetes-int-or-string` would refuse `cpu: 0.5`, which kpack's users may have written.
"""

import inspect
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from kpack_api.wire import Wire

_INT_OR_TEXT = {"x-kubernetes-int-or-string": True}
_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}


def struct_schema(struct: type[Wire]) -> dict[str, object]:
    """The schema of an object with the Struct's fields under their wire names."""
    properties = {field.encode_name: _field_schema(field.type) for field in msgspec.structs.fields(struct)}
    return {"type": "object", "description": _summary(struct), "properties": properties}


def _field_schema(kind: Any) -> dict[str, object]:  # noqa: ANN401 - a type annotation can be anything
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return {**_field_schema(arguments[0]), "description": arguments[1].description}
    if origin in {Union, types.UnionType}:
        return _union_schema(arguments)
    if origin is tuple:
        return {"type": "array", "items": _field_schema(arguments[0])}
    if origin in {dict, Mapping}:
        return _mapping_schema(arguments[1])
    if issubclass(kind, Wire):
        return struct_schema(kind)
    return {"type": _scalar(kind)}


def _union_schema(members: tuple[Any, ...]) -> dict[str, object]:
    some = [member for member in members if member not in {types.NoneType, msgspec.UnsetType}]
    if len(some) == 1:
        return _field_schema(some[0])
    return dict(_ANYTHING if float in some else _INT_OR_TEXT)


def _mapping_schema(value: Any) -> dict[str, object]:  # noqa: ANN401 - a type annotation can be anything
    if value is object:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "additionalProperties": _field_schema(value)}


def _scalar(kind: type) -> str:
    if issubclass(kind, bool):
        return "boolean"
    if issubclass(kind, int):
        return "integer"
    if issubclass(kind, str):
        return "string"
    raise TypeError(f"no schema for {kind!r}; use text, a number, a Struct, a tuple or a mapping")


def _summary(struct: type[Wire]) -> str:
    return " ".join(inspect.cleandoc(struct.__doc__ or "").split())
