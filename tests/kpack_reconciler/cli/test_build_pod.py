"""A build's pod as a person follows it."""

from kpack_api.core import (
    Container,
    ContainerState,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
)
from kpack_api.wire import ObjectMeta
from kpack_reconciler.cli.build_pod import next_step, obstacle


def pod(*init: str, regular: tuple[str, ...] = ("completion",), status: PodStatus | None = None) -> Pod:
    containers, others = (tuple(Container(name=name, image="any") for name in names) for names in (init, regular))
    spec = PodSpec(init_containers=containers, containers=others)
    return Pod(metadata=ObjectMeta(name="pod"), spec=spec, status=status or PodStatus())


def test_steps_come_in_the_pods_order() -> None:
    """Init containers come first, then the regular one, then nothing."""
    subject = pod("prepare", "analyze")

    assert [next_step(subject, shown) for shown in ((), ("prepare",), ("prepare", "analyze"))] == [
        "prepare",
        "analyze",
        "completion",
    ]
    assert next_step(subject, ("prepare", "analyze", "completion")) is None


def test_foreign_containers_are_passed_over() -> None:
    """A sidecar that somebody injected has no place in a build's log."""
    subject = pod("proxy-init", "prepare", regular=("proxy", "completion"))

    assert next_step(subject, ()) == "prepare"
    assert next_step(subject, ("prepare",)) == "completion"


def test_a_pod_that_no_node_takes_says_why() -> None:
    """The scheduler's words are told."""
    unschedulable = PodCondition(type="PodScheduled", status="False", reason="Unschedulable", message="no memory")

    assert obstacle(pod("prepare", status=PodStatus(conditions=(unschedulable,))), "prepare") == (
        "Unschedulable: no memory"
    )


def test_an_ordinary_wait_is_not_told() -> None:
    """A container that waits for the one before it is no obstacle."""
    waiting = ContainerState(waiting=ContainerStateWaiting(reason="PodInitializing"))
    status = PodStatus(init_container_statuses=(ContainerStatus(name="prepare", state=waiting),))

    assert obstacle(pod("prepare", status=status), "prepare") == ""
