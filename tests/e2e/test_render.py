"""Rendering by the real pulumi: the program's objects as files, with no cluster and no kubeconfig."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from dev.toolchain import TEST, ensure
from kpack_api.types import Kind
from tests.e2e.programs import Program

pytestmark = pytest.mark.e2e

PROGRAM = """
import pulumi
import pulumi_kubernetes

from pulumi_kpack import Builder, BuildService, Image

rendered = [pulumi_kubernetes.Provider("rendered", render_yaml_to_directory="rendered")]
service = BuildService("kpack", {"image": "registry.invalid/kpack"}, pulumi.ResourceOptions(providers=rendered))
after = pulumi.ResourceOptions(depends_on=[service], providers=rendered)
builder = Builder("base", {"image": "registry.invalid/builder"}, after)
source = {"git": {"url": "https://git.invalid/app.git", "revision": "main"}}
Image("app", {"tag": "registry.invalid/app", "builder": builder, "source": source}, after)
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give a program whose pulumi finds no kubeconfig."""
    tools = ensure(TEST, report=lambda _progress: None)
    folder, home = tmp_path / "render", tmp_path / "home"
    folder.mkdir()
    (home / "state").mkdir(parents=True)
    project = {"name": "render", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(PROGRAM)
    variables = {
        "HOME": str(home),
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    written = Program(folder=folder, environment=variables)
    written.pulumi("stack", "init")
    return written


def test_the_program_renders_without_a_cluster(program: Program) -> None:
    """Every object is a file, nothing is read or waited for, and a second run changes nothing."""
    program.pulumi("up", "--yes", "--skip-preview")
    program.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")

    files = (program.folder / "rendered").rglob("*.yaml")
    kinds = [yaml.safe_load(file.read_text())["kind"] for file in files]
    assert kinds.count("CustomResourceDefinition") == len(Kind)
    assert kinds.count("Deployment") == 2
    assert kinds.count("Image") == kinds.count("Builder") == 1
