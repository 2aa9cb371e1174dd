"""The stack that `up` made: outputs, an application that answers, unchanged when nothing changed."""

import json

import pytest

from dev.build_service import APPLICATION, STACK, kubectl, outputs, pulumi
from dev.environment import Environment

pytestmark = pytest.mark.e2e


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
