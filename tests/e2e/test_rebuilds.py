"""What makes a new build beside a commit, and what it costs to look: a moved builder, both halves moved, ten Images."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from dev.build_service import SAMPLE, kubectl, read_configuration
from dev.environment import Environment
from dev.images.builders import TODAY, builder_image
from dev.images.images import push
from dev.images.stacks import build_image, run_image
from dev.services.git import create_repository
from dev.services.working_copy import copy_of
from dev.toolchain import default_cache

pytestmark = pytest.mark.e2e

NAMESPACE = "rebuilds"
REPOSITORY = "rebuilds-app"
IMAGES = 10
INTERVALS = 4


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def builder(name: str, image: str) -> dict[str, object]:
    return {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Builder",
        "metadata": {"name": name},
        "spec": {"image": image},
    }


def an_image(service: Environment, name: str, *, builder: str) -> dict[str, object]:
    spec = {
        "tag": f"{service.registry}/{NAMESPACE}/{name}",
        "builder": {"kind": "Builder", "name": builder},
        "source": {"git": {"url": f"{service.git_url}/{REPOSITORY}.git", "revision": "main"}},
    }
    return {"apiVersion": "build.pivotal.io/v1alpha1", "kind": "Image", "metadata": {"name": name}, "spec": spec}


def apply(service: Environment, *objects: dict[str, object]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(listed))


async def push_builder(service: Environment, *, buildpacks: str, release: str) -> None:
    """Have a builder under the tag `moving` with buildpacks of this version, and a run image of this release."""
    cache, tools = default_cache(os.environ), service.state.tools
    run = await push(run_image(cache, build_id=release), f"{service.registry}/kpack/run:moving")
    base = build_image(cache, lambda _text: None)
    image = builder_image(base, TODAY, tools=tools, cache=cache, run_image=run, version=buildpacks)
    await push(image, f"{service.registry}/kpack/builder:moving")


def await_build(service: Environment, name: str, number: int) -> dict[str, dict[str, dict[str, str]]]:
    """Wait until build `number` has ended well and is the Image's newest; give the Build."""
    counted = f"--for=jsonpath={{.status.buildCounter}}={number}"
    in_namespace(service, "wait", counted, f"image/{name}", "--timeout=90s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=120s")
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=5s")
    selector = f"image.build.pivotal.io/image={name},image.build.pivotal.io/buildNumber={number}"
    found: list[dict[str, dict[str, dict[str, str]]]] = json.loads(
        in_namespace(service, "get", "builds", "-l", selector, "-o", "json")
    )["items"]
    assert len(found) == 1
    return found[0]


def reason(build: dict[str, dict[str, dict[str, str]]]) -> str:
    return build["metadata"]["annotations"]["image.build.pivotal.io/reason"]


def git_requests(service: Environment) -> int:
    log = service.state.logs / "git-server.log"
    return sum(f"POST /{REPOSITORY}.git/git-upload-pack" in line for line in log.read_text().splitlines())


@pytest.fixture(scope="module", autouse=True)
def namespace(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    kubectl(service, "create", "namespace", NAMESPACE)
    create_repository(service.state.git, REPOSITORY)
    folder, url = tmp_path_factory.mktemp("rebuilds") / "app", f"{service.git_url}/{REPOSITORY}.git"
    copy_of(SAMPLE, folder, url=url, branch="main", environment=service.variables()).push("Hello, sunshine!")
    yield
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


async def test_new_buildpacks_make_a_build(service: Environment) -> None:
    """A builder whose buildpacks have other versions makes build 2 with reason BUILDPACK, and no third."""
    await push_builder(service, buildpacks="0.1.0", release="1")
    apply(service, builder("moving", f"{service.registry}/kpack/builder:moving"))
    apply(service, an_image(service, "app", builder="moving"))
    assert reason(await_build(service, "app", 1)) == "CONFIG"

    await push_builder(service, buildpacks="0.2.0", release="1")

    assert reason(await_build(service, "app", 2)) == "BUILDPACK"


async def test_buildpacks_and_run_image_together_make_one_build(service: Environment) -> None:
    """Where both halves of a builder moved, one ordinary build with a pod follows, not a rebase and a build."""
    await push_builder(service, buildpacks="0.3.0", release="2")

    build = await_build(service, "app", 3)

    assert reason(build) == "BUILDPACK,STACK"
    assert build["status"]["podName"]


def test_ten_images_of_one_repository_ask_it_once_per_interval(service: Environment) -> None:
    """The git server's log has one request per interval for ten Images, not ten."""
    apply(service, builder("absent", f"{service.registry}/kpack/builder:absent"))
    apply(service, *(an_image(service, f"app-{number}", builder="absent") for number in range(IMAGES)))
    resolvers = [f"sourceresolver/app-{number}-source" for number in range(IMAGES)]
    in_namespace(service, "wait", "--for=condition=Ready", *resolvers, "--timeout=60s")
    seconds = int(read_configuration(service.state)["sourcePollSeconds"])

    before = git_requests(service)
    time.sleep(INTERVALS * seconds)  # the passing of intervals is what is measured
    asked = git_requests(service) - before

    assert INTERVALS - 1 <= asked <= INTERVALS + 1
