"""Structural schemas from Structs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import pytest
from msgspec import Meta

from kpack_api.schema import struct_schema
from kpack_api.wire import Wire


class _Word(StrEnum):
    ONE = "One"


class _Inner(Wire, frozen=True, kw_only=True):
    """Inside."""

    url: str = ""


class _Everything(Wire, frozen=True, kw_only=True):
    """All shapes in one.

    Over several lines.
    """

    plain_text: str = ""
    told: Annotated[str, Meta(description="Says more.")] = ""
    number: int = 0
    flag: bool = False
    word: _Word = _Word.ONE
    maybe: int | None = None
    size: str | int | None = None
    names: tuple[str, ...] = ()
    inner: _Inner | None = None
    inners: tuple[_Inner, ...] = ()
    labels: Mapping[str, str] = {}
    quantities: Mapping[str, str | int | float] = {}
    anything: dict[str, object] | None = None


class _Ratio(Wire, frozen=True, kw_only=True):
    """A ratio."""

    ratio: float = 0.0


def test_every_shape_has_its_schema_under_its_wire_name() -> None:
    """Nothing is required, nothing is an enumeration, and what Kubernetes defines in many shapes stays open."""
    inner = {"type": "object", "description": "Inside.", "properties": {"url": {"type": "string"}}}

    assert struct_schema(_Everything) == {
        "type": "object",
        "description": "All shapes in one. Over several lines.",
        "properties": {
            "plainText": {"type": "string"},
            "told": {"type": "string", "description": "Says more."},
            "number": {"type": "integer"},
            "flag": {"type": "boolean"},
            "word": {"type": "string"},
            "maybe": {"type": "integer"},
            "size": {"x-kubernetes-int-or-string": True},
            "names": {"type": "array", "items": {"type": "string"}},
            "inner": inner,
            "inners": {"type": "array", "items": inner},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "quantities": {"type": "object", "additionalProperties": {"x-kubernetes-preserve-unknown-fields": True}},
            "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }


def test_a_type_without_schema_is_refused() -> None:
    """A field that no schema can describe is found when the CRD is made, and the error says what to use."""
    with pytest.raises(TypeError, match="no schema for <class 'float'>; use text"):
        struct_schema(_Ratio)
