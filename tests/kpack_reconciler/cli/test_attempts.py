"""The attempts of a build as a person follows them."""

from kpack_api.core import Pod
from kpack_api.types import Build, BuildSpec, BuildStatus, LastBuild
from kpack_api.wire import ObjectMeta, OwnerReference
from kpack_reconciler.cli.attempts import Attempt, may_be_rebased, next_attempt, was_rebased

FIRST, SECOND = "app-build-1-x-build-pod", "app-build-1-x-build-pod-2"


def build(pod: str = "", **status: object) -> Build:
    metadata = ObjectMeta(name="app-build-1-x", uid="build-uid")
    return Build(metadata=metadata, status=BuildStatus(pod_name=pod, **status))  # type: ignore[arg-type]


def pod(name: str, uid: str, owner: str = "build-uid") -> Pod:
    reference = OwnerReference(api_version="v1", kind="Build", name="b", uid=owner, controller=True)
    return Pod(metadata=ObjectMeta(name=name, uid=uid, owner_references=(reference,)))


def test_attempts_come_in_their_order() -> None:
    """The second pod follows the first, whatever the order of the list."""
    pods = [pod(SECOND, "2"), pod(FIRST, "1")]

    assert next_attempt(build(SECOND), pods, ()) == Attempt(number=1, pod=FIRST, uid="1")
    assert next_attempt(build(SECOND), pods, {"1", FIRST}) == Attempt(number=2, pod=SECOND, uid="2")
    assert next_attempt(build(SECOND), pods, {"1", FIRST, "2", SECOND}) is None


def test_attempts_that_are_gone_are_named_once() -> None:
    """The Build's pod name tells how many attempts there were."""
    assert next_attempt(build(SECOND), [pod(SECOND, "2")], ()) == Attempt(number=1, pod=FIRST)
    assert next_attempt(build(SECOND), [pod(SECOND, "2")], {FIRST}) == Attempt(number=2, pod=SECOND, uid="2")
    assert next_attempt(build(FIRST), [], ()) == Attempt(number=1, pod=FIRST)
    assert next_attempt(build(FIRST), [], {"1", FIRST}) is None


def test_a_pod_made_anew_under_its_old_name_is_another_one() -> None:
    """UIDs tell pods apart."""
    assert next_attempt(build(FIRST), [pod(FIRST, "new")], {"old", FIRST}) == Attempt(number=1, pod=FIRST, uid="new")


def test_the_pod_of_another_build_is_not_shown() -> None:
    """A Build that was deleted may leave a pod of the same name for a while."""
    assert next_attempt(build(), [pod(FIRST, "1", owner="another")], ()) is None


def test_a_rebase_has_no_pod() -> None:
    """The one step of a rebase is done by the controller."""
    assert was_rebased(build(steps_completed=("rebase",)))
    assert not was_rebased(build())
    assert not was_rebased(build(FIRST, steps_completed=("rebase",)))


def test_only_a_moved_run_image_may_need_no_pod() -> None:
    """With another reason, or nothing to rebase, a real build is made."""

    def with_reason(reason: str, last: LastBuild | None) -> Build:
        metadata = ObjectMeta(annotations={"image.build.pivotal.io/reason": reason})
        return Build(metadata=metadata, spec=BuildSpec(last_build=last))

    assert may_be_rebased(with_reason("STACK", LastBuild(image="reg/app@sha256:1")))
    assert not may_be_rebased(with_reason("COMMIT,STACK", LastBuild(image="reg/app@sha256:1")))
    assert not may_be_rebased(with_reason("STACK", None))
