"""What the invariants are worth: planted bugs are found, and a history that is tampered with is not believed."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.fakes.api_objects import Change, Json, copied
from tests.faults.invariants import History, at_rest, on_the_way
from tests.faults.mutations import PLANTED, Planted
from tests.faults.scene import BrokenInvariantError, Scene, play
from tests.faults.table import FAULTS, FaultRow
from tests.scenarios.objects import BUILDS, IMAGES, PODS, succeeded

_SEARCHED = 30


@pytest.mark.parametrize("planted", [pytest.param(planted, id=planted.name) for planted in PLANTED])
def test_a_planted_bug_is_found(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one guard taken out, a fault breaks the invariant that the guard is for."""
    row = next(row for row in FAULTS if row.key == planted.fault)
    planted.plant(monkeypatch)

    with pytest.raises(BrokenInvariantError, match=planted.says):
        _search(row)


def _search(row: FaultRow) -> None:
    for seed in range(_SEARCHED):
        play(row.scenario, seed, replicas=row.replicas)


async def _two_builds(scene: Scene) -> None:
    await scene.recover(300)
    scene.cluster.push()
    await scene.recover(300)


@cache
def calm() -> Scene:
    """A run in which nothing fails: two Builds of one Image."""
    return play(_two_builds, 0, images=("app",))


def without(collection: str, chosen: Callable[[Change], bool]) -> History:
    """The history without some writes."""
    kept = [change for change in calm().cluster.history[collection] if not chosen(change)]
    return {**calm().cluster.history, collection: kept}


def altered(collection: str, number: int, alter: Callable[[Json], object], **moved: Any) -> History:
    """The history with one write told otherwise."""
    changes = list(calm().cluster.history[collection])
    value = copied(changes[number].value)
    alter(value)
    changes[number] = replace(changes[number], value=value, **moved)
    return {**calm().cluster.history, collection: changes}


def second(collection: str, type_: str = "ADDED") -> int:
    """Where the second object of a collection begins."""
    places = [place for place, change in enumerate(calm().cluster.history[collection]) if change.type == type_]
    return places[1]


def _ended(change: Change) -> bool:
    return succeeded(change.value) != "Unknown"


def _renumbered(build: Json) -> None:
    build["metadata"]["labels"]["image.build.pivotal.io/buildNumber"] = "3"


def _third_attempt(pod: Json) -> None:
    pod["metadata"]["name"] += "-3"


def _same_owner(pod: Json) -> None:
    pod["metadata"]["ownerReferences"] = calm().cluster.history[PODS][0].value["metadata"]["ownerReferences"]


def _other_image(value: Json) -> None:
    value["status"]["latestImage"] = "registry.example/other"


def _failed(value: Json) -> None:
    value["status"]["conditions"] = [{**found, "status": "False"} for found in value["status"]["conditions"]]


TAMPERED = (
    pytest.param(lambda: altered(BUILDS, second(BUILDS), _renumbered), "has number 3 after 1", id="a gap"),
    pytest.param(lambda: without(BUILDS, _ended), "was made while", id="two at a time"),
    pytest.param(lambda: altered(BUILDS, -1, _other_image), "shows", id="another image"),
    pytest.param(lambda: altered(BUILDS, -1, _failed), "shows False", id="a failure that was none"),
    pytest.param(lambda: altered(PODS, second(PODS), _third_attempt), "is attempt", id="an attempt too far"),
    pytest.param(lambda: altered(PODS, second(PODS), _same_owner), "has ended", id="a pod for a Build that has ended"),
    pytest.param(lambda: altered(IMAGES, -1, _other_image), "no Build made", id="an image from nowhere"),
    pytest.param(lambda: without(IMAGES, lambda change: change.version > _half()), "true is", id="an old status"),
    pytest.param(lambda: without(PODS, lambda _: True), "tells of", id="a result without a pod"),
)


def _half() -> int:
    return calm().cluster.history[BUILDS][second(BUILDS)].version


@pytest.mark.parametrize(("history", "says"), TAMPERED)
def test_a_history_that_breaks_a_rule_is_told(history: Callable[[], History], says: str) -> None:
    """The calm history breaks nothing; with one write told otherwise, the rule that it breaks is named."""
    asked = calm().cluster.asked
    assert (*on_the_way(calm().cluster.history), *at_rest(calm().cluster.history, asked)) == ()

    told = (*on_the_way(history()), *at_rest(history(), asked))

    assert any(says in sentence for sentence in told), told


def test_what_was_asked_for_and_is_not_there_is_told() -> None:
    """A Build too few, an Image that nobody asked for, and one that is lost."""
    history = calm().cluster.history

    assert at_rest(history, {"app": 3}) == ("Image app has 2 Builds, its changes demand 3",)
    assert at_rest(history, {})[:1] == ("nobody asked for Image app",)
    assert at_rest(history, {"app": 2, "web": 1}) == ("Image web is lost",)


def test_a_seed_gives_the_same_run() -> None:
    """The same requests in the same order, so that a failure can be met again."""
    row = next(row for row in FAULTS if row.key == "leader-partitioned")
    first, again = (play(row.scenario, 3, replicas=row.replicas).cluster.requests for _ in range(2))

    assert first == again
