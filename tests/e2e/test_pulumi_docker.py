"""The real package pulumi-docker under Pulumi's mocks: `ReconcilerImage` declares with it what the stand-in declares.

Its plugin cannot be had everywhere, so nothing is built; the package lies in a folder of its own, for Pulumi would ask
for the plugin of whatever is installed beside the program.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.state import CHECKOUT

pytestmark = pytest.mark.e2e

PACKAGE = "pulumi-docker==5.2.0"
TEST = "tests/pulumi_kpack/test_reconciler_image.py::test_pulumi_docker_builds_the_same_recipe"
PROGRAM = """
import sys
import pulumi_docker
import tests.fakes
tests.fakes.pulumi_docker = sys.modules["tests.fakes.pulumi_docker"] = pulumi_docker
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[1]]))
"""


def test_the_stand_in_is_like_the_package(tmp_path: Path) -> None:
    """The unit test with the stand-in passes with the real classes in its place."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={tmp_path}", PACKAGE]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    environment = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{tmp_path}"}

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, TEST],
        cwd=CHECKOUT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
