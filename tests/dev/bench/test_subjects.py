"""Both controllers are given the same Images in their own words, and their own definitions."""

from pathlib import Path

import pytest

from dev.bench.compare import concerns
from dev.bench.kpack_peer import Kpack
from dev.bench.ours import Ours
from dev.bench.place import CONTROLLERS, Place, controller_manager
from dev.bench.scenarios import SCENARIOS, copied, has_ended, is_ready
from dev.bench.subject import Subject
from dev.cluster.api import Object
from dev.cluster.handle import Cluster
from dev.machine.addresses import Addresses
from dev.state import State

PLACE = Place(cluster=Cluster(state=State(root=Path("/state")), addresses=Addresses(slot=0)))
BOTH = (Ours(), Kpack(factor=1))


def image_of(subject: Subject) -> Object:
    return subject.image(PLACE, "app", tag="registry/app", repository="repository-1")


def test_the_images_differ_in_version_and_the_accounts_field_alone() -> None:
    """Neither has to do more: same tag, source, builder, histories, no cache."""
    ours, theirs = (dict(image_of(subject)) for subject in BOTH)
    account = ours["spec"].pop("serviceAccount")

    assert theirs["spec"].pop("serviceAccountName") == account
    assert {**ours, "apiVersion": ""} == {**theirs, "apiVersion": ""}


@pytest.mark.parametrize("subject", BOTH, ids=lambda subject: subject.name)
def test_every_kind_that_is_used_is_defined(subject: Subject) -> None:
    """Each object of the group is in a collection of a definition."""
    group = subject.api.split("/")[2]
    plurals = {each["spec"]["names"]["plural"] for each in subject.definitions()}
    used = {path.rpartition("/")[2] for path, _ in subject.objects(PLACE) if path.startswith(f"/apis/{group}/")}

    assert used | {"images", "builds", "sourceresolvers"} <= plurals


def test_replicas_of_ours_are_told_apart() -> None:
    """Each has a name, a holder of the Lease and a health endpoint of its own."""
    first, second = (Ours().daemon(PLACE, number) for number in (0, 1))

    assert first.name != second.name
    assert first.environment["POD_NAME"] != second.environment["POD_NAME"]
    assert first.command[-1] != second.command[-1]


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("create", ["ours", "kpack", "kpack, factor 10"]),
        ("rest", ["ours", "kpack"]),
        ("floor", ["ours"]),
    ],
    ids=["all", "no limit at work", "no controller at work"],
)
def test_who_is_measured(scenario: str, expected: list[str]) -> None:
    """Factor 10 where rate limits may matter; the floor once."""
    contestants = (Ours(), Kpack(factor=1), Kpack(factor=10))

    assert [subject.name for subject in contestants if concerns(scenario, subject)] == expected
    assert scenario in SCENARIOS


def test_only_what_a_namespace_needs_is_controlled() -> None:
    """The garbage collector and the others would ask the API server, too."""
    assert f"--controllers={CONTROLLERS}" in controller_manager(PLACE.cluster).command


def test_a_copy_has_nothing_that_the_server_gave() -> None:
    """It can be created: no UID, no version, no status, another name; labels stay."""
    template = {
        "kind": "Build",
        "metadata": {"name": "a", "uid": "1", "resourceVersion": "5", "labels": {"a": "b"}},
        "spec": {"tags": ["x"]},
        "status": {"conditions": []},
    }

    assert copied(template, "b") == {
        "kind": "Build",
        "metadata": {"name": "b", "labels": {"a": "b"}},
        "spec": {"tags": ["x"]},
    }


@pytest.mark.parametrize(
    ("status", "expected"), [({}, False), ({"conditions": None}, False), ("Unknown", False), ("False", True)], ids=str
)
def test_a_build_has_ended_once_it_succeeded_or_failed(status: object, *, expected: bool) -> None:
    """Without a status it has not begun."""
    given = {"conditions": [{"type": "Succeeded", "status": status}]} if isinstance(status, str) else status

    assert has_ended({"status": given}) is expected
    assert not is_ready({"status": given})
