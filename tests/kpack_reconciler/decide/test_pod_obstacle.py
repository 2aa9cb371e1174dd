"""What a waiting pod tells, and when its Build gives up on it."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import ContainerStatus, Pod, PodCondition, PodStatus
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.pod_obstacle import pod_obstacle
from kpack_reconciler.model.actions import DeletePod, PatchStatus
from kpack_reconciler.model.failures import FailureClass, failure_class
from tests import make

BUILD = make.running_build()
START = datetime.fromisoformat(make.CREATED)
"""When the pod was created, and the Build."""


def pending(*steps: ContainerStatus, scheduled: str = "True", reason: str = "", message: str = "") -> Pod:
    placed = PodCondition(
        type="PodScheduled", status=scheduled, reason=reason, message=message, last_transition_time=make.CREATED
    )
    return make.pod(BUILD, PodStatus(conditions=(placed,), init_container_statuses=steps))


def waiting(reason: str, message: str) -> Pod:
    return pending(make.terminated("prepare"), make.waiting("analyze", reason, message))


NO_ROOM = pending(scheduled="False", reason="Unschedulable", message="0/3 nodes are available: 3 Insufficient cpu.")
NOT_FOUND = waiting("ErrImagePull", "failed to resolve reference: registry.example/builder: not found")
DENIED = waiting("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: 401 Unauthorized')
TIMEOUT = waiting("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout")
BACK_OFF = waiting("ImagePullBackOff", "Back-off pulling image")
NO_SECRET = waiting("CreateContainerConfigError", 'secret "x" not found')
RUNTIME = waiting("CreateContainerError", "context deadline exceeded")
SILENT = pending(make.waiting("prepare"))
UNKNOWN = make.pod(BUILD, PodStatus(phase="Unknown"))
LOST = make.pod(BUILD, PodStatus(phase="Running", reason="NodeLost", message="Node n1 is unresponsive"))


@pytest.mark.parametrize(
    ("pod", "word", "minutes", "reason", "kind"),
    [
        pytest.param(NO_ROOM, "Unschedulable", 10, "Unschedulable", FailureClass.TIMEOUT, id="no node has room"),
        pytest.param(NOT_FOUND, "ErrImagePull", 2, "ImagePullFailed", FailureClass.PULL_FAILURE, id="no such image"),
        pytest.param(DENIED, "ImagePullBackOff", 2, "ImagePullFailed", FailureClass.PULL_FAILURE, id="R123"),
        pytest.param(
            waiting("InvalidImageName", "couldn't parse"),
            "InvalidImageName",
            2,
            "ImagePullFailed",
            FailureClass.PULL_FAILURE,
            id="no image name",
        ),
        pytest.param(TIMEOUT, "ErrImagePull", 10, "ImagePullFailed", FailureClass.PULL_FAILURE, id="registry is down"),
        pytest.param(BACK_OFF, "ImagePullBackOff", 10, "ImagePullFailed", FailureClass.PULL_FAILURE, id="no detail"),
        pytest.param(
            NO_SECRET,
            "CreateContainerConfigError",
            2,
            "ContainerRefused",
            FailureClass.CONFIGURATION,
            id="a Secret is missing",
        ),
        pytest.param(RUNTIME, "CreateContainerError", 10, "PodStuck", FailureClass.TIMEOUT, id="runtime"),
        pytest.param(SILENT, "NotStarted", 30, "PodStuck", FailureClass.TIMEOUT, id="a volume is not mounted"),
        pytest.param(LOST, "NodeLost", 30, "PodStuck", FailureClass.TIMEOUT, id="the node does not answer"),
        pytest.param(UNKNOWN, "NodeLost", 30, "PodStuck", FailureClass.TIMEOUT, id="the pod's phase is unknown"),
    ],
)
def test_every_obstacle_is_told_and_ends(pod: Pod, word: str, minutes: int, reason: str, kind: FailureClass) -> None:
    """In Kubernetes' own word while it may pass, then as a failure that says what to do."""
    world = dataclasses.replace(make.build_world(BUILD), pod=pod)

    def told(seconds: float) -> tuple[str, str, str]:
        decision = decide_build(world, START + timedelta(seconds=seconds))
        (patch,) = (action for action in decision.actions if isinstance(action, PatchStatus))
        (condition,) = patch.status.conditions
        return condition.status, condition.reason, condition.message

    before, after = told(minutes * 60 - 1), told(minutes * 60)

    assert before[:2] == ("Unknown", word)
    assert after[:2] == ("False", reason)
    assert failure_class(reason) is kind
    assert after[2].startswith("build failed: ")
    assert len(after[2].splitlines()) == 2


