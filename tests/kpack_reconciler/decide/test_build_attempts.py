"""The attempts of a Build: another pod after a fault of the infrastructure, and never two at once."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import Pod, PodStatus
from kpack_api.names import build_pod_name
from kpack_api.types import Build, BuildStatus, BuiltImage, Kind
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.model.actions import CreatePod, PatchStatus, Premise, RecordEvent
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.worlds import BuildWorld
from tests import make

BUILD = make.running_build()
ENDED = datetime.fromisoformat("2026-06-09T04:05:00Z")
EVICTED = "pod app-build-1-7b56t-build-pod failed: Evicted: The node was low on resource: memory."


def seconds_after(seconds: float) -> datetime:
    """So long after the end of the failed pod."""
    return ENDED + timedelta(seconds=seconds)


def attempt(number: int, status: PodStatus | None = None, build: Build = BUILD) -> Pod:
    pod = make.pod(build, status)
    return replace(pod, metadata=replace(pod.metadata, name=build_pod_name(build.metadata.name, attempt=number)))


def evicted(number: int = 1) -> Pod:
    step = make.terminated("build", 137, "", "Error")
    assert step.state.terminated is not None
    end = replace(step.state.terminated, finished_at="2026-06-09T04:05:00Z")
    step = replace(step, state=replace(step.state, terminated=end))
    message = "The node was low on resource: memory."
    status = PodStatus(phase="Failed", reason="Evicted", message=message, init_container_statuses=(step,))
    return attempt(number, status)


def world(*pods: Pod, build: Build = BUILD) -> BuildWorld:
    """A Build with its own pods; whatever it needs for another one is known."""
    return dataclasses.replace(make.build_world(build), pod=pods[-1] if pods else None, earlier=pods[:-1])


def patched(decision: Decision) -> BuildStatus:
    status = next(action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus)
    return status


def told(decision: Decision) -> tuple[str, str, str]:
    (condition,) = patched(decision).conditions
    return condition.status, condition.reason, condition.message


def created(decision: Decision) -> str:
    return "".join(action.pod.metadata.name for action in decision.actions if isinstance(action, CreatePod))


def seen(build: Build, decision: Decision) -> Build:
    """The Build once the decision's status is in the cache."""
    return replace(build, status=patched(decision))


def test_after_an_eviction_the_build_pauses_and_says_so() -> None:
    """The pause counts from the pod's end; the Build is not over."""
    decision = decide_build(world(evicted()), seconds_after(4))

    assert created(decision) == ""
    assert decision.look_again == timedelta(seconds=6)
    assert told(decision) == (
        "Unknown",
        "Evicted",
        f"attempt 1 of 3: {EVICTED}; the next one starts at 2026-06-09T04:05:10Z",
    )
    assert patched(decision).pod_name == evicted().metadata.name


def test_then_comes_the_second_pod() -> None:
    """Under a name of its own, told in condition and Event; the steps start anew."""
    decision = decide_build(world(evicted()), seconds_after(10))

    assert created(decision) == "app-build-1-7b56t-build-pod-2"
    assert [type(action) for action in decision.actions] == [CreatePod, PatchStatus, RecordEvent]
    text = f"attempt 2 of 3 after Evicted: {EVICTED}"
    assert told(decision) == ("Unknown", "Retrying", text)
    status = patched(decision)
    assert (status.pod_name, status.step_states, status.steps_completed) == ("app-build-1-7b56t-build-pod-2", (), ())
    event = decision.actions[2]
    assert isinstance(event, RecordEvent)
    assert (event.type, event.reason, event.message) == ("Warning", "BuildRetried", text)


