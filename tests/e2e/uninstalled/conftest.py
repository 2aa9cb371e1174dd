"""Tests that bring their own installation: the session's service goes before them, and does not come back.

They are the last of the session, by the name of their folder.
"""

import pytest

from dev.build_service import STACK, pulumi
from dev.environment import Environment


@pytest.fixture(scope="session")
def alone(service: Environment) -> Environment:
    """Give the cluster without a build service; definitions, registry and git server are there."""
    pulumi(service, ["destroy", "--yes", "--skip-preview", "--stack", STACK])
    return service
