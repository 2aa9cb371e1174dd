"""The component that builds the reconciler's image: what it asks of BuildKit, and that its recipe fits the project."""

import re
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from pulumi_kpack import InvalidArgumentError, ReconcilerImage, ReconcilerImageArgs
from pulumi_kpack.reconciler_image import PACKAGES, installation_folder
from tests.fakes import pulumi_docker

CHECKOUT = Path(__file__).parent.parent.parent
RECIPE = CHECKOUT / "components" / "pulumi_kpack" / "image_recipe"
REPOSITORY = "registry.example.com/team/kpack-reconciler"
REFERENCE = f"{REPOSITORY}:latest@sha256:1"
REQUIREMENTS = "pulumi_kpack/image_recipe/requirements.txt"
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)


class Builder(Mocks):
    """Answers with a digest, as BuildKit does after a push."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared, and a pushed image's reference."""
        self.seen[args.name] = args
        return args.name, {**args.inputs, "ref": REFERENCE, "repoDigest": REFERENCE}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")


def test_the_image_is_pushed_and_known_by_its_digest() -> None:
    """What is built and pushed is decided by contents; a preview builds nothing."""
    builder = Builder()
    set_mocks(builder, preview=False)
    found: list[str] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        image = ReconcilerImage("reconciler", {"repository": REPOSITORY, "base": "base", "builder": "local"})
        return image.ref.apply(found.append)

    program()

    inputs = builder.seen["reconciler-image"].inputs
    assert found == [REFERENCE]
    assert inputs["tags"] == [f"{REPOSITORY}:latest"]
    assert inputs["buildOnPreview"] is False
    assert inputs["buildArgs"] == {"BASE": "base", "SOURCE_DATE_EPOCH": "0"}
    assert inputs["builder"] == {"name": "local"}
    assert inputs["context"]["location"] == str(CHECKOUT / "components")


def declared_by_docker(args: ReconcilerImageArgs) -> tuple[dict[str, MockResourceArgs], list[str]]:
    """Declare an image that pulumi-docker builds, under mocks; what is registered, and the image's reference."""
    builder, found = Builder(), list[str]()
    set_mocks(builder, preview=False)

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        return ReconcilerImage("reconciler", {**args, "built_by": "docker"}).ref.apply(found.append)

    program()
    return builder.seen, found


def test_pulumi_docker_builds_the_same_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same context, Dockerfile and arguments, known by its digest; no daemon is asked for before it builds."""
    monkeypatch.setitem(sys.modules, "pulumi_docker", pulumi_docker)
    login = {"address": "registry.example.com", "username": "bot", "password": "p"}

    seen, found = declared_by_docker({"repository": REPOSITORY, "base": "base", "registry": login})

    image = seen["reconciler-image"]
    assert found == [REFERENCE]
    assert image.typ == "docker:index/image:Image"
    assert image.inputs == {
        "imageName": f"{REPOSITORY}:latest",
        "build": {
            "args": {"BASE": "base", "SOURCE_DATE_EPOCH": "0"},
            "builderVersion": "BuilderBuildKit",
            "context": str(CHECKOUT / "components"),
            "dockerfile": str(RECIPE / "Dockerfile"),
        },
        "buildOnPreview": False,
        "skipPush": False,
        "registry": {"server": "registry.example.com", "username": "bot", "password": "p"},
    }
    assert seen["reconciler-docker"].inputs == {"host": "", "disableDockerDaemonCheck": "true"}


def test_without_the_package_the_next_step_is_told() -> None:
    """pulumi-docker is no dependency: whoever names it installs it."""
    assert find_spec("pulumi_docker") is None
    with pytest.raises(pulumi.RunError, match=re.escape("pip install 'pulumi-docker>=5,<6'")):
        declared_by_docker({"repository": REPOSITORY})


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        pytest.param("", "repository: is missing", id="no repository"),
        pytest.param(REFERENCE, "leave '@…' out", id="a digest to push to"),
    ],
)
def test_a_wrong_repository_is_refused(repository: str, message: str) -> None:
    """The rule is told before anything is registered."""
    with pytest.raises(InvalidArgumentError, match=re.escape(message)):
        ReconcilerImage("reconciler", {"repository": repository})


def test_the_packages_lie_in_one_folder() -> None:
    """That folder is the context of the build."""
    assert all((installation_folder() / package / "__init__.py").is_file() for package in PACKAGES)


def test_only_the_packages_of_the_cluster_are_in_the_context() -> None:
    """The ignore file lets in exactly the packages, without what Python compiled, and the list of libraries."""
    lines = (RECIPE / "Dockerfile.dockerignore").read_text().splitlines()

    assert [line for line in lines if not line.startswith("#")] == [
        "*",
        *(f"!{package}" for package in PACKAGES),
        f"!{REQUIREMENTS}",
        "**/__pycache__",
    ]
    assert (CHECKOUT / "components" / REQUIREMENTS).is_file()
    assert f"COPY {REQUIREMENTS} " in (RECIPE / "Dockerfile").read_text()


def test_the_libraries_are_the_locked_ones() -> None:
    """Each pin of the image is the version of `uv.lock`; what the `reconciler` extra names is among them."""
    lock = tomllib.loads((CHECKOUT / "uv.lock").read_text())
    locked = {package["name"]: package["version"] for package in lock["package"]}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=]", each)[0] for each in project["optional-dependencies"]["reconciler"]}

    pins = dict(PIN.findall((RECIPE / "requirements.txt").read_text()))

    assert pins.items() <= locked.items()
    assert wanted | {"msgspec"} <= pins.keys()
    assert not [name for name in pins if name.startswith("pulumi")]
