"""Merge patches that clear whatever they do not say."""

from collections.abc import Mapping

import msgspec

from kpack_api.merge_patch import with_nulls
from kpack_api.wire import Wire


class _Inner(Wire, frozen=True, kw_only=True):
    """Inside."""

    run_image: str = ""
    id: str = ""


class _Outer(Wire, frozen=True, kw_only=True):
    """Outside."""

    latest_image: str = ""
    build_counter: int = 0
    tags: tuple[str, ...] = ()
    stack: _Inner = _Inner()
    other: _Inner | None = None
    stacks: tuple[_Inner, ...] = ()
    labels: Mapping[str, str] = {}


def test_an_empty_value_clears_every_field() -> None:
    """What equals its default is null, and a nested object that is always there is cleared field by field."""
    assert with_nulls(_Outer()) == {
        "latestImage": None,
        "buildCounter": None,
        "tags": None,
        "stack": {"runImage": None, "id": None},
        "other": None,
        "stacks": None,
        "labels": None,
    }


def test_what_is_said_stands_and_its_neighbours_are_cleared() -> None:
    """Lists are replaced whole by a merge patch, so their elements need no nulls; objects do."""
    value = _Outer(
        latest_image="r/a@sha256:1",
        build_counter=2,
        tags=("a", "b"),
        stack=_Inner(id="s"),
        other=_Inner(run_image="r"),
        stacks=(_Inner(id="s"),),
        labels={"k": "v"},
    )

    assert msgspec.json.decode(msgspec.json.encode(with_nulls(value))) == {
        "latestImage": "r/a@sha256:1",
        "buildCounter": 2,
        "tags": ["a", "b"],
        "stack": {"runImage": None, "id": "s"},
        "other": {"runImage": "r", "id": None},
        "stacks": [{"id": "s"}],
        "labels": {"k": "v"},
    }