def test_the_second_pod_keeps_telling_what_it_follows() -> None:
    """So nothing is written again while it runs; the failed pod may even be gone."""
    retried = seen(BUILD, decide_build(world(evicted()), seconds_after(10)))
    runs = attempt(2, PodStatus(phase="Running", init_container_statuses=(make.running("prepare"),)))

    started = decide_build(world(evicted(), runs, build=retried), seconds_after(20))
    running = seen(retried, started)

    assert told(started) == ("Unknown", "Retrying", f"attempt 2 of 3 after Evicted: {EVICTED}")
    assert decide_build(world(evicted(), runs, build=running), seconds_after(30)).actions == ()
    assert decide_build(world(runs, build=running), seconds_after(30)).actions == ()


def test_an_obstacle_of_a_later_attempt_has_its_number() -> None:
    """The reader sees both: which attempt, and what it waits for."""
    stuck = attempt(2, PodStatus(init_container_statuses=(make.waiting("prepare", "ErrImagePull", "timeout"),)))

    assert told(decide_build(world(evicted(), stuck), seconds_after(20))) == (
        "Unknown",
        "ErrImagePull",
        "attempt 2 of 3: step prepare: timeout",
    )


def test_the_second_pause_is_longer_and_the_third_attempt_the_last() -> None:
    """Then the Build fails with the last attempt's failure."""
    paused = decide_build(world(evicted(1), evicted(2)), seconds_after(10))
    third = decide_build(world(evicted(1), evicted(2)), seconds_after(60))
    over = decide_build(world(evicted(1), evicted(2), evicted(3)), seconds_after(1))

    assert (created(paused), paused.look_again) == ("", timedelta(seconds=50))
    assert created(third) == "app-build-1-7b56t-build-pod-3"
    assert told(over)[:2] == ("False", "Evicted")
    assert told(over)[2].startswith("build failed: pod app-build-1-7b56t-build-pod-3 failed: Evicted: ")
    assert "(attempt 3 of 3)\n" in told(over)[2]


def test_a_failure_of_the_application_ends_the_build_at_once() -> None:
    """Also at the second attempt."""
    status = PodStatus(phase="Failed", init_container_statuses=(make.terminated("build", 51, "npm ERR!", "Error"),))

    decision = decide_build(world(evicted(), attempt(2, status)), seconds_after(90))

    assert told(decision)[:2] == ("False", "BuildpackFailed")


def test_a_restarted_controller_neither_hurries_nor_waits_anew() -> None:
    """All it needs is in the cluster: the status may not even tell of the failure yet."""
    assert created(decide_build(world(evicted()), seconds_after(9))) == ""
    assert created(decide_build(world(evicted()), seconds_after(3600))) == "app-build-1-7b56t-build-pod-2"


def test_a_clock_that_runs_behind_waits_for_a_pause_at_most() -> None:
    """The kubelet's clock may be ahead of ours."""
    assert decide_build(world(evicted()), seconds_after(-3600)).look_again == timedelta(seconds=10)


def test_a_pod_that_tells_no_end_ended_when_it_was_created() -> None:
    """A kubelet that refuses a pod starts no container."""
    rejected = attempt(1, PodStatus(phase="Failed", reason="OutOfcpu"))

    assert created(decide_build(world(rejected), make.NOW)) == "app-build-1-7b56t-build-pod-2"


def test_a_pod_that_is_being_deleted_is_waited_for() -> None:
    """Its containers may still run, on a node that is lost even for long; after half an hour the Build fails."""
    going = attempt(1, PodStatus(phase="Running", init_container_statuses=(make.running("build"),)))
    going = replace(going, metadata=replace(going.metadata, deletion_timestamp="2026-06-09T04:05:00Z"))

    waiting, over = (decide_build(world(going), seconds_after(seconds)) for seconds in (1799, 1800))

    assert created(waiting) == ""
    assert told(waiting)[:2] == ("Unknown", "PodDeleted")
    assert waiting.look_again == timedelta(seconds=1)
    assert told(over)[:2] == ("False", "PodStuck")


