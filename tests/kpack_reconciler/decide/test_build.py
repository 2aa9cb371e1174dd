import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import PodCondition, PodStatus
from kpack_api.names import RUN_IMAGE_ANNOTATION
from kpack_api.types import Build, BuildStatus, BuiltImage, Kind
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.model.actions import CreatePod, InspectBuilderImage, PatchStatus, ReadServiceAccount, RecordEvent
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Credentials, Fault
from kpack_reconciler.model.worlds import BuildWorld
from tests import make

RESULT = BuiltImage(
    latest_image=make.APP_IMAGE,
    stack=make.succeeded_build().status.stack,
    build_metadata=make.BUILDPACKS,
)


def kinds(decision: Decision) -> list[type]:
    return [type(action) for action in decision.actions]


def patched(decision: Decision) -> BuildStatus:
    status = next(action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus)
    return status


def told(decision: Decision) -> tuple[str, str, str]:
    (condition,) = patched(decision).conditions
    return condition.status, condition.reason, condition.message


def with_pod(status: PodStatus, build: Build | None = None) -> BuildWorld:
    build = build or make.running_build()
    return dataclasses.replace(make.build_world(build), pod=make.pod(build, status))


def young_build() -> Build:
    """A Build that was created this second."""
    build = make.running_build()
    return replace(build, metadata=replace(build.metadata, creation_timestamp="2026-06-09T04:05:06Z"))


def test_the_pod_is_made_when_all_is_known() -> None:
    """Its name is in the status, the result is Unknown."""
    decision = decide_build(make.build_world(), make.NOW)

    assert kinds(decision) == [CreatePod, PatchStatus]
    create = decision.actions[0]
    assert isinstance(create, CreatePod)
    assert patched(decision).pod_name == create.pod.metadata.name
    assert told(decision) == ("Unknown", "", "")


def test_the_pod_is_put_onto_the_run_image_that_the_build_was_made_for() -> None:
    """On a newer one it would differ from the builder, which was asked earlier: the next Build would follow at once."""
    made_for = f"registry.example/run@{make.digest('9')}"
    build = make.running_build()
    annotations = {**build.metadata.annotations, RUN_IMAGE_ANNOTATION: made_for}
    build = replace(build, metadata=replace(build.metadata, annotations=annotations))

    create = decide_build(make.build_world(build), make.NOW).actions[0]

    assert isinstance(create, CreatePod)
    containers = (*create.pod.spec.init_containers, *create.pod.spec.containers)
    assert f"-run-image={made_for}" in {argument for container in containers for argument in container.args}


def test_unknown_facts_are_asked_for_at_once() -> None:
    """First the service account, then the builder image; nothing is told of it."""
    world = dataclasses.replace(make.build_world(), credentials=None, builder_image=None)

    first = decide_build(world, make.NOW)
    second = decide_build(dataclasses.replace(world, credentials=make.build_world().credentials), make.NOW)

    assert kinds(first) == [ReadServiceAccount]
    assert kinds(second) == [InspectBuilderImage]
    assert first.look_again == second.look_again == timedelta(0)


def test_facts_older_than_the_build_are_asked_for_again() -> None:
    """A Secret or the run image may have changed since; a build on the old run image would be followed by another."""
    build = make.running_build()
    old = make.later(-3600)
    world = make.build_world(build)
    stale_account = dataclasses.replace(world, credentials=make.account_seen(build, make.credentials(), old))
    stale_image = dataclasses.replace(world, builder_image=make.build_seen(build, at=old))

    assert kinds(decide_build(stale_account, make.NOW)) == [ReadServiceAccount]
    assert kinds(decide_build(stale_image, make.NOW)) == [InspectBuilderImage]


def test_what_a_digest_stands_for_is_not_asked_again() -> None:
    """A Build that says its run image is made with what was read of its builder image at any time."""
    build = make.running_build()
    annotations = {**build.metadata.annotations, RUN_IMAGE_ANNOTATION: make.RUN_IMAGE}
    build = replace(build, metadata=replace(build.metadata, annotations=annotations))
    old = dataclasses.replace(make.build_world(build), builder_image=make.build_seen(build, at=make.later(-3600)))
    other = make.builder_image(latest_image=make.RUN_IMAGE)
    unlike = dataclasses.replace(old, builder_image=make.build_seen(build, other, at=make.later(-3600)))

    assert kinds(decide_build(old, make.NOW)) == [CreatePod, PatchStatus]
    assert kinds(decide_build(unlike, make.NOW)) == [InspectBuilderImage]


