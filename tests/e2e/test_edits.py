"""An Image that somebody edits by hand while a program declares it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dev.build_service import APPLICATION, kubectl
from dev.environment import Environment
from tests.e2e.programs import Program, write_program

pytestmark = pytest.mark.e2e

PROGRAM = """
import json
from pathlib import Path

from pulumi_kpack import Image

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
builder = {"kind": "Builder", "name": "nobody"}
Image("edited", {**settings, "builder": builder, "service_account": "default", "wait": "none"})
"""


def settings(service: Environment, limit: int) -> dict[str, object]:
    source = {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}}
    return {"tag": f"{service.registry}/edits/edited", "source": source, "failed_build_history_limit": limit}


@pytest.fixture
def program(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    written = write_program(tmp_path_factory.mktemp("programs") / "edits", service, source=PROGRAM)
    yield written
    written.pulumi("destroy", "--yes", "--skip-preview", "--remove")


def limit(service: Environment) -> int:
    return int(kubectl(service, "get", "image", "edited", "-o", "jsonpath={.spec.failedBuildHistoryLimit}"))


def edit(service: Environment, manager: str) -> None:
    value = json.dumps({"spec": {"failedBuildHistoryLimit": 5}})
    kubectl(service, "patch", "image", "edited", "--type=merge", f"--field-manager={manager}", "-p", value)


def test_an_edit_by_hand_gives_way_to_the_program(service: Environment, program: Program) -> None:
    """Pulumi's provider takes what `kubectl edit` set for its own, and writes the program's next value."""
    program.settle(settings(service, 3))
    program.pulumi("up", "--yes", "--skip-preview")
    edit(service, "kubectl-edit")

    program.settle(settings(service, 4))
    program.pulumi("up", "--yes", "--skip-preview")

    assert limit(service) == 4


def test_a_field_of_another_tool_is_named_with_its_manager(service: Environment, program: Program) -> None:
    """Another value of the program meets it: field and manager are told, nothing is lost, and it can be taken over."""
    program.settle(settings(service, 3))
    program.pulumi("up", "--yes", "--skip-preview")
    edit(service, "another-tool")

    program.settle(settings(service, 4))
    refused = program.attempt("up", "--yes", "--skip-preview")
    told = refused.stdout + refused.stderr
    kept = limit(service)
    forcing = replace(program, environment={**program.environment, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"})
    forcing.pulumi("up", "--yes", "--skip-preview")

    assert refused.returncode != 0
    assert 'conflict with "another-tool"' in told
    assert ".spec.failedBuildHistoryLimit" in told
    assert (kept, limit(service)) == (5, 4)
    program.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
