"""The build service on a real cluster, brought up once for all tests that use it and taken down at the end."""

import os
from collections.abc import Iterator

import pytest

from dev.down import down
from dev.environment import Environment, load_environment
from dev.errors import DevError, explain
from dev.report import PlainReporter
from dev.state import MACHINE_DIRECTORY, State
from dev.up import up

STATE = State(root=MACHINE_DIRECTORY / "test-service")


@pytest.fixture(scope="session")
def service() -> Iterator[Environment]:
    """Give the environment in which `up` has run to its end: the service is installed and an application was built."""
    if os.geteuid() != 0:
        pytest.skip("a cluster of our own needs root")
    reporter = PlainReporter()
    down(STATE, reporter)
    try:
        try:
            up(STATE, reporter, named=None)
        except DevError as error:
            pytest.fail(explain(error), pytrace=False)
        yield load_environment(STATE)
    finally:
        down(STATE, reporter)
