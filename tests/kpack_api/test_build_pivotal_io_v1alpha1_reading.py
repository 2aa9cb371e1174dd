"""Objects that hold what nobody expected: they are read all the same, and say what of their spec is unreadable."""

import json
from typing import Any

import pytest

from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.types import Image, Kind
from kpack_api.wire import Condition, ConditionStatus

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-17T16:16:36Z"}
KNOWN = Condition(type="Ready", status=ConditionStatus.TRUE, last_transition_time="2020-01-17T16:16:36Z")
FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def read(kind: Kind, **parts: Any) -> Any:
    return decode(kind, json.dumps({"metadata": {"name": "app", "namespace": "team"}, **parts}).encode())


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "Healthy", "status": "Perhaps"},
        {"type": "Healthy"},
        {"status": "True"},
        {},
        {"type": 7, "status": "True"},
        "Ready",
        None,
        {"type": "Healthy", "status": True},
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_a_condition_of_another_writer_hides_no_object(kind: Kind, odd: object) -> None:
    """What is no condition is as good as absent; the others are seen, and the spec is not at fault."""
    found = read(kind, status={"conditions": [odd, READY]})

    assert (found.metadata.name, found.status.conditions, found.unreadable) == ("app", (KNOWN,), ())


@pytest.mark.parametrize("time", ["yesterday", "", "2020-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59"])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_time_that_is_none_is_as_good_as_never_set(kind: Kind, time: str) -> None:
    """A schema cannot refuse such a time, so a decision must not meet it."""
    found = read(kind, status={"conditions": [{**READY, "lastTransitionTime": time}]})

    assert found.status.conditions == (Condition(type="Ready", status=ConditionStatus.TRUE),)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"conditions": "all well"}, ()),
        ("all well", ()),
        ({"buildCounter": "many", "conditions": [READY]}, (KNOWN,)),
        ({"buildCounter": 1e30, "conditions": [READY]}, (KNOWN,)),
        (None, ()),
    ],
)
def test_a_status_of_any_shape_hides_no_image(status: object, expected: tuple[Condition, ...]) -> None:
    """Of a status counts what can be read."""
    image = read(Kind.IMAGE, status=status)

    assert (image.status.conditions, image.status.build_counter, image.unreadable) == (expected, 0, ())


def test_a_git_type_that_nobody_knows_is_unknown() -> None:
    """A SourceResolver whose status holds an odd word is read, and resolved anew."""
    git = {"url": "u", "revision": "r", "type": "Bookmark"}
    resolver = read(Kind.SOURCE_RESOLVER, status={"source": {"git": git}})

    assert (resolver.status.source.git.url, resolver.status.source.git.type) == ("u", "Unknown")


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (Kind.IMAGE, "an image", ("spec: Expected `object`, got `str`",)),
        (Kind.IMAGE, {"tag": 7}, ("spec.tag: Expected `str`, got `int`",)),
        (Kind.IMAGE, {"source": []}, ("spec.source: Expected `object`, got `array`",)),
        (Kind.IMAGE, {"cacheSize": "lots"}, (f"spec.cacheSize: {FORM}: 'lots'",)),
        (Kind.IMAGE, {"cacheSize": ""}, (f"spec.cacheSize: {FORM}: ''",)),
        (Kind.IMAGE, {"cacheSize": "0"}, ("spec.cacheSize: must be greater than zero: '0'",)),
        (Kind.IMAGE, {"cacheSize": -1}, ("spec.cacheSize: must be greater than zero: -1",)),
        (
            Kind.IMAGE,
            {"build": {"resources": {"limits": {"cpu": "fast"}, "requests": {"memory": []}}}},
            (
                "spec.build.resources.requests.memory: Expected `int | float | str`, got `array`",
                f"spec.build.resources.limits.cpu: {FORM}: 'fast'",
            ),
        ),
        (
            Kind.BUILD,
            {"resources": {"requests": {"cpu": "1 core"}}},
            (f"spec.resources.requests.cpu: {FORM}: '1 core'",),
        ),
        (Kind.BUILD, {"tags": ["a", 7]}, ("spec.tags[1]: Expected `str`, got `int`",)),
        (Kind.BUILDER, {"image": {}}, ("spec.image: Expected `str`, got `object`",)),
        (
            Kind.CLUSTER_BUILDER,
            {"imagePullSecrets": [1]},
            ("spec.imagePullSecrets[0]: Expected `object`, got `int`",),
        ),
        (Kind.SOURCE_RESOLVER, {"serviceAccount": []}, ("spec.serviceAccount: Expected `str`, got `array`",)),
    ],
)
def test_what_of_a_spec_cannot_be_understood_is_named(kind: Kind, spec: object, expected: tuple[str, ...]) -> None:
    """Each part with its path and the reason; the object itself is there."""
    found = read(kind, spec=spec)

    assert (found.metadata.name, found.unreadable) == ("app", expected)


@pytest.mark.parametrize(
    "spec",
    [
        {"tag": "reg.example/app", "cacheSize": "1.5Gi", "build": {"resources": {"limits": {"cpu": 0.5}}}},
        {"tag": "reg.example/app", "cacheSize": 2000000000, "build": {"resources": {"requests": {"memory": 1e9}}}},
        {"tag": "reg.example/app", "cacheSize": None, "build": None},
    ],
)
def test_quantities_are_texts_or_numbers(spec: dict[str, object]) -> None:
    """A fraction of a core as a number is understood, as by Go's clients."""
    image = read(Kind.IMAGE, spec=spec)

    assert isinstance(image, Image)
    assert (image.spec.tag, image.unreadable) == ("reg.example/app", ())


def test_a_long_text_is_not_repeated() -> None:
    """What is told of a misfit stays short, however long the misfit is."""
    (told,) = read(Kind.IMAGE, spec={"cacheSize": "x" * 100_000}).unreadable

    assert len(told) < 250
