"""A Build of reason STACK is rebased by the controller: what is ordered, told and repeated."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import PodStatus
from kpack_api.names import BUILD_REASON_ANNOTATION, RUN_IMAGE_ANNOTATION
from kpack_api.types import Build, BuildStack, BuildStatus, BuiltImage, LastBuild
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.model.actions import CreatePod, PatchStatus, RebaseImage, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable, RebaseQuestion
from kpack_reconciler.model.worlds import BuildWorld
from tests import make

RESULT = BuiltImage(
    latest_image=f"{make.TAG}@{make.digest('9')}",
    stack=BuildStack(run_image=make.RUN_IMAGE, id=make.STACK_ID),
    build_metadata=make.BUILDPACKS,
)


def rebase(reason: str = "STACK", last: LastBuild | None = None) -> Build:
    """The second Build, created this second, after a success on the builder's stack."""
    build = make.running_build(2)
    return replace(
        build,
        metadata=replace(
            build.metadata,
            annotations={BUILD_REASON_ANNOTATION: reason},
            creation_timestamp="2026-06-09T04:05:06Z",
        ),
        spec=replace(build.spec, last_build=last or LastBuild(image=make.APP_IMAGE, stack_id=make.STACK_ID)),
    )


def question(build: Build) -> RebaseQuestion:
    return RebaseQuestion(
        namespace=make.NAMESPACE,
        build=build.metadata.name,
        build_uid=build.metadata.uid,
        service_account="bot",
        app_image=make.APP_IMAGE,
        run_image=make.RUN_IMAGE,
        tags=build.spec.tags,
    )


def world(answer: BuiltImage | NotRebasable | Fault | None = None, *, attempt: int = 1) -> BuildWorld:
    build = rebase()
    rebased = (
        None if answer is None else ImageRebased(question=question(build), answer=answer, at=make.NOW, attempt=attempt)
    )
    return dataclasses.replace(make.build_world(build), rebased=rebased)


def kinds(decision: Decision) -> list[type]:
    return [type(action) for action in decision.actions]


def ordered(decision: Decision) -> RebaseImage:
    (order,) = (action for action in decision.actions if isinstance(action, RebaseImage))
    return order


def patched(decision: Decision) -> BuildStatus:
    (status,) = (action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus)
    return status


def told(decision: Decision) -> tuple[str, str, str]:
    (condition,) = patched(decision).conditions
    return condition.status, condition.reason, condition.message


def test_only_the_run_image_changed_so_no_pod_is_made() -> None:
    """The last result is put onto the builder's run image, under all tags, with the Build's credentials."""
    decision = decide_build(world(), make.NOW)

    order = ordered(decision)
    assert kinds(decision) == [RebaseImage]
    assert (order.question, order.attempt) == (question(rebase()), 1)
    assert decision.look_again == timedelta(seconds=5)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(rebase("STACK", LastBuild(image=make.APP_IMAGE, stack_id="other")), id="V164 another stack"),
        pytest.param(rebase("BUILDPACK,STACK"), id="V164 buildpacks, too"),
        pytest.param(rebase("STACK,TRIGGER"), id="V164 asked for, too"),
        pytest.param(rebase(""), id="V164 no reason"),
        pytest.param(rebase("CONFIG"), id="V164 configuration"),
        pytest.param(
            replace(rebase(), spec=replace(rebase().spec, last_build=None)), id="V164 nothing was built before"
        ),
    ],
)
def test_everything_else_is_built(build: Build) -> None:
    """In a pod."""
    assert CreatePod in kinds(decide_build(make.build_world(build), make.NOW))


def test_a_rebase_that_takes_long_is_told() -> None:
    """After five seconds, with the run image; meanwhile the order is repeated, should it have been lost."""
    decision = decide_build(world(), make.later(5))

    assert kinds(decision) == [RebaseImage, PatchStatus]
    assert told(decision)[:2] == ("Unknown", "Rebasing")
    assert make.RUN_IMAGE in told(decision)[2]
    assert decision.look_again == timedelta(minutes=1)


def test_a_rebased_image_is_the_build_s_result() -> None:
    """As a build in a pod writes it; one step, and no pod."""
    decision = decide_build(world(RESULT), make.later(1))

    status = patched(decision)
    assert kinds(decision) == [PatchStatus, RecordEvent]
    assert told(decision) == ("True", "", "")
    assert (status.latest_image, status.stack, status.build_metadata) == (
        RESULT.latest_image,
        RESULT.stack,
        RESULT.build_metadata,
    )
    assert (status.steps_completed, status.step_states, status.pod_name) == (("rebase",), (), "")


