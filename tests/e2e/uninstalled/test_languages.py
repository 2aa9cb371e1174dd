"""Programs in YAML and TypeScript, by the real pulumi and the plugin: they declare what the same in Python declares.

Previews need no cluster and no Docker, and no network but for npm's packages; two programs install the service
on the real cluster and build an image, while the session's own service is away.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.build_service import APPLICATION, kubectl, read_configuration
from dev.environment import Environment
from dev.state import CHECKOUT
from dev.toolchain import TEST, ensure
from tests.e2e.test_examples import EXAMPLES, WITHOUT_NETWORK, copied, preview
from tests.e2e.test_examples import variables as variables  # noqa: PLC0414 - a fixture

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="taking the network away needs root"),
]

NAMESPACE = "languages"
BUILDING = "building"
Install = Callable[[Path, Environment, Mapping[str, str]], None]

needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="a program in TypeScript needs node and npm")


def with_plugin(program: Path, target: Path, *, name: str) -> Path:
    """Copy a program, as the project `name`, with the plugin that it names, to be run by this Python."""
    shutil.copytree(CHECKOUT / "plugin", target / "plugin", ignore=shutil.ignore_patterns("venv"))
    description = yaml.safe_load((target / "plugin" / "PulumiPlugin.yaml").read_text())
    description["runtime"]["options"]["virtualenv"] = sys.prefix
    (target / "plugin" / "PulumiPlugin.yaml").write_text(yaml.safe_dump(description))
    copy = shutil.copytree(program, target / "examples" / name)
    project = yaml.safe_load((copy / "Pulumi.yaml").read_text())
    (copy / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "name": name}))
    return copy


def objects(told: Any) -> dict[tuple[str, str], Any]:
    """What a preview would declare in the cluster and build: type and name with its inputs."""
    steps = [(step["newState"], step["urn"].split("::")[-2:]) for step in told["steps"]]
    return {(kinds.split("$")[-1], name): state.get("inputs") for state, (kinds, name) in steps if state["custom"]}


@pytest.mark.parametrize(("name", "python"), [("yaml", "minimal"), ("yaml-private", "private")])
def test_a_program_in_yaml_declares_what_python_declares(
    name: str, python: str, variables: dict[str, str], tmp_path: Path
) -> None:
    """The same objects with the same inputs, and no secret in clear."""
    told = preview(with_plugin(EXAMPLES / name, tmp_path / "yaml", name=python), variables, prefix=WITHOUT_NETWORK)
    expected = preview(copied(EXAMPLES / python, tmp_path / python), variables, prefix=WITHOUT_NETWORK)

    assert objects(told) == objects(expected)
    assert [secret for secret in ("hunter2", "-PRIVATE-KEY-") if secret in json.dumps(told)] == []


@needs_node
def test_a_program_in_typescript_declares_what_python_declares(variables: dict[str, str], tmp_path: Path) -> None:
    """The generated classes pass the compiler, and the program declares the same objects with the same inputs."""
    program = with_plugin(EXAMPLES / "typescript", tmp_path / "typescript", name="minimal")
    compile_program(program, variables)

    told = preview(program, variables, prefix=WITHOUT_NETWORK)
    expected = preview(copied(EXAMPLES / "minimal", tmp_path / "minimal"), variables, prefix=WITHOUT_NETWORK)

    assert objects(told) == objects(expected)


def compile_program(program: Path, variables: Mapping[str, str]) -> None:
    """Have the classes and npm's packages in the program's folder, and let the compiler judge the program's types."""
    generate_classes(program, variables)
    for command in (["npm", "install", "--no-audit", "--no-fund"], ["npx", "tsc", "--noEmit", "-p", "."]):
        subprocess.run(command, cwd=program, env=dict(variables), check=True, capture_output=True, timeout=600)


def generate_classes(program: Path, variables: Mapping[str, str]) -> None:
    """Write the classes that `pulumi package add` would write; that also links them, which differing versions cannot.

    A host that Go 1.26 compiled names files of the folder above as if they were beside: its filepath.Rel says less.
    """
    made = program / "sdks" / "made"
    command = ["pulumi", "package", "gen-sdk", "../../plugin", "--language=nodejs", f"--out={made}"]
    subprocess.run(command, cwd=program, env=dict(variables), check=True, capture_output=True, timeout=120)
    classes = (made / "nodejs").rename(program / "sdks" / "pulumi-kpack")
    for module in (classes / "types").glob("*.ts"):
        text = module.read_text()
        module.write_text(text.replace('"./types/', '"../types/').replace('"./utilities"', '"../utilities"'))


def test_wrong_arguments_are_told_by_property(variables: dict[str, str], tmp_path: Path) -> None:
    """All problems in one message, each with the property's name as YAML has it; no stack trace."""
    program = with_plugin(EXAMPLES / "yaml", tmp_path, name="minimal")
    description = yaml.safe_load((program / "Pulumi.yaml").read_text())
    description["resources"]["app"]["properties"] |= {"cacheSize": "big", "imageTaggingStrategy": "Never"}
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(description))

    said = refused(program, variables)

    assert "property cacheSize with value '{big}' has a problem: 'big' is no quantity" in said
    assert "property imageTaggingStrategy with value '{Never}' has a problem: 'Never' is unknown" in said
    assert "  File" not in said