def test_a_pod_that_was_seen_going_counts_as_an_attempt_once_it_is_gone() -> None:
    """The status remembers; then the next pod follows at once."""
    going = attempt(1, PodStatus(phase="Running"))
    going = replace(going, metadata=replace(going.metadata, deletion_timestamp="2026-06-09T04:05:00Z"))
    build = seen(BUILD, decide_build(world(going), seconds_after(1)))

    decision = decide_build(world(build=build), seconds_after(30))

    assert created(decision) == "app-build-1-7b56t-build-pod-2"
    assert told(decision) == ("Unknown", "Retrying", "attempt 2 of 3 after PodDeleted")


def test_a_third_pod_that_goes_away_is_the_last() -> None:
    """The Build ends, and tells what it knew."""
    build = BUILD
    condition = make.condition("Succeeded", "Unknown", "PodDeleted", "it is being deleted")
    status = replace(build.status, pod_name=build_pod_name(build.metadata.name, attempt=3), conditions=(condition,))

    decision = decide_build(world(build=replace(build, status=status)), make.NOW)

    assert told(decision) == (
        "False",
        "PodDeleted",
        "build failed: pod app-build-1-7b56t-build-pod-3 is gone: it is being deleted",
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_pod_that_is_gone_unseen_is_made_again_under_its_own_name(number: int) -> None:
    """The cache may only be late: should the pod exist, the API server refuses a second one of that name."""
    name = build_pod_name(BUILD.metadata.name, attempt=number)
    build = replace(BUILD, status=replace(BUILD.status, pod_name=name))
    before = tuple(evicted(earlier) for earlier in range(1, number))

    assert created(decide_build(world(*before, build=build), seconds_after(5))) == name


def test_a_pod_after_the_first_is_made_only_if_the_build_is_as_it_was_seen() -> None:
    """A leader of yesterday that sees no pod any more would else make the second while the third runs."""

    def premises(build: Build) -> list[tuple[Premise, ...]]:
        actions = decide_build(world(build=build), make.NOW).actions
        return [action.premises for action in actions if isinstance(action, CreatePod)]

    told = replace(BUILD, status=replace(BUILD.status, pod_name=build_pod_name(BUILD.metadata.name, attempt=2)))

    assert premises(BUILD) == [()]
    assert premises(told) == [(Premise(key=Key(Kind.BUILD, "team", BUILD.metadata.name), resource_version="7"),)]


def test_no_look_makes_a_pod_while_another_may_run() -> None:
    """Whatever the newest pod's phase is, but Failed."""
    for phase in ("Pending", "Running", "Unknown", "Succeeded"):
        for number in (1, 2, 3):
            pods = (*(evicted(earlier) for earlier in range(1, number)), attempt(number, PodStatus(phase=phase)))
            assert created(decide_build(world(*pods), seconds_after(7200))) == ""


def test_a_build_has_succeeded_once_completion_has() -> None:
    """What became of its pod afterwards, an eviction, a sidecar's failure, does not undo the pushed image."""
    result = BuiltImage(latest_image=make.APP_IMAGE, stack=make.succeeded_build().status.stack)
    pod = make.ended_pod(BUILD, encode_built_image(result))
    pod = replace(pod, status=replace(pod.status, phase="Failed", reason="Evicted"))

    decision = decide_build(world(pod), make.NOW)

    assert told(decision) == ("True", "", "")
    assert patched(decision).latest_image == make.APP_IMAGE


def test_while_the_registry_is_down_between_attempts_the_build_waits_for_it() -> None:
    """Its patience counts from the end of the last pod, not from the Build's creation."""
    fault = make.Fault(reason="RegistryUnreachable", message="timeout", permanent=False)
    asked = dataclasses.replace(world(evicted()), builder_image=make.build_seen(BUILD, fault, seconds_after(590)))

    assert told(decide_build(asked, seconds_after(599)))[0] == "Unknown"
    assert told(decide_build(asked, seconds_after(600)))[:2] == ("False", "RegistryUnreachable")