def test_a_fact_of_this_moment_counts_though_the_api_server_s_clock_is_ahead() -> None:
    """Otherwise the Build would be looked at for ever."""
    build = make.running_build()
    build = replace(build, metadata=replace(build.metadata, creation_timestamp="2026-06-09T04:09:00Z"))

    assert kinds(decide_build(make.build_world(build), make.NOW)) == [CreatePod, PatchStatus]


@pytest.mark.parametrize(
    ("answer", "reason", "named"),
    [
        pytest.param(None, "ServiceAccountNotFound", 'service account "bot" does not exist', id="no service account"),
        pytest.param(
            Credentials(missing=("regcred",)),
            "SecretNotFound",
            'do not exist in namespace "team": "regcred"',
            id="a missing Secret",
        ),
        pytest.param(
            Credentials(missing=("",)), "SecretNotFound", "ServiceAccount has invalid Secret reference", id="C55"
        ),
    ],
)
def test_missing_credentials_are_waited_for_then_fail_the_build(
    answer: Credentials | None, reason: str, named: str
) -> None:
    """Each second for fifteen seconds; meanwhile and at the end the message names what is missing and the next step."""
    build = young_build()

    def look(seen_after: float, look_after: float) -> Decision:
        seen = make.account_seen(build, answer, make.later(seen_after))
        world = dataclasses.replace(make.build_world(build), credentials=seen)
        return decide_build(world, make.later(look_after))

    waiting, due, failed = look(0.2, 0.4), look(0.2, 1.3), look(15.1, 15.2)

    assert kinds(waiting) == [PatchStatus]
    assert waiting.look_again == timedelta(seconds=0.8)
    assert told(waiting)[:2] == ("Unknown", reason)
    assert kinds(due) == [ReadServiceAccount, PatchStatus]
    assert due.look_again == timedelta(0)
    assert kinds(failed) == [PatchStatus, RecordEvent]
    assert told(failed)[:2] == ("False", reason)
    assert named in told(failed)[2]
    assert "kubectl annotate build" in told(failed)[2]


def test_a_registry_s_refusal_fails_the_build() -> None:
    """In the registry client's words."""
    fault = Fault(reason="BuilderImageNotFound", message="unable to fetch remote builder image: 404", permanent=True)
    world = dataclasses.replace(make.build_world(), builder_image=make.build_seen(make.running_build(), fault))

    decision = decide_build(world, make.NOW)

    assert told(decision) == ("False", "BuilderImageNotFound", "unable to fetch remote builder image: 404")


def test_a_registry_that_is_down_is_asked_again() -> None:
    """The Build waits and says why."""
    fault = Fault(reason="RegistryUnreachable", message="timeout", permanent=False)
    world = dataclasses.replace(make.build_world(), builder_image=make.build_seen(make.running_build(), fault))

    now, later = decide_build(world, make.later(1)), decide_build(world, make.later(6))

    assert (kinds(now), now.look_again) == ([PatchStatus], timedelta(seconds=4))
    assert told(now) == ("Unknown", "RegistryUnreachable", "timeout")
    assert kinds(later) == [InspectBuilderImage, PatchStatus]


def test_a_registry_that_stays_down_ends_the_build() -> None:
    """After ten minutes, so that a change of the Image is not hidden behind it for ever."""
    build = young_build()
    fault = Fault(reason="RegistryUnreachable", message="timeout", permanent=False)

    def look(seconds: float) -> Decision:
        seen = make.build_seen(build, fault, make.later(seconds))
        return decide_build(dataclasses.replace(make.build_world(build), builder_image=seen), make.later(seconds))

    assert told(look(599))[0] == "Unknown"
    assert told(look(600)) == ("False", "RegistryUnreachable", "timeout; asked for 10 minutes")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"platform_apis": ("0.2",)}, "incompatible builder platform API version: 0.2;"),
        ({"user_id": 0}, "the builder image's CNB_USER_ID is 0;"),
    ],
)
def test_a_builder_that_cannot_be_used_fails_the_build(changes: dict[str, object], message: str) -> None:
    """No pod is made."""
    build = make.running_build()
    world = dataclasses.replace(make.build_world(), builder_image=make.build_seen(build, make.builder_image(**changes)))

    decision = decide_build(world, make.NOW)

    assert kinds(decision) == [PatchStatus, RecordEvent]
    assert told(decision)[2].startswith(message)