def test_an_answer_to_another_question_does_not_count() -> None:
    """The run image moved on meanwhile."""
    before = world(RESULT)
    assert before.rebased is not None
    other = dataclasses.replace(before.rebased, question=dataclasses.replace(question(rebase()), run_image="other"))

    assert kinds(decide_build(dataclasses.replace(before, rebased=other), make.NOW)) == [RebaseImage]


def test_what_cannot_be_rebased_is_built_and_an_event_says_why() -> None:
    """In the lifecycle's words."""
    refusal = NotRebasable(reason="TargetMismatch", message="unable to satisfy target os/arch constraints")

    decision = decide_build(world(refusal), make.NOW)

    event = decision.actions[0]
    assert kinds(decision)[:2] == [RecordEvent, CreatePod]
    assert isinstance(event, RecordEvent)
    assert (event.type, event.reason) == ("Normal", "TargetMismatch")
    assert event.message == "unable to satisfy target os/arch constraints; a full build is made instead"


def test_a_further_attempt_of_such_a_build_tells_it_no_more() -> None:
    """The Event is about the Build, not about its pods."""
    refused = world(NotRebasable(reason="TargetMismatch", message="no"))
    earlier = make.pod(refused.build)

    decision = decide_build(dataclasses.replace(refused, earlier=(earlier,)), make.NOW)

    assert "TargetMismatch" not in {action.reason for action in decision.actions if isinstance(action, RecordEvent)}


def test_a_definite_refusal_fails_the_build() -> None:
    """With the registry's words and its reason."""
    fault = Fault(reason="Unauthorized", message="rebase of a onto b: not allowed to write", permanent=True)

    decision = decide_build(world(fault), make.NOW)

    assert kinds(decision) == [PatchStatus, RecordEvent]
    assert told(decision) == ("False", "Unauthorized", "build failed: rebase of a onto b: not allowed to write")


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (5000, 300)])
def test_what_may_pass_is_tried_again_ever_more_slowly(attempt: int, seconds: float) -> None:
    """Five seconds after the first attempt, five minutes after later ones; the condition tells attempt and fault."""
    seen = world(Fault(reason="RegistryUnavailable", message="503", permanent=False), attempt=attempt)

    waiting, due = decide_build(seen, make.later(seconds - 1)), decide_build(seen, make.later(seconds))

    assert (kinds(waiting), waiting.look_again) == ([PatchStatus], timedelta(seconds=1))
    assert told(waiting) == (
        "Unknown",
        "RegistryUnavailable",
        f"attempt {attempt} to rebase failed and is repeated: 503",
    )
    assert kinds(due) == [RebaseImage, PatchStatus]
    assert ordered(due).attempt == attempt + 1
    assert due.look_again == timedelta(minutes=1)


def test_a_registry_that_asked_to_be_left_alone_is() -> None:
    """For longer than the pause that would be due."""
    seen = world(Fault(reason="RegistryUnavailable", message="429", permanent=False))
    assert seen.rebased is not None
    seen = dataclasses.replace(seen, rebased=dataclasses.replace(seen.rebased, quiet=timedelta(seconds=70)))

    assert decide_build(seen, make.later(69)).look_again == timedelta(seconds=1)
    assert RebaseImage in kinds(decide_build(seen, make.later(70)))


def test_a_build_that_had_a_pod_is_not_rebased() -> None:
    """Its first attempt was one because it could not be; the next one is a pod again."""
    build = rebase()
    lost = dataclasses.replace(
        make.build_world(build), pod=make.pod(build, PodStatus(phase="Failed", reason="NodeLost"))
    )

    assert RebaseImage not in kinds(decide_build(lost, make.later(3600)))


def test_what_does_not_pass_in_an_hour_fails_the_build() -> None:
    """A commit that waits behind it is built then; the message says what to do."""
    seen = world(Fault(reason="RegistryUnavailable", message="503", permanent=False), attempt=15)

    decision = decide_build(seen, make.later(3600))

    assert kinds(decision) == [PatchStatus, RecordEvent]
    assert told(decision)[:2] == ("False", "RegistryUnavailable")
    assert told(decision)[2].startswith("build failed: 503; tried for an hour\n")


def test_the_run_image_is_the_one_that_the_build_was_made_for() -> None:
    """Also where the builder's label names a newer one meanwhile: the builder is asked for that one next."""
    build, recorded = rebase(), f"registry.example/run@{make.digest('8')}"
    annotations = {**build.metadata.annotations, RUN_IMAGE_ANNOTATION: recorded}
    build = replace(build, metadata=replace(build.metadata, annotations=annotations))

    assert ordered(decide_build(make.build_world(build), make.NOW)).question.run_image == recorded
