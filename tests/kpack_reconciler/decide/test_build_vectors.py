"""What a pod means for its Build, as in kpack v0.0.9; the numbers are those of `docs/parity.md`."""

import dataclasses

from msgspec.structs import replace

from kpack_api.core import PodStatus
from kpack_api.types import BuildStatus
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.model.actions import CreatePod, PatchStatus
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.worlds import BuildWorld
from tests import make


def patched(decision: Decision) -> BuildStatus:
    (status,) = (action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, BuildStatus)
    return status


def with_pod(status: PodStatus) -> BuildWorld:
    return dataclasses.replace(make.build_world(), pod=make.pod(make.running_build(), status))


def test_a_silent_pod_leaves_the_build_unknown() -> None:
    """R116: a pod that has no statuses yet is neither made again nor judged."""
    decision = decide_build(with_pod(PodStatus()), make.NOW)

    assert [action for action in decision.actions if isinstance(action, CreatePod)] == []
    assert [condition.status for condition in patched(decision).conditions] == ["Unknown"]
    assert (patched(decision).step_states, patched(decision).steps_completed) == ((), ())


def test_the_generation_is_observed() -> None:
    """R117: whatever the pod says."""
    build = make.running_build()
    build = replace(build, metadata=replace(build.metadata, generation=3))

    decision = decide_build(dataclasses.replace(make.build_world(build), pod=make.pod(build)), make.NOW)

    assert patched(decision).observed_generation == 3


def test_containers_of_others_are_no_steps() -> None:
    """R135: a proxy that somebody injected beside `completion` is not among the states."""
    status = PodStatus(
        phase="Running",
        init_container_statuses=(make.terminated("prepare"),),
        container_statuses=(make.running("istio-proxy"), make.waiting("completion")),
    )

    shown = patched(decide_build(with_pod(status), make.NOW))

    assert shown.step_states == ({"terminated": {"exitCode": 0}},)
    assert shown.steps_completed == ("prepare",)


def test_a_step_that_failed_has_ended() -> None:
    """R139: `stepsCompleted` names init containers that ended, whatever their exit code."""
    status = PodStatus(
        phase="Failed", init_container_statuses=(make.terminated("prepare"), make.terminated("detect", 20))
    )

    assert patched(decide_build(with_pod(status), make.NOW)).steps_completed == ("prepare", "detect")


def test_a_step_that_waits_for_its_turn_is_told_by_its_state_alone() -> None:
    """R124: `PodInitializing` is no obstacle, so the condition says nothing (v0.0.9 says nothing of any wait)."""
    status = PodStatus(phase="Pending", init_container_statuses=(make.running("prepare"), make.waiting("detect")))

    shown = patched(decide_build(with_pod(status), make.NOW))

    assert [(condition.reason, condition.message) for condition in shown.conditions] == [("", "")]
    assert shown.step_states[1] == {"waiting": {"reason": "PodInitializing"}}
