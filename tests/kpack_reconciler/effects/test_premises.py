"""What is created only if the objects that it was decided from are as they were seen."""

from collections.abc import Callable

import pytest

from kpack_api.core import Pod
from kpack_api.names import IMAGE_LABEL
from kpack_api.types import Kind
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model.actions import Action, CreateBuild, CreatePod, Premise
from kpack_reconciler.model.keys import Key
from tests import make
from tests.fakes.api_objects import Json
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


def of_an_image(name: str, *, image: str = "app", owner: str = make.IMAGE_UID) -> Json:
    """A Build in the cluster; "" for one that nobody owns."""
    controller = {"apiVersion": "v1", "kind": "Image", "name": image, "uid": owner, "controller": True}
    owners = {"ownerReferences": [controller]} if owner else {}
    return {"metadata": {"name": name, "labels": {IMAGE_LABEL: image}, **owners}}


@pytest.mark.parametrize("owner", [make.IMAGE_UID, ""], ids=["of the Image", "of nobody"])
async def test_a_build_that_was_not_seen_is_a_conflict(owner: str) -> None:
    """Somebody deleted the newest Build, and the next one, made already, is not in the cache yet."""
    api = FakeKubernetes()
    api.put(f"{KPACK}/builds", of_an_image("app-build-2", owner=owner))
    next_build = make.running_build(1)
    with pytest.raises(ConflictError, match="app-build-2 has not been seen yet"):
        await run(api, CreateBuild(build=next_build, seen=frozenset({"another"}), reason="COMMIT"))

    assert [build["metadata"]["name"] for build in api.all(f"{KPACK}/builds")] == ["app-build-2"]


async def test_builds_that_were_seen_or_are_others_are_no_conflict() -> None:
    """Those of an Image that had the name before, and of other Images, do not count."""
    api = FakeKubernetes()
    seen = api.put(f"{KPACK}/builds", of_an_image("app-build-1"))["metadata"]["uid"]
    api.put(f"{KPACK}/builds", of_an_image("app-build-9", owner="predecessor"))
    api.put(f"{KPACK}/builds", of_an_image("other-build-1", image="other"))
    await run(api, CreateBuild(build=make.running_build(2), seen=frozenset({seen}), reason="COMMIT"))

    assert len(api.all(f"{KPACK}/builds")) == 4
