"""The schema that programs in other languages are written against."""

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.provider.server import ComponentInitError

import pulumi_kpack
from pulumi_kpack import provider_args
from pulumi_kpack.provider import COMPONENTS, KpackProvider, with_whole_numbers

GOLDEN = Path(__file__).parent / "golden" / "schema.json"
WIDER = {"BuildServiceAccountArgs": {"credentials"}, "PromotionArgs": {"credentials"}}
"""What only Python programs say."""


@pytest.fixture(scope="module")
def schema() -> Any:
    """Give the schema of a version that never changes."""
    found = json.loads(KpackProvider().schema or "")
    assert found["version"] == version("pulumi-kpack")
    return {**found, "version": "0.0.0"}


def properties(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each property of a schema with its path."""
    for kind in ("inputProperties", "properties"):
        for name, each in node.get(kind, {}).items():
            yield f"{path}.{kind}.{name}", each


def test_the_schema_is_the_golden_one(schema: Any) -> None:
    """A change of what other languages see is seen in review; `UPDATE_GOLDEN=1` writes the file anew."""
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")

    assert schema == json.loads(GOLDEN.read_text())


def test_every_component_is_served_under_its_own_token(schema: Any) -> None:
    """What Python can import, every language can: under the token that Python registers."""
    public = [getattr(pulumi_kpack, name) for name in pulumi_kpack.__all__]
    components = {each.__name__ for each in public if issubclass(each, pulumi.ComponentResource)}

    assert {each.__name__ for each in COMPONENTS} == components
    assert schema["resources"].keys() == {f"pulumi-kpack:index:{name}" for name in components}


def test_everything_is_described(schema: Any) -> None:
    """Each component, type, input and output has a text, without the indentation of a docstring."""
    named = {**schema["resources"], **schema["types"]}
    described = {**named, **{path: each for token, node in named.items() for path, each in properties(node, token)}}

    assert [path for path, each in described.items() if not each.get("description")] == []
    assert [path for path, each in described.items() if "\n  " in each["description"]] == []


def test_texts_are_those_of_the_docstrings(schema: Any) -> None:
    """An inherited output, an inherited argument and a narrower one."""
    image = schema["resources"]["pulumi-kpack:index:Image"]

    assert image["properties"]["digest"]["description"] == (
        "The newest image's digest alone: `sha256:…`; empty before the first build."
    )
    assert image["inputProperties"]["tag"]["description"].startswith("Where the image is pushed")
    assert image["inputProperties"]["builder"]["description"].startswith("What builds it, by `kind` and `name`")


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_a_plain_form_lacks_nothing(component: type[pulumi.ComponentResource]) -> None:
    """Every argument of the Python form can be said in other languages, and is required where Python requires it."""
    python = getattr(pulumi_kpack, f"{component.__name__}Args")
    plain = signature(component).parameters["args"].annotation if hasattr(provider_args, python.__name__) else python

    assert plain.__annotations__.keys() == python.__annotations__.keys() - WIDER.get(python.__name__, set())
    assert plain.__required_keys__ == python.__required_keys__


def test_problems_are_told_by_property() -> None:
    """Paths are in the schema's spelling; whole numbers, which the wire makes floats, are none of the problems."""
    given = {
        "tag": "registry.example.com/app@sha256:1",
        "builder": {"name": "base"},
        "source": {"git": {"url": "https://git.example.com/app.git", "revision": "main"}},
        "timeoutMinutes": 5.0,
        "failedBuildHistoryLimit": 0.0,
    }

    with pytest.raises(InputPropertiesError, match="app: wrong arguments") as raised:
        KpackProvider().construct("app", "pulumi-kpack:index:Image", given)

    assert raised.value.errors is not None
    assert {each["property_path"] for each in raised.value.errors} == {"tag", "failedBuildHistoryLimit"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3.0, "3", id="whole"),
        pytest.param(0.5, "0.5", id="not whole"),
        pytest.param({"a": [1.0, {"b": 2.0}]}, "{'a': [1, {'b': 2}]}", id="inside"),
        pytest.param("3.0", "'3.0'", id="text"),
        pytest.param(True, "True", id="truth"),
    ],
)
def test_whole_numbers_are_whole(value: object, expected: str) -> None:
    """Whatever is whole becomes an int at any depth; everything else stays."""
    assert repr(with_whole_numbers(value)) == expected


def test_other_failures_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of a constructor that is no broken rule keeps its trace."""
    failing = KpackProvider()
    monkeypatch.setitem(failing._components, "Image", Broken)

    with pytest.raises(ComponentInitError, match="a bug"):
        failing.construct("app", "pulumi-kpack:index:Image", {"tag": "a", "builder": {"name": "b"}, "source": {}})


class Broken:
    """A component with a bug."""

    def __init__(self, *_given: object) -> None:
        raise RuntimeError("a bug")
