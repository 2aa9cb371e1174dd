"""`pulumi destroy` on the running stack; the last tests of the session that use the service."""

import pytest

from dev.build_service import STACK, kubectl, pulumi
from dev.environment import Environment

pytestmark = pytest.mark.e2e


def test_destroy_leaves_only_the_retained_definitions(service: Environment) -> None:
    """`pulumi destroy` ends by itself, and nothing but the CRDs is left of the installation."""
    pulumi(service, ["destroy", "--yes", "--stack", STACK])

    left = kubectl(service, "get", "namespace,images,builds,builders,clusterrole", "-A", "-o", "name").split()

    assert [name for name in left if "kpack" in name] == []
    assert "images.build.pivotal.io" in kubectl(service, "get", "crd", "-o", "name")
