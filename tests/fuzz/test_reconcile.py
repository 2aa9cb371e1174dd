"""Thousands of odd objects through decoding, cache and decisions: none crashes them, none stays without a word."""

import json

import msgspec
import pytest
from hypothesis import given

from kpack_api.core import PodStatus
from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.names import ConditionType, Step
from kpack_api.neutral import Neutral, kind_of
from kpack_api.types import Build, BuiltImage, GitType, Kind
from kpack_api.wire import ConditionStatus, find_condition
from kpack_reconciler.decide.builds import is_running
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import Fault, NotRebasable, Revision
from tests import make
from tests.fuzz.cluster import Cluster, Surroundings
from tests.fuzz.objects import Json, Lots, lots, stored
from tests.fuzz.profile import fuzz

_LONG = "word " * 20_000
_LOG = _LONG[:4096]
"""As much as the kubelet takes of a termination message."""
_FAULTS = (
    Fault(reason="Refused", message=_LONG, permanent=True),
    Fault(reason="Unreachable", message=_LONG, permanent=False),
)
_BUILDERS = (make.ready_builder(), make.ready_builder(), make.unready_builder(_LONG), None)
_RESOLVERS = (make.resolver(), make.resolver(), None)
_BUILDS = ((), (make.succeeded_build(),), (make.failed_build(),), (make.running_build(),))
_ACCOUNTS = (make.credentials(), make.credentials(), None)
_IMAGES = (make.builder_image(), make.builder_image(), make.old_builder_image(), *_FAULTS)
_REVISIONS = (Revision(revision=make.REVISION, type=GitType.BRANCH), *_FAULTS)
_REBASES = (BuiltImage(latest_image=make.APP_IMAGE), NotRebasable(reason="Odd", message=_LONG), *_FAULTS)
_RESULT = msgspec.json.encode(BuiltImage(latest_image=make.APP_IMAGE)).decode()
_PODS = (
    PodStatus(),
    PodStatus(phase="Running", init_container_statuses=(make.running(Step.PREPARE),)),
    PodStatus(init_container_statuses=(make.waiting(Step.PREPARE, "ImagePullBackOff", _LOG),)),
    PodStatus(phase="Failed", init_container_statuses=(make.terminated(Step.BUILD, 51, _LOG),)),
    PodStatus(phase="Failed", reason="Evicted", message=_LOG),
    PodStatus(phase="Succeeded", container_statuses=(make.terminated(Step.COMPLETION, message=_RESULT),)),
    PodStatus(phase="Succeeded", container_statuses=(make.terminated(Step.COMPLETION, message="nonsense"),)),
    PodStatus(phase="Succeeded"),
)
_STATUS_SLACK = 64_000
_TOLD = {
    Kind.IMAGE: (ConditionType.READY, ConditionType.SETTLED),
    Kind.BUILD: (ConditionType.SUCCEEDED,),
    Kind.BUILDER: (ConditionType.READY,),
    Kind.CLUSTER_BUILDER: (ConditionType.READY,),
    Kind.SOURCE_RESOLVER: (ConditionType.READY,),
}
_UNREADABLE = {ConditionType.READY: ConditionStatus.FALSE, ConditionType.SETTLED: ConditionStatus.TRUE}
"""The conditions of an object whose spec cannot be understood."""


def surroundings(chosen: Lots) -> Surroundings:
    """One of some thousand clusters that an object can find itself in."""
    return Surroundings(
        builder=chosen.choose(_BUILDERS),
        resolver=chosen.choose(_RESOLVERS),
        builds=chosen.choose(_BUILDS),
        account=chosen.choose(_ACCOUNTS),
        image=chosen.choose(_IMAGES),
        revision=chosen.choose(_REVISIONS),
        pod=chosen.choose(_PODS),
        rebase=chosen.choose(_REBASES),
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_every_object_says_how_it_stands(kind: Kind) -> None:
    """It comes to rest, with a status of bounded size and a condition that says why where it is not ready."""

    @fuzz
    @given(body=stored(kind), chosen=lots)
    def holds(body: Json, chosen: Lots) -> None:
        cluster = Cluster(surroundings(chosen))
        before = len(json.dumps(body.get("status")))
        key = cluster.put(kind, body)

        decision = cluster.settle(key)

        assert decision is not None
        after = cluster.bodies[key]
        assert len(json.dumps(after.get("status"))) <= before + len(json.dumps(body.get("spec"))) + _STATUS_SLACK
        assert silence(decode(kind, json.dumps(after).encode()), decision) == ""

    holds()


def silence(value: Neutral, decision: Decision) -> str:
    """What an object that is at rest fails to say; "" where it says all."""
    if value.status.observed_generation != value.metadata.generation and not isinstance(value, Build):
        return "the status does not speak of this generation"
    for kind in _TOLD[kind_of(value)]:
        condition = find_condition(value.status.conditions, kind)
        if condition is None:
            return f"no condition {kind}"
        if value.unreadable and condition.status != _UNREADABLE.get(kind, condition.status):
            return f"{kind} is {condition.status} although the spec is unreadable"
        if condition.status == ConditionStatus.TRUE or condition.reason or condition.message:
            continue
        if not (isinstance(value, Build) and _goes_on(value, decision)):
            return f"{kind} is {condition.status} and says nothing"
    return ""


def _goes_on(build: Build, decision: Decision) -> bool:
    """Whether a running Build needs no words: its pod runs undisturbed, or it is looked at again by itself."""
    return is_running(build) and (bool(build.status.pod_name) or decision.look_again is not None)