def refused(program: Path, variables: Mapping[str, str]) -> str:
    """Preview a program that is wrong; gives what Pulumi says."""
    with pytest.raises(AssertionError) as raised:
        preview(program, variables)
    return str(raised.value)


@pytest.fixture
def namespace(alone: Environment) -> Iterator[str]:
    kubectl(alone, "create", "namespace", NAMESPACE)
    yield NAMESPACE
    kubectl(alone, "delete", "namespace", NAMESPACE)


def install_yaml(program: Path, service: Environment, _variables: Mapping[str, str]) -> None:
    """Make it a program in YAML that installs the service and builds the sample application."""
    token, place, after = "pulumi-kpack", {"namespace": NAMESPACE}, {"dependsOn": ["${kpack}"]}
    configured = read_configuration(service.state)
    image = {
        "tag": f"{service.registry}/{NAMESPACE}/app",
        "builder": {"name": "${base.builderName}"},
        "serviceAccount": "${bot.accountName}",
        "source": {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}},
        "successBuildHistoryLimit": 3,
        **place,
    }
    builder = {"image": configured["builderImage"], **place}
    description = {
        "name": BUILDING,
        "runtime": "yaml",
        "packages": {token: "../../plugin"},
        "resources": {
            "kpack": {"type": f"{token}:BuildService", "properties": {"image": configured["reconcilerImage"]}},
            "base": {"type": f"{token}:Builder", "properties": builder, "options": after},
            "bot": {"type": f"{token}:BuildServiceAccount", "properties": place},
            "app": {"type": f"{token}:Image", "properties": image, "options": after},
        },
        "outputs": {"image": "${app.latestImage}", "commit": "${app.revision}"},
    }
    (program / "Pulumi.yaml").write_text(json.dumps(description))  # is YAML too, without the aliases Pulumi refuses


TYPESCRIPT = """
import * as pulumi from "@pulumi/pulumi";
import * as kpack from "@pulumi/pulumi-kpack";

const config = new pulumi.Config();
const place = { namespace: config.require("namespace") };
const service = new kpack.BuildService("kpack", { image: config.require("reconciler") });
const after = { dependsOn: [service] };
const bot = new kpack.BuildServiceAccount("bot", place);
const base = new kpack.Builder("base", { image: config.require("builder"), ...place }, after);
const app = new kpack.Image("app", {
    tag: config.require("tag"),
    builder: { name: base.builderName },
    serviceAccount: bot.accountName,
    source: { git: { url: config.require("git"), revision: "main" } },
    successBuildHistoryLimit: 3,
    ...place,
}, after);

export const image = app.latestImage;
export const commit = app.revision;
"""


def install_typescript(program: Path, service: Environment, variables: Mapping[str, str]) -> None:
    """Make it a program in TypeScript that does the same; its values are the stack's configuration."""
    configured = read_configuration(service.state)
    values = {
        "namespace": NAMESPACE,
        "reconciler": configured["reconcilerImage"],
        "builder": configured["builderImage"],
        "tag": f"{service.registry}/{NAMESPACE}/app",
        "git": f"{service.git_url}/{APPLICATION}.git",
    }
    config = {f"{BUILDING}:{key}": value for key, value in values.items()}
    (program / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}))
    (program / "index.ts").write_text(TYPESCRIPT)
    compile_program(program, variables)


@pytest.mark.parametrize(
    ("language", "install"),
    [
        pytest.param("yaml", install_yaml, id="yaml"),
        pytest.param("typescript", install_typescript, id="typescript", marks=needs_node),
    ],
)
def test_a_program_installs_the_service_and_builds_an_image(
    language: str, install: Install, alone: Environment, namespace: str, tmp_path: Path
) -> None:
    """`up` waits for the build, the outputs are those of the cluster, and a second `up` changes nothing."""
    program = with_plugin(EXAMPLES / language, tmp_path, name=BUILDING)
    own = alone.variables()
    tools = ensure(TEST, report=lambda _progress: None)
    variables = {**os.environ, **own, "PATH": f"{tools}:{own['PATH']}"}
    install(program, alone, variables)

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", "--non-interactive", "--cwd", str(program), *arguments, "--stack=test"]
        result = subprocess.run(command, env=variables, check=False, capture_output=True, text=True, timeout=600)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    preview(program, variables)
    try:
        pulumi("up", "--yes", "--skip-preview")
        pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
        found = json.loads(pulumi("stack", "output", "--json"))
        shown = kubectl(alone, "-n", namespace, "get", "image", "app", "-o", "jsonpath={.status.latestImage}")
    finally:
        pulumi("destroy", "--yes", "--skip-preview", "--remove")

    left = kubectl(alone, "-n", namespace, "get", "image", "app", "--ignore-not-found", "-o", "name")
    assert found["image"].startswith(f"{alone.registry}/{NAMESPACE}/app@sha256:")
    assert found["image"] == shown
    assert len(found["commit"]) == 40
    assert left == ""


@pytest.mark.parametrize("program", ["yaml/Pulumi.yaml", "typescript/index.ts"])
def test_the_page_shows_programs_that_are_run(program: str) -> None:
    """The programs on the page on languages are those that are previewed here."""
    assert (EXAMPLES / program).read_text() in (CHECKOUT / "docs" / "languages.md").read_text()
