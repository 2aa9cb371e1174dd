"""The life of an installation under Pulumi's mocks: one per cluster, and nothing is built while it does not run."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from pulumi_kpack import BuildService, Image
from pulumi_kpack.manifests.claim import claim
from pulumi_kpack.rollout import check_running, not_running

DIGEST = "r.example/kpack@sha256:1"
RUNS: Mapping[str, Any] = {
    "observedGeneration": 1,
    "availableReplicas": 2,
    "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
}
STOPPED = {"observedGeneration": 2}


class Recorder(Mocks):
    """Keeps what is registered, in order; the controller's Deployment has the given status."""

    def __init__(self, controller: Mapping[str, Any], *, uid: str | None = "1") -> None:
        self.seen: dict[str, MockResourceArgs] = {}
        self.controller = controller
        self.uid = uid

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared, or the status of what was read."""
        self.seen[args.name] = args
        status = {"status": self.controller if args.name.endswith("controller-seen") else RUNS}
        place = f"kpack/{args.name.removeprefix('kpack-deployment-')}"
        live = {**args.inputs, "metadata": {**(args.inputs.get("metadata") or {}), "uid": self.uid}}
        return args.resource_id or place, status if args.resource_id else live

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")


def install(recorder: Recorder, *, preview: bool = False) -> dict[str, MockResourceArgs]:
    set_mocks(recorder, project="platform", stack="prod", preview=preview)

    @pulumi.runtime.test
    def program() -> None:
        service = BuildService("kpack", {"image": DIGEST})
        Image(
            "app",
            {
                "tag": "r.example/app",
                "builder": {"name": "base"},
                "source": {"git": {"url": "https://git.example.com/app.git", "revision": "main"}},
            },
            pulumi.ResourceOptions(depends_on=[service]),
        )

    program()
    return recorder.seen


def test_the_claim_comes_first() -> None:
    """Who is refused has touched nothing: the claim is registered before every other object."""
    seen = [name for name in install(Recorder(RUNS)) if name not in ("kpack", "app")]

    assert seen[0] == "kpack-claim"


def test_the_claim_tells_a_person_who_holds_the_cluster() -> None:
    """Component, project, stack and namespace are the manager's name, which the API server shows to the second one."""
    annotations = install(Recorder(RUNS))["kpack-claim"].inputs["metadata"]["annotations"]

    who = "BuildService kpack of stack platform/prod in namespace kpack"
    assert set(annotations.values()) == {who}
    assert annotations["pulumi.com/patchFieldManager"] == who


def test_a_long_owner_fits_a_field_manager() -> None:
    """The API server takes 128 characters as a manager's name."""
    annotations: Any = claim("o" * 200)["metadata"]

    assert annotations["annotations"]["pulumi.com/patchFieldManager"] == "o" * 128


def test_both_deployments_are_read_where_they_are() -> None:
    """Each `up` reads the two Deployments by their place in the cluster."""
    seen = install(Recorder(RUNS))

    assert seen["kpack-deployment-kpack-controller-seen"].resource_id == "kpack/kpack-controller"
    assert seen["kpack-deployment-kpack-webhook-seen"].resource_id == "kpack/kpack-webhook"


def test_what_is_only_rendered_is_not_read() -> None:
    """An object without a UID is not in a cluster: its ID is unknown, and Pulumi leaves the reading out."""
    seen = install(Recorder(STOPPED, uid=None), preview=True)

    assert seen["kpack-deployment-kpack-controller-seen"].resource_id == pulumi.runtime.rpc.UNKNOWN


def test_nothing_depends_on_a_controller_that_is_down() -> None:
    """`up` fails with the next step, and neither the webhook is read nor the Image declared."""
    recorder = Recorder(STOPPED)

    with pytest.raises(pulumi.RunError, match="kpack-controller does not run: none of its pods is ready; see `kubectl"):
        install(recorder)

    assert not {"kpack-deployment-kpack-webhook-seen", "app-image"} & recorder.seen.keys()


def test_a_preview_of_a_controller_that_is_down_does_not_judge() -> None:
    """The `up` that mends it must be previewable."""
    assert "kpack-deployment-kpack-webhook-seen" in install(Recorder(STOPPED), preview=True)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        pytest.param(RUNS, None, id="a rollout that ended well"),
        pytest.param({}, None, id="nothing is known yet"),
        pytest.param(STOPPED, "none of its pods is ready", id="scaled to zero"),
        pytest.param(
            {**RUNS, "conditions": [{"type": "Progressing", "status": "False", "message": "timed out progressing."}]},
            "timed out progressing.",
            id="a failed rollout beside the pods of the one before",
        ),
        pytest.param(
            {**RUNS, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]},
            "FailedCreate",
            id="pods that may not be made, without a message",
        ),
        pytest.param(
            {**RUNS, "conditions": [{"type": "Progressing", "status": "False"}]},
            "its condition Progressing is False",
            id="a condition without words",
        ),
    ],
)
def test_what_runs_is_told_by_the_status(status: Mapping[str, Any], why: str | None) -> None:
    """A Deployment runs when its newest rollout did not fail and a pod of it is ready."""
    assert not_running(status) == why


def test_the_message_names_the_command_that_shows_more() -> None:
    """The next step is a command that can be copied."""
    set_mocks(Recorder(RUNS), preview=False)

    with pytest.raises(pulumi.RunError, match="kubectl -n builds describe pods -l app=kpack-webhook`, then run"):
        check_running("kpack", "builds/kpack-webhook", STOPPED)