def test_the_next_look_is_when_patience_ends() -> None:
    """Nothing else would wake the Build."""
    obstacle = pod_obstacle(NO_ROOM, START)
    assert obstacle is not None
    world = dataclasses.replace(make.build_world(BUILD), pod=NO_ROOM)

    assert decide_build(world, START).look_again == obstacle.ends - START  # type: ignore[operator]


def test_a_slow_start_is_told_only_after_two_minutes() -> None:
    """A status is not written for each image that takes its time."""
    world = dataclasses.replace(make.build_world(BUILD), pod=SILENT)

    early = decide_build(world, START)

    assert early.look_again is not None
    assert early.look_again.total_seconds() == 120
    assert early.reason == "the build runs"


def test_a_sidecar_that_runs_does_not_hide_a_step_that_does_not() -> None:
    """Native sidecars run beside init containers from the start."""
    obstacle = pod_obstacle(pending(make.running("istio-proxy"), make.waiting("prepare")), make.NOW)

    assert obstacle is not None
    assert obstacle.message.startswith("step prepare has not started yet; ")


def test_a_pod_that_somebody_holds_back_waits_without_an_end() -> None:
    """A scheduling gate is a queue's, who will lift it."""
    gated = pending(scheduled="False", reason="SchedulingGated", message="Scheduling is blocked")
    world = dataclasses.replace(make.build_world(BUILD), pod=gated)

    decision = decide_build(world, make.later(10**6))

    assert decision.look_again is None
    assert decision.reason == "Scheduling is blocked"


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(pending(make.running("prepare")), id="a step runs"),
        pytest.param(pending(make.terminated("prepare")), id="all steps that are known ended"),
    ],
)
def test_a_pod_that_goes_on_has_no_obstacle(pod: Pod) -> None:
    """However long it takes: only the namespace's own deadline ends a build that runs."""
    assert pod_obstacle(pod, make.later(10**6)) is None


def test_the_wait_counts_from_the_end_of_the_step_before() -> None:
    """A long step leaves the next one its whole patience."""
    prepare = make.terminated("prepare")
    assert prepare.state.terminated is not None
    ended = replace(prepare.state.terminated, finished_at="2026-06-09T05:00:00Z")
    prepare = replace(prepare, state=replace(prepare.state, terminated=ended))
    unreadable = replace(ended, finished_at="yesterday")
    other = replace(prepare, name="x", state=replace(prepare.state, terminated=unreadable))

    obstacle = pod_obstacle(pending(prepare, other, make.waiting("analyze", "ErrImagePull", "x")), make.NOW)

    assert obstacle is not None
    assert obstacle.told_from == datetime.fromisoformat("2026-06-09T05:00:00Z")


def test_a_time_that_is_far_ahead_is_not_believed() -> None:
    """Else nothing would ever be due; a clock may be ahead of ours by minutes, not by years."""
    (placed,) = NO_ROOM.status.conditions
    ahead = replace(placed, last_transition_time="2036-06-09T04:00:00Z")

    obstacle = pod_obstacle(replace(NO_ROOM, status=replace(NO_ROOM.status, conditions=(ahead,))), make.NOW)

    assert obstacle is not None
    assert obstacle.told_from == START


def test_a_pod_without_any_time_waits_from_now() -> None:
    """Nothing crashes on what the API server would never leave out."""
    bare = make.pod(BUILD)
    bare = replace(bare, metadata=replace(bare.metadata, creation_timestamp=None))

    obstacle = pod_obstacle(bare, make.NOW)

    assert obstacle is not None
    assert "pod app-build-1-7b56t-build-pod has not started yet" in obstacle.message


def test_a_pod_that_was_given_up_on_is_deleted() -> None:
    """Else it could still start, and push behind the back of the next Build. One that ended stays for its log."""
    gave_up = make.failed_build()
    condition = replace(gave_up.status.conditions[0], reason="Unschedulable")
    gave_up = replace(gave_up, status=replace(gave_up.status, conditions=(condition,)))
    ended = replace(NO_ROOM, status=replace(NO_ROOM.status, phase="Failed"))
    going = replace(NO_ROOM, metadata=replace(NO_ROOM.metadata, deletion_timestamp=make.CREATED))
    other = replace(NO_ROOM, metadata=replace(NO_ROOM.metadata, owner_references=()))

    def actions(pod: Pod | None) -> tuple[object, ...]:
        return decide_build(dataclasses.replace(make.build_world(gave_up), pod=pod), make.NOW).actions

    (delete,) = actions(NO_ROOM)
    assert isinstance(delete, DeletePod)
    assert (delete.name, delete.uid) == (NO_ROOM.metadata.name, NO_ROOM.metadata.uid)
    assert [actions(pod) for pod in (ended, going, other, None)] == [(), (), (), ()]
    failed = dataclasses.replace(make.build_world(make.failed_build()), pod=NO_ROOM)
    assert decide_build(failed, make.NOW).actions == ()
