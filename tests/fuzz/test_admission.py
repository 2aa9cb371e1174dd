"""Admission of thousands of odd objects: it always answers, its patches apply, and what it accepts is understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.types import Kind
from kpack_reconciler.decide.admission import default, undecodable, validate
from tests.fuzz.objects import Json, bodies, valid
from tests.fuzz.profile import fuzz

_LONGEST_FAULT = 3000


def patched(body: Json, patch: list[Json]) -> Json:
    """The object after a JSON patch of additions, applied as strictly as the API server does (RFC 6902)."""
    after: Json = json.loads(json.dumps(body))
    for operation in patch:
        *way, last = operation["path"].removeprefix("/").split("/")
        place = after
        for name in way:
            place = place[name]
        assert isinstance(place, dict)
        assert operation["op"] == "add"
        place[last] = operation["value"]
    return after


@pytest.mark.parametrize("kind", list(Kind))
def test_admission_has_an_answer_to_everything(kind: Kind) -> None:
    """Defaults fill in once and for all; what is neither undecodable nor refused is understood by the reconciler."""

    @fuzz
    @given(
        new=bodies(kind),
        old=st.sampled_from(valid(kind)),
        operation=st.sampled_from(["CREATE", "UPDATE"]),
        cached=st.booleans(),
    )
    def holds(new: Json, old: Json, operation: str, *, cached: bool) -> None:
        fault = undecodable(kind, operation, new)
        if fault is not None:
            assert fault.startswith("cannot decode incoming new object: spec")
            assert len(fault) < _LONGEST_FAULT
            return
        filled = patched(new, default(kind, operation, new, default_storage_class=cached))

        assert default(kind, operation, filled, default_storage_class=cached) == []
        assert undecodable(kind, operation, filled) is None
        refused = validate(kind, operation, filled, old if operation == "UPDATE" else None)
        if kind is not Kind.SOURCE_RESOLVER and refused is None:
            assert decode(kind, json.dumps(filled).encode()).unreadable == ()
        assert validate(kind, operation, filled, filled) is None or refused is not None

    holds()
