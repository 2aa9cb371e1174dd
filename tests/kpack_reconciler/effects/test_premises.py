"""What is created only if the objects that it was decided from are as they were seen."""

from collections.abc import Callable

import pytest

from kpack_api.core import Pod
from kpack_api.types import Kind
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model.actions import Action, CreateBuild, CreatePod, Premise
from kpack_reconciler.model.keys import Key
from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.effects.test_kube_objects import BUILD, CORE, KPACK, meta, run

SEEN = Key(Kind.BUILD, "team", "seen")


def create_build(version: str) -> Action:
    return CreateBuild(build=BUILD, premises=(Premise(key=SEEN, resource_version=version),), reason="COMMIT")


def create_pod(version: str) -> Action:
    premise = Premise(key=SEEN, resource_version=version)
    return CreatePod(pod=Pod(metadata=meta("app-pod")), premises=(premise,), reason="attempt 2")


@pytest.mark.parametrize("create", [create_build, create_pod], ids=["Build", "Pod"])
async def test_a_premise_that_does_not_hold_is_a_conflict(create: Callable[[str], Action]) -> None:
    """The object was changed, or is gone: nothing is created, and the next look sees what is true."""
    api = FakeKubernetes()
    with pytest.raises(ConflictError, match="is gone"):
        await run(api, create("1"))
    version = api.put(f"{KPACK}/builds", {"metadata": {"name": "seen"}})["metadata"]["resourceVersion"]
    with pytest.raises(ConflictError, match="has changed"):
        await run(api, create(f"{version}0"))

    before = len(api.all(f"{KPACK}/builds")) + len(api.all(f"{CORE}/pods"))
    await run(api, create(version))

    assert before == 1
    assert len(api.all(f"{KPACK}/builds")) + len(api.all(f"{CORE}/pods")) == 2
