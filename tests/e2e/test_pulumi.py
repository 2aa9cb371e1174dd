"""The stack that `up` made: outputs, an application that answers, unchanged when nothing changed."""

import json
from datetime import UTC, datetime

import pytest

from dev.build_service import (
    APPLICATION,
    BRANCH,
    SAMPLE,
    STACK,
    configure,
    kubectl,
    outputs,
    pulumi,
)
from dev.environment import Environment
from dev.errors import DevError
from dev.services.working_copy import copy_of

pytestmark = pytest.mark.e2e

SECONDS_TO_FAIL = 20.0
"""From the end of the failed phase to the end of `pulumi up`, Pulumi's own closing included; 2 to 9 were seen."""


def test_the_stack_tells_the_digest_of_the_image(service: Environment) -> None:
    """The output is the digest reference that the Image shows."""
    shown = kubectl(service, "get", "image", APPLICATION, "-o", "jsonpath={.status.latestImage}")

    assert outputs(service)["image"] == shown
    assert "@sha256:" in shown


def test_the_built_image_answers(service: Environment) -> None:
    """`up` has started the built image, and it serves its page."""
    pods = json.loads(kubectl(service, "get", "pods", "-l", f"app={APPLICATION}", "-o", "json"))["items"]

    (name,) = (pod["metadata"]["name"] for pod in pods)

    assert "Hello" in kubectl(service, "get", "--raw", f"/api/v1/namespaces/default/pods/{name}:8080/proxy/")


def test_a_second_up_changes_nothing(service: Environment) -> None:
    """`pulumi up` on an unchanged program and world expects no change."""
    told = pulumi(service, ["up", "--yes", "--expect-no-changes", "--stack", STACK])

    assert "unchanged" in told


def test_a_preview_expects_no_change(service: Environment) -> None:
    """`pulumi preview` neither builds nor plans anything."""
    pulumi(service, ["preview", "--expect-no-changes", "--stack", STACK])


def test_a_broken_application_fails_the_update_with_its_own_words(service: Environment) -> None:
    """`pulumi up` ends with the phase, the exit code and the compiler's words; the next good revision is green."""
    push_branch(service, "broken", old="func main", new="func man")

    configure(service.state, {"gitRevision": "broken"})
    with pytest.raises(DevError, match="`pulumi up` ended with"):
        pulumi(service, ["up", "--yes", "--stack", STACK])

    waited = datetime.now(UTC) - ended_badly(service)
    log = (service.state.logs / "pulumi.log").read_text()
    assert waited.total_seconds() < SECONDS_TO_FAIL
    assert "Image go-sample-app: build failed: step build exit" in log
    assert "function main is undeclared" in log
    configure(service.state, {"gitRevision": BRANCH})
    pulumi(service, ["up", "--yes", "--stack", STACK])


def ended_badly(service: Environment) -> datetime:
    """Read when the failed phase of the newest pod of a build ended; Kubernetes tells it by the second."""
    selector = "--selector=build.pivotal.io/build"
    listed = kubectl(service, "get", "pods", selector, "--sort-by=.metadata.creationTimestamp", "-o", "json")
    phases = json.loads(listed)["items"][-1]["status"]["initContainerStatuses"]
    (ended,) = (
        phase["state"]["terminated"] for phase in phases if phase["state"].get("terminated", {}).get("exitCode")
    )
    return datetime.fromisoformat(ended["finishedAt"])


def push_branch(service: Environment, branch: str, *, old: str, new: str) -> None:
    """Push the sample application with a change, as another branch."""
    url, folder = f"{service.git_url}/{APPLICATION}.git", service.state.root / "work" / branch
    work = copy_of(SAMPLE, folder, url=url, branch=branch, environment=service.variables())
    work.replace("main.go", old=old, new=new)
    work.push("Change")
