"""The programs of `examples/`, by the real pulumi: previews need no cluster, no Docker and no network."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from dev.build_service import APPLICATION, STACK, outputs
from dev.environment import Environment
from dev.state import CHECKOUT
from dev.toolchain import TEST, ensure

pytestmark = pytest.mark.e2e

EXAMPLES = CHECKOUT / "examples"
REGISTRY = {"registry": "registry.example.com", "builder": "registry.example.com/builder:base"}
CONFIGURATIONS: Mapping[str, Mapping[str, str]] = {
    "minimal": {**REGISTRY, "repository": "https://git.example.com/app.git"},
    "private": {
        **REGISTRY,
        "user": "bot",
        "password": "hunter2",
        "deployKey": "-PRIVATE-KEY-",
        "knownHosts": "git.example.com ssh-ed25519 AAAA",
    },
    "many-images": REGISTRY,
}
SECRETS = frozenset({"password", "deployKey"})
WITHOUT_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give an environment with the toolchain and nothing else: its kubeconfig leads nowhere."""
    home = tmp_path_factory.mktemp("pulumi")
    (home / "state").mkdir()
    tools = ensure(TEST, report=lambda _progress: None)
    return {
        "HOME": str(home),
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "KUBECONFIG": str(home / "none"),
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def copied(source: Path, target: Path) -> Path:
    """Copy a program, to be run by this Python."""
    shutil.copytree(source, target)
    project = yaml.safe_load((target / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (target / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    return target


def preview(program: Path, variables: Mapping[str, str], *, prefix: tuple[str, ...] = ()) -> dict[str, object]:
    """Preview a new stack of a program; gives what Pulumi tells as JSON."""
    pulumi = ["pulumi", "--non-interactive", "--cwd", str(program)]
    name = program.name
    values = [
        f"--{'secret' if key in SECRETS else 'plaintext'}={key}={value}"
        for key, value in CONFIGURATIONS.get(name, {}).items()
    ]
    for command in (["stack", "select", "--create", "test"], ["config", "set-all", "--stack=test", *values]):
        subprocess.run([*pulumi, *command], env=dict(variables), check=True, capture_output=True, timeout=60)
    result = subprocess.run(
        [*prefix, *pulumi, "preview", "--json", "--stack=test"],
        env=dict(variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    told: dict[str, object] = json.loads(result.stdout)
    return told


@pytest.mark.skipif(os.geteuid() != 0, reason="taking the network away needs root")
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_preview_needs_nothing_but_the_program(name: str, variables: dict[str, str], tmp_path: Path) -> None:
    """With no cluster, no Docker and no network a preview shows what would be created, and builds nothing."""
    told = preview(copied(EXAMPLES / name, tmp_path / name), variables, prefix=WITHOUT_NETWORK)

    assert told["changeSummary"].keys() <= {"create", "read"}  # type: ignore[attr-defined]


def test_secrets_of_a_preview_are_hidden(variables: dict[str, str], tmp_path: Path) -> None:
    """Neither password nor key of the configuration is in what a preview tells."""
    told = json.dumps(preview(copied(EXAMPLES / "private", tmp_path / "private"), variables))

    assert [secret for secret in ("hunter2", "-PRIVATE-KEY-") if secret in told] == []
    assert "registry.example.com/team/app:main" in told


def test_another_stack_runs_the_built_image(service: Environment, tmp_path: Path) -> None:
    """The digest of the build stack's output is the image of the other stack's Deployment."""
    program = copied(EXAMPLES / "other-stack", tmp_path / "other-stack")
    (program / "Pulumi.test.yaml").write_text(
        yaml.safe_dump({"config": {"other-stack:buildStack": f"organization/pulumi-kpack/{STACK}"}})
    )

    told = json.dumps(preview(program, {**os.environ, **service.variables()}))

    assert f'"image": "{outputs(service)["image"]}"' in told


def test_an_image_of_yaml_is_read_by_a_program(service: Environment, tmp_path: Path) -> None:
    """`Image.get` shows digest, commit and buildpacks of an Image that the program did not declare."""
    program = copied(EXAMPLES / "beside-yaml", tmp_path / "beside-yaml")
    declared = yaml.safe_load((program / "image.yaml").read_text())["metadata"]
    assert (declared["namespace"], declared["name"]) == ("default", APPLICATION)

    environment = {**os.environ, **service.variables()}
    preview(program, environment)
    up = ["pulumi", "--non-interactive", "--cwd", str(program), "up", "--yes", "--skip-preview", "--stack=test"]
    subprocess.run(up, env=environment, check=True, capture_output=True, timeout=300)
    shown = ["pulumi", "--cwd", str(program), "stack", "output", "--json", "--stack=test"]
    found = json.loads(subprocess.run(shown, env=environment, check=True, capture_output=True, timeout=60).stdout)

    assert found["image"] == outputs(service)["image"]
    assert len(found["commit"]) == 40
    assert [buildpack["id"] for buildpack in found["buildpacks"]] == ["kpack-samples/go", "kpack-samples/labels"]


def test_every_example_is_tested() -> None:
    """An example that no test previews would rot."""
    found = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()}

    assert found == {*CONFIGURATIONS, "other-stack", "beside-yaml", "promotion", "typescript", "yaml", "yaml-private"}
