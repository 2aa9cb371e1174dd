"""Laws that hold for any pods that an API server could hand out, and for those that it never would."""

import dataclasses
import string

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kpack_api.core import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodCondition,
    PodStatus,
)
from kpack_api.names import Step, build_pod_name
from kpack_api.types import BuildStatus
from kpack_api.wire import ConditionStatus
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.model.actions import CreatePod, PatchStatus
from kpack_reconciler.model.failures import Reason
from tests import make

BUILD = make.running_build()
_LONGEST = 1200

times = st.sampled_from(
    [None, "", "soon", "2026-06-09T04:01:00Z", "2026-06-09T04:05:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
)
words = st.sampled_from(
    ["", "Error", "OOMKilled", "Evicted", "OutOfcpu", "ImagePullBackOff", "PodInitializing", "StartError", "NodeLost"]
)
texts = st.text(alphabet=string.printable + "é\x00\x1b", max_size=200) | st.just("401 not found " * 200)
states = st.one_of(
    st.just(ContainerState()),
    st.builds(ContainerState, running=st.builds(ContainerStateRunning, started_at=times)),
    st.builds(ContainerState, waiting=st.builds(ContainerStateWaiting, reason=words, message=texts)),
    st.builds(
        ContainerState,
        terminated=st.builds(
            ContainerStateTerminated,
            exit_code=st.sampled_from([0, 1, 20, 51, 75, 137, -1, 10**9]),
            reason=words,
            message=texts,
            finished_at=times,
        ),
    ),
)
containers = st.lists(
    st.builds(ContainerStatus, name=st.sampled_from([*Step, "istio-proxy", ""]), state=states), max_size=3
).map(tuple)
conditions = st.lists(
    st.builds(
        PodCondition,
        type=st.sampled_from(["PodScheduled", "DisruptionTarget", "Ready"]),
        status=st.sampled_from(["True", "False"]),
        reason=st.sampled_from(["", "Unschedulable", "SchedulingGated", "DeletionByPodGC"]),
        message=texts,
        last_transition_time=times,
    ),
    max_size=2,
).map(tuple)
statuses = st.builds(
    PodStatus,
    phase=st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown", "", "Odd"]),
    reason=words,
    message=texts,
    conditions=conditions,
    init_container_statuses=containers,
    container_statuses=containers,
)


@st.composite
def pods(draw: st.DrawFn) -> tuple[Pod, ...]:
    """The pods of a Build's attempts, any of them missing."""
    numbers = sorted(draw(st.sets(st.sampled_from([1, 2, 3]))))
    return tuple(
        pod(number, draw(statuses), draw(times), draw(st.sampled_from([None, 30, 10**18]))) for number in numbers
    )


def pod(number: int, status: PodStatus, deleted: str | None, grace: int | None) -> Pod:
    made = make.pod(BUILD, status)
    metadata = replace(
        made.metadata,
        name=build_pod_name(BUILD.metadata.name, attempt=number),
        deletion_timestamp=deleted,
        deletion_grace_period_seconds=grace,
    )
    return replace(made, metadata=metadata)


told_reasons = st.sampled_from(["", "Retrying", "PodDeleted", "Evicted", "ErrImagePull"])
told_names = st.sampled_from(["", "other", *(build_pod_name(BUILD.metadata.name, attempt=n) for n in (1, 2, 3))])


@given(pods=pods(), reason=told_reasons, name=told_names)
def test_whatever_the_pods_say_the_build_is_decided(pods: tuple[Pod, ...], reason: str, name: str) -> None:
    """No crash; at most one pod, and only when every other has failed; bounded words; an end always says why."""
    condition = make.condition("Succeeded", "Unknown", reason, "told before")
    build = replace(BUILD, status=replace(BUILD.status, pod_name=name, conditions=(condition,)))
    world = dataclasses.replace(make.build_world(build), pod=pods[-1] if pods else None, earlier=pods[:-1])

    decision = decide_build(world, make.NOW)

    made = [action for action in decision.actions if isinstance(action, CreatePod)]
    assert len(made) <= 1
    assert not made or not pods or pods[-1].status.phase == "Failed" or pods[-1].metadata.name < name
    for action in decision.actions:
        if isinstance(action, PatchStatus):
            assert isinstance(action.status, BuildStatus)
            (told,) = action.status.conditions
            assert len(told.message) <= _LONGEST
            if told.status == ConditionStatus.FALSE:
                assert told.reason in set(Reason)
                assert told.message


@given(status=statuses, deleted=times)
def test_what_waits_is_looked_at_again(status: PodStatus, deleted: str | None) -> None:
    """Unless a container runs, somebody holds the pod back, or all has ended, time alone brings an end."""
    subject = pod(1, status, deleted, 30)
    decision = decide_build(dataclasses.replace(make.build_world(BUILD), pod=subject), make.NOW)

    containers = (*status.init_container_statuses, *status.container_statuses)
    steps = [container.state for container in containers if container.name in set(Step)]
    goes_on = any(step.running for step in steps) or (steps and all(step.terminated for step in steps))
    gated = any(found.reason == "SchedulingGated" for found in status.conditions)
    final = [
        action.status.conditions[0].status != ConditionStatus.UNKNOWN
        for action in decision.actions
        if isinstance(action, PatchStatus)
    ]
    created = any(isinstance(action, CreatePod) for action in decision.actions)
    assert goes_on or gated or created or any(final) or decision.look_again is not None