def test_steps_are_told_in_the_pod_s_order() -> None:
    """States of init containers without names; completed are those that ended, failed ones included."""
    status = PodStatus(
        phase="Running",
        init_container_statuses=(make.terminated("prepare"), make.running("analyze"), make.waiting("detect")),
        container_statuses=(make.waiting("completion"),),
    )

    shown = patched(decide_build(with_pod(status), make.NOW))

    assert shown.step_states == (
        {"terminated": {"exitCode": 0}},
        {"running": {"startedAt": make.CREATED}},
        {"waiting": {"reason": "PodInitializing"}},
    )
    assert shown.steps_completed == ("prepare",)
    assert [condition.status for condition in shown.conditions] == ["Unknown"]


def test_texts_of_steps_are_bounded_and_carry_no_secrets() -> None:
    """Whoever reads the Build may not read its log; a kubelet's error may have any length."""
    secret = "https://u:p@git.example"
    waiting = make.waiting("detect", "ErrImagePull", "x" * 100_000 + secret)
    status = PodStatus(init_container_statuses=(make.terminated("prepare", 1, secret), waiting))

    ended, waits = patched(decide_build(with_pod(status), make.NOW)).step_states

    assert ended == {"terminated": {"exitCode": 1, "message": "https://***@git.example"}}
    shown = waits["waiting"]["message"]  # type: ignore[index]
    assert len(shown) == 4000
    assert shown.endswith("https://***@git.example")


def test_a_successful_pod_ends_the_build_with_its_result() -> None:
    """Image, stack and buildpacks come from completion's termination message."""
    build = make.running_build()
    pod = make.ended_pod(build, encode_built_image(RESULT))

    decision = decide_build(dataclasses.replace(make.build_world(build), pod=pod), make.NOW)

    assert kinds(decision) == [PatchStatus, RecordEvent]
    shown = patched(decision)
    assert (shown.latest_image, shown.stack, shown.build_metadata) == (
        make.APP_IMAGE,
        RESULT.stack,
        make.BUILDPACKS,
    )
    assert told(decision) == ("True", "", "")
    event = decision.actions[1]
    assert isinstance(event, RecordEvent)
    assert (event.kind, event.type, event.reason) == (Kind.BUILD, "Normal", "BuildSucceeded")


@pytest.mark.parametrize("message", ["", "no result"])
def test_a_result_that_cannot_be_read_fails_the_build(message: str) -> None:
    """Otherwise the Image would wait for ever."""
    build = make.running_build()

    decision = decide_build(dataclasses.replace(make.build_world(build), pod=make.ended_pod(build, message)), make.NOW)

    assert told(decision)[:2] == ("False", "ResultUnreadable")
    assert told(decision)[2].startswith("build failed: its result cannot be read: ")


def test_a_pod_without_completion_has_no_result() -> None:
    """A pod that succeeded otherwise was not ours to judge."""
    pod = with_pod(PodStatus(phase="Succeeded", container_statuses=(make.terminated("sidecar"),)))

    decision = decide_build(pod, make.NOW)

    assert told(decision)[2].startswith(
        "build failed: its result cannot be read: the completion container left no result\n"
    )


