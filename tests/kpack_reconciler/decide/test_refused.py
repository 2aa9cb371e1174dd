"""What is told of writes that the API server refuses, and of names that others have taken."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from kpack_api.names import ConditionType, build_pod_name
from kpack_api.types import BuildStatus, GitType, ImageStatus
from kpack_api.wire import find_condition
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.model.actions import CreateBuild, CreateCacheClaim, CreatePod, PatchStatus, UpdateCacheClaim
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.refusals import WriteRefused, Written
from kpack_reconciler.model.worlds import BuildWorld, ImageWorld
from tests import make

MOVED = make.resolver(resolved=make.git_source("2" * 40, GitType.BRANCH))
QUOTA = Fault(reason="Forbidden", message="exceeded quota: pods=10", permanent=False)
INVALID = Fault(reason="Invalid", message="Pod is invalid: spec.volumes[0].name", permanent=True)
BUILD = make.running_build()
CREATED = datetime.fromisoformat(make.CREATED)


def kinds(decision: Decision) -> list[type]:
    return [type(action) for action in decision.actions]


def refused(kind: str, name: str, fault: Fault = QUOTA, at: datetime = make.NOW) -> WriteRefused:
    return WriteRefused(question=Written(kind, "team", name), answer=fault, at=at)


def build_world(fault: Fault, at: datetime) -> BuildWorld:
    """A Build whose pod was refused at this time, and for which all is known."""
    name = build_pod_name(BUILD.metadata.name)
    world = make.build_world(BUILD)
    return dataclasses.replace(world, refusals=(refused("Pod", name, fault, at),))


def told(decision: Decision) -> tuple[str, str, str]:
    (status,) = (action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus | ImageStatus)
    kind = ConditionType.READY if isinstance(status, ImageStatus) else ConditionType.SUCCEEDED
    condition = find_condition(status.conditions, kind)
    assert condition is not None
    return condition.status, condition.reason, condition.message


@pytest.mark.parametrize("reason", [pytest.param("Invalid", id="R120")])
def test_an_invalid_pod_fails_the_build(reason: str) -> None:
    """With the API server's text; it would be refused for ever."""
    decision = decide_build(build_world(dataclasses.replace(INVALID, reason=reason), make.NOW), make.NOW)

    assert CreatePod not in kinds(decision)
    assert told(decision) == ("False", "PodRefused", f"the build pod is refused: {INVALID.message}")


def test_a_quota_is_told_and_tried_again_then_the_build_fails() -> None:
    """The word comes before the next try; ten minutes after the Build's creation there is no other."""
    early, late = CREATED + timedelta(seconds=599), CREATED + timedelta(seconds=600)

    trying, over = decide_build(build_world(QUOTA, early), early), decide_build(build_world(QUOTA, late), late)

    assert kinds(trying) == [PatchStatus, CreatePod]
    assert told(trying) == ("Unknown", "Forbidden", f"the build pod is refused: {QUOTA.message}")
    assert CreatePod not in kinds(over)
    assert told(over)[:2] == ("False", "PodRefused")


def test_a_predecessor_s_refusal_is_not_heard() -> None:
    """A Build that is made anew under the same name starts afresh."""
    decision = decide_build(build_world(INVALID, CREATED - timedelta(seconds=1)), make.NOW)

    assert kinds(decision) == [CreatePod, PatchStatus]


def test_a_refused_claim_is_told_and_tried_again() -> None:
    """Before it is tried: else an Image with an impossible cache would say nothing at all."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    claim = refused("PersistentVolumeClaim", "app-cache")
    world = dataclasses.replace(make.image_world(), image=image, source_resolver=MOVED, refusals=(claim,))

    decision = decide_image(world, make.NOW)

    assert kinds(decision)[:3] == [PatchStatus, CreateCacheClaim, CreateBuild]
    assert told(decision) == ("False", "Forbidden", QUOTA.message)
    assert decision.look_again == timedelta(seconds=10)
    (patch,) = (action for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(patch.status, ImageStatus)
    assert (patch.status.build_counter, patch.status.latest_build_ref) == (1, image.status.latest_build_ref)


def test_a_refusal_is_forgotten_once_the_object_is_there() -> None:
    """It is no fact about the Image any more."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    image = replace(image, status=replace(image.status, build_cache_name="app-cache"))
    world = dataclasses.replace(
        make.image_world(),
        image=image,
        cache_claim=make.claim(),
        refusals=(refused("PersistentVolumeClaim", "app-cache"),),
    )

    assert decide_image(world, make.NOW).actions == ()


def test_a_cache_that_cannot_grow_is_told_and_built_with() -> None:
    """The Image stays ready, with the old size, and says so; what else there is to say comes first."""
    image = make.settled_image(replace(make.image_spec(), cache_size="9G"))
    claim = refused("PersistentVolumeClaim", "app-cache")
    world = dataclasses.replace(make.image_world(), image=image, cache_claim=make.claim(), refusals=(claim,))
    failed = dataclasses.replace(world, builds=(make.failed_build(message="oops"),))

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [PatchStatus, UpdateCacheClaim]
    assert told(decision) == ("True", "", f"the cache keeps its size and labels: {QUOTA.message}")
    assert told(decide_image(failed, make.NOW))[2] == "oops"


def test_a_builder_that_is_not_ready_is_told_beside_a_refusal() -> None:
    """Two things stand in the way."""
    world = ImageWorld(
        image=make.new_image(), builder=make.unready_builder(), refusals=(refused("SourceResolver", "app-source"),)
    )

    decision = decide_image(world, make.NOW)

    (patch,) = (action for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(patch.status, ImageStatus)
    builder = find_condition(patch.status.conditions, ConditionType.BUILDER_READY)
    assert builder is not None
    assert (builder.status, told(decision)[:2]) == ("False", ("False", "Forbidden"))


def test_a_claim_that_is_going_away_is_not_built_with() -> None:
    """No pod would start on it; the next claim comes once it is gone."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    dying = replace(make.claim(), metadata=replace(make.claim().metadata, deletion_timestamp=make.CREATED))
    world = dataclasses.replace(make.image_world(), image=image, source_resolver=MOVED, cache_claim=dying)

    (create,) = (action for action in decide_image(world, make.NOW).actions if isinstance(action, CreateBuild))

    assert create.build.spec.cache_name == ""


def test_a_build_of_somebody_else_with_the_next_name_must_go_first() -> None:
    """Making ours would be refused for ever, so the Image says whose name it is, and looks again by itself."""
    namesake = make.running_build(2)
    world = dataclasses.replace(make.image_world(), source_resolver=MOVED, namesake=namesake)

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [PatchStatus]
    assert told(decision)[:2] == ("False", "BuildNameTaken")
    assert told(decision)[2].endswith(f"kubectl delete build -n team {namesake.metadata.name}")
    assert decision.look_again == timedelta(seconds=30)


def test_a_namesake_is_no_trouble_while_no_build_is_due() -> None:
    """Nothing is told of what does not matter."""
    world = dataclasses.replace(make.image_world(), namesake=make.running_build(2))

    assert decide_image(world, make.NOW).actions == ()
