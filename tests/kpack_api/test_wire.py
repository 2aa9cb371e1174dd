"""The ground of all travelling objects: names, defaults and unknown fields on the wire."""

import msgspec
import pytest

from kpack_api.wire import (
    Condition,
    ConditionStatus,
    LocalObjectReference,
    ObjectMeta,
    OwnerReference,
    Wire,
    find_condition,
    to_manifest,
)

READY = Condition(type="Ready", status=ConditionStatus.TRUE)
POLLING = Condition(type="ActivePolling", status=ConditionStatus.FALSE)
OWNER = OwnerReference(api_version="v1", kind="Image", name="app", uid="u-1", controller=True)


class _Thing(Wire, frozen=True, kw_only=True):
    """A thing."""

    metadata: ObjectMeta = ObjectMeta()
    sub_path: str = ""
    secrets: tuple[LocalObjectReference, ...] = ()


def test_field_names_are_camel_case_on_the_wire() -> None:
    """Names of several words are written as Kubernetes writes them."""
    value = OwnerReference(api_version="v1", kind="Image", name="app", uid="u-1", block_owner_deletion=True)

    assert msgspec.to_builtins(value) == {
        "apiVersion": "v1",
        "kind": "Image",
        "name": "app",
        "uid": "u-1",
        "blockOwnerDeletion": True,
    }


def test_what_equals_its_default_is_left_out() -> None:
    """Absent and empty are the same on the wire."""
    assert msgspec.json.encode(_Thing()) == b"{}"


def test_unknown_fields_are_skipped() -> None:
    """What newer API servers add to any object is no error."""
    value = msgspec.json.decode(b'{"metadata":{"name":"a","managedFields":[{}]},"later":1}', type=_Thing)

    assert value == _Thing(metadata=ObjectMeta(name="a"))


def test_a_condition_may_have_a_null_time() -> None:
    """A SourceResolver of kpack has `lastTransitionTime: null`."""
    raw = b'{"type":"Ready","status":"True","lastTransitionTime":null}'

    assert msgspec.json.decode(raw, type=Condition) == READY


def test_a_condition_has_one_of_three_statuses() -> None:
    """Any other word than True, False and Unknown is refused."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"type":"Ready","status":"true"}', type=Condition)


@pytest.mark.parametrize(("kind", "expected"), [("ActivePolling", POLLING), ("Succeeded", None)])
def test_a_condition_is_found_by_its_type(kind: str, expected: Condition | None) -> None:
    """The condition of the type, and None where there is none."""
    assert find_condition((READY, POLLING), kind) == expected


def test_the_controller_is_the_owner_that_says_so() -> None:
    """Among several owners only the controlling one counts."""
    other = OwnerReference(api_version="v1", kind="Team", name="t", uid="u-2")

    found = (ObjectMeta(owner_references=(other, OWNER)).controller, ObjectMeta(owner_references=(other,)).controller)

    assert found == (OWNER, None)


def test_a_manifest_carries_api_version_and_kind() -> None:
    """An object to be sent says what it is, and lists are plain."""
    value = _Thing(metadata=ObjectMeta(name="a"), sub_path="x", secrets=(LocalObjectReference(name="s"),))

    sent = msgspec.json.encode(to_manifest(value, api_version="v1", kind="Thing"))

    assert msgspec.json.decode(sent) == {
        "apiVersion": "v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "subPath": "x",
        "secrets": [{"name": "s"}],
    }