def test_a_failed_step_is_named_with_exit_code_and_last_lines() -> None:
    """The first container that failed, the tail of its log, without colours."""
    log = (
        "\n".join(f"line {number}" for number in range(30)) + "\n\x1b[31;1mERROR: No buildpack groups passed\x1b[0m\n\n"
    )
    status = PodStatus(
        phase="Failed",
        init_container_statuses=(
            make.terminated("prepare"),
            make.terminated("detect", 20, log, "Error"),
            make.waiting("build"),
        ),
    )

    decision = decide_build(with_pod(status), make.NOW)

    lines = [f"line {number}" for number in range(21, 30)]
    expected = "\n".join(
        ["build failed: step detect exit 20: " + lines[0], *lines[1:], "ERROR: No buildpack groups passed"]
    )
    hint = "no buildpack of the builder knows this source"
    assert told(decision)[:2] == ("False", "DetectFailed")
    assert told(decision)[2].startswith(f"{expected}\n{hint}")
    assert patched(decision).steps_completed == ("prepare", "detect")
    event = decision.actions[1]
    assert isinstance(event, RecordEvent)
    assert (event.type, event.reason, event.message) == ("Warning", "BuildFailed", told(decision)[2])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            PodStatus(phase="Failed", init_container_statuses=(make.terminated("build", 137, "", "OOMKilled"),)),
            "build failed: step build exit 137 (OOMKilled): no output\nraise the memory",
            id="out of memory",
        ),
        pytest.param(
            PodStatus(phase="Failed", container_statuses=(make.terminated("completion", 1, "cannot push"),)),
            "build failed: step completion exit 1: cannot push",
            id="completion, which is no init container",
        ),
        pytest.param(
            PodStatus(phase="Failed", reason="DeadlineExceeded", message="Pod was active on the node too long"),
            "-build-pod failed: DeadlineExceeded: Pod was active on the node too long",
            id="deadline",
        ),
    ],
)
def test_every_way_to_fail_has_its_words(status: PodStatus, message: str) -> None:
    """No failure is told without a cause."""
    decision = decide_build(with_pod(status), make.NOW)

    assert told(decision)[0] == "False"
    assert message in told(decision)[2]


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        pytest.param(
            PodStatus(
                conditions=(
                    PodCondition(type="PodScheduled", status="False", reason="Unschedulable", message="0/1 nodes"),
                )
            ),
            "Unschedulable",
            "0/1 nodes",
            id="no node has room",
        ),
        pytest.param(
            PodStatus(
                init_container_statuses=(
                    make.terminated("prepare"),
                    make.waiting("analyze", "ImagePullBackOff", "Back-off pulling"),
                )
            ),
            "ImagePullBackOff",
            "step analyze: Back-off pulling",
            id="an image cannot be pulled",
        ),
        pytest.param(
            PodStatus(container_statuses=(make.waiting("completion", "ErrImagePull", ""),)),
            "ErrImagePull",
            "step completion: ErrImagePull",
            id="completion's image cannot be pulled",
        ),
        pytest.param(
            PodStatus(phase="Running", init_container_statuses=(make.running("prepare"),)), "", "", id="nothing"
        ),
    ],
)
def test_what_holds_a_pod_up_is_told(status: PodStatus, reason: str, message: str) -> None:
    """The Build stays Unknown, but says what it waits for."""
    assert told(decide_build(with_pod(status), make.NOW)) == ("Unknown", reason, message)


def test_an_unchanged_pod_writes_nothing() -> None:
    """Looking twice is free."""
    world = with_pod(PodStatus(phase="Running", init_container_statuses=(make.running("prepare"),)))
    seen = replace(world.build, status=patched(decide_build(world, make.NOW)))

    assert decide_build(dataclasses.replace(world, build=seen), make.later(60)).actions == ()


def test_a_build_that_ended_is_not_touched_again() -> None:
    """Its pod may be gone or say otherwise; only the observed generation follows."""
    ended = make.failed_build()
    newer = replace(ended, metadata=replace(ended.metadata, generation=2))

    assert decide_build(make.build_world(ended), make.NOW).actions == ()
    assert patched(decide_build(make.build_world(newer), make.NOW)) == replace(ended.status, observed_generation=2)


def test_a_predecessor_s_pod_must_go_first() -> None:
    """A pod of that name which another Build controls is neither adopted nor replaced; if it stays, the Build ends."""
    build = young_build()
    other = replace(build, metadata=replace(build.metadata, uid="other"))
    world = dataclasses.replace(make.build_world(build), pod=make.pod(other))

    waiting, given_up = decide_build(world, make.later(30)), decide_build(world, make.later(600))

    assert kinds(waiting) == [PatchStatus]
    assert told(waiting)[:2] == ("Unknown", "PodNameTaken")
    assert waiting.look_again == timedelta(seconds=5)
    assert told(given_up)[:2] == ("False", "PodNameTaken")
    assert "kubectl delete pod -n team" in told(given_up)[2]


def test_a_build_that_is_going_away_gets_no_pod() -> None:
    """Its deletion is under way."""
    build = make.running_build()
    build = replace(build, metadata=replace(build.metadata, deletion_timestamp=make.CREATED))

    assert decide_build(make.build_world(build), make.NOW).actions == ()
