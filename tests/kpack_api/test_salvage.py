"""Reading what does not fit: the fitting parts, and a word on each of the others."""

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from msgspec import Meta

from kpack_api.salvage import Salvage
from kpack_api.wire import Wire


class _Item(Wire, frozen=True, kw_only=True):
    """A part of the test object."""

    name: str
    size: int = 0


class _Whole(Wire, frozen=True, kw_only=True):
    """The test object."""

    flat_text: str = ""
    limit: Annotated[int | None, Meta(description="At most.")] = None
    item: _Item | None = None
    items: tuple[_Item, ...] = ()
    words: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    amounts: Mapping[str, str | int | float] = {}
    anything: dict[str, object] | None = None


def salvaged(data: object) -> tuple[_Whole | None, list[str]]:
    salvage = Salvage()
    return salvage.read(_Whole, data), [str(misfit) for misfit in salvage.misfits]


def test_what_fits_is_read_whole() -> None:
    """Nothing is lost of data that fits, and unknown fields are skipped."""
    data = {
        "flatText": "x",
        "limit": 1,
        "item": {"name": "a"},
        "items": [{"name": "b", "size": 2}],
        "words": ["c"],
        "labels": {"d": "e"},
        "amounts": {"cpu": 0.5, "memory": "1Gi"},
        "anything": {"f": [None]},
        "unknown": 1,
    }

    assert salvaged(data) == (
        _Whole(
            flat_text="x",
            limit=1,
            item=_Item(name="a"),
            items=(_Item(name="b", size=2),),
            words=("c",),
            labels={"d": "e"},
            amounts={"cpu": 0.5, "memory": "1Gi"},
            anything={"f": [None]},
        ),
        [],
    )


def test_null_is_absent() -> None:
    """A field that is null says nothing, and is no misfit."""
    assert salvaged(dict.fromkeys(["flatText", "limit", "item", "items", "labels", "anything"])) == (_Whole(), [])


@pytest.mark.parametrize(
    ("data", "expected", "misfit"),
    [
        ({"flatText": 7}, _Whole(), "flatText: Expected `str`, got `int`"),
        ({"limit": "7"}, _Whole(), "limit: Expected `int`, got `str`"),
        ({"item": "a"}, _Whole(), "item: Expected `object`, got `str`"),
        ({"item": {"size": 1}}, _Whole(), "item: name is missing"),
        ({"item": {"name": "a", "size": True}}, _Whole(item=_Item(name="a")), "item.size: Expected `int`, got `bool`"),
        ({"items": {}}, _Whole(), "items: Expected `array`, got `object`"),
        ({"items": [{"name": "a"}, 7]}, _Whole(items=(_Item(name="a"),)), "items[1]: Expected `object`, got `int`"),
        ({"items": [None]}, _Whole(), "items[0]: Expected `object`, got `null`"),
        ({"words": ["a", None, "b"]}, _Whole(words=("a", "b")), "words[1]: Expected `str`, got `null`"),
        ({"labels": True}, _Whole(), "labels: Expected `object`, got `bool`"),
        ({"labels": [1.5]}, _Whole(), "labels: Expected `object`, got `array`"),
        ({"labels": {"a": "b", "c": 7}}, _Whole(labels={"a": "b"}), "labels.c: Expected `str`, got `int`"),
        ({"amounts": {"cpu": []}}, _Whole(), "amounts.cpu: Expected `int | float | str`, got `array`"),
    ],
)
def test_a_part_that_does_not_fit_is_left_out_and_named(data: dict[str, Any], expected: _Whole, misfit: str) -> None:
    """The rest is read all the same, and the path says where the part stands."""
    assert salvaged(data) == (expected, [misfit])


@pytest.mark.parametrize("data", [None, [], "text", 1.5])
def test_what_is_no_object_gives_nothing(data: object) -> None:
    """Without an object there is nothing to read."""
    found, misfits = salvaged(data)

    assert found is None
    assert misfits[0].startswith("the object: ")
