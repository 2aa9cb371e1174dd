"""Our rebase beside the lifecycle's `rebaser`: the same images give the same digest.

The first half needs no cluster: a registry on a free port, and the lifecycle of the toolchain as a process.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from dev.bench.rebase_scene import (
    STACK,
    Lifecycle,
    LifecycleError,
    Scene,
    application,
    digest_of,
    push_to,
    rebase_by_controller,
    registry,
    run_image,
    scene,
)
from dev.build_service import SAMPLE, kubectl
from dev.environment import Environment
from dev.images import stacks
from dev.images.builders import TODAY, builder_image
from dev.images.images import push
from dev.services.git import create_repository
from dev.services.working_copy import copy_of
from dev.toolchain import TEST, default_cache, ensure
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.model.facts import NotRebasable
from kpack_reconciler.model.references import parse_tag

pytestmark = pytest.mark.e2e

NAMESPACE = "rebases"
REPOSITORY = "rebases-app"


@pytest.fixture(scope="module")
def tools() -> Path:
    return ensure(TEST, report=lambda _progress: None)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as ready:
        yield ready


@pytest.mark.parametrize("in_oci_form", [False, True], ids=["docker", "oci"])
@pytest.mark.parametrize("platform_api", ["0.7", "0.9", "0.11", "0.12", "0.15"])
def test_digests_are_the_lifecycle_s(
    place: Scene, tools: Path, tmp_path: Path, platform_api: str, *, in_oci_form: bool
) -> None:
    """At each platform API, for images of Docker's and of OCI's form, with one tag and with several."""
    lifecycle, name = Lifecycle(program=tools / "lifecycle", folder=tmp_path), f"{place.direct}/stack/run"
    labels = {"io.buildpacks.base.homepage": "new", "io.buildpacks.stack.added": "<&>", "vendor": "new"}
    old, new = run_image(tmp_path, "old"), run_image(tmp_path, "new", labels={**STACK, **labels})
    before = {"io.buildpacks.base.homepage": "old", "io.buildpacks.stack.gone": "x", "vendor": "old"}
    app = application(tmp_path, old, run_name=name, platform_api=platform_api, labels=before)
    push_to(place.direct, "stack/run:1", old, in_oci_form=in_oci_form)
    base = push_to(place.direct, "stack/run:2", new, in_oci_form=in_oci_form)
    theirs, ours = (push_to(place.direct, f"{team}/app:1", app, in_oci_form=in_oci_form) for team in ("theirs", "ours"))
    tags = tuple(f"{place.direct}/ours/{rest}" for rest in ("app:2", "app:3", "other:2"))

    digest = lifecycle.rebase(tags=(f"{place.direct}/theirs/app:1",), run_image=base, platform_api=platform_api)
    outcome = rebase_by_controller(app_image=ours, run_image=base, tags=tags)

    assert digest != theirs.partition("@")[2]
    assert digest_of(outcome) == digest
    again = rebase_by_controller(app_image=f"{place.direct}/ours/app@{digest}", run_image=base, tags=tags)
    assert digest_of(again) == digest


def test_layers_of_another_registry_are_copied(place: Scene, tools: Path, tmp_path: Path) -> None:
    """Where nothing can be mounted the run image's layers are streamed; the digest is the lifecycle's all the same."""
    other = tmp_path / "other"
    other.mkdir()
    with registry(other) as elsewhere:
        old, new = run_image(tmp_path, "old"), run_image(tmp_path, "new", size=5_000_000)
        app = application(tmp_path, old, run_name=f"{place.direct}/run", platform_api="0.11")
        base = push_to(elsewhere, "run/new:2", new)
        theirs, ours = (push_to(place.direct, f"{team}/app:1", app) for team in ("theirs", "ours"))

        digest = Lifecycle(program=tools / "lifecycle", folder=tmp_path).rebase(
            tags=(f"{place.direct}/theirs/app:2",), run_image=base, platform_api="0.11", previous=theirs
        )
        outcome = rebase_by_controller(app_image=ours, run_image=base, tags=(f"{place.direct}/ours/app:2",))

    assert digest_of(outcome) == digest


def test_both_refuse_a_run_image_of_an_unknown_name(place: Scene, tools: Path, tmp_path: Path) -> None:
    """From platform API 0.12 on, in the same words."""
    old, new = run_image(tmp_path, "old"), run_image(tmp_path, "new")
    app = application(tmp_path, old, run_name=f"{place.direct}/stack/run", platform_api="0.12")
    base = push_to(place.direct, "stack/another:2", new)
    image, tags = push_to(place.direct, "team/app:1", app), (f"{place.direct}/team/app:1",)
    words = f"rebase app image: new base image '{base}' not found in existing run image metadata: "

    with pytest.raises(LifecycleError, match=words):
        Lifecycle(program=tools / "lifecycle", folder=tmp_path).rebase(tags=tags, run_image=base, platform_api="0.12")
    outcome = rebase_by_controller(app_image=image, run_image=base, tags=tags)

    assert isinstance(outcome.answer, NotRebasable)
    assert outcome.answer.reason == "UnknownRunImage"
    assert words in outcome.answer.message


def test_the_lifecycle_of_the_tutorial_cannot_rebase(place: Scene, tools: Path, tmp_path: Path) -> None:
    """A difference: `rebaser` 0.9.3 crashes in its own libraries; what it built is rebased as lifecycle 0.21 does."""
    old, new = run_image(tmp_path, "old"), run_image(tmp_path, "new")
    app = application(tmp_path, old, run_name=f"{place.direct}/stack/run", platform_api="0.3")
    base = push_to(place.direct, "stack/run:2", new)
    theirs, ours = (push_to(place.direct, f"{team}/app:1", app) for team in ("theirs", "ours"))
    tutorial, today = tmp_path / "tutorial", tmp_path / "today"
    for folder in (tutorial, today):
        folder.mkdir()

    with pytest.raises(LifecycleError, match="panic: Not Implemented"):
        Lifecycle(program=tools / "lifecycle-0.9", folder=tutorial).rebase(
            tags=(theirs.partition("@")[0] + ":1",), run_image=base, platform_api="0.3"
        )
    digest = Lifecycle(program=tools / "lifecycle", folder=today).rebase(
        tags=(theirs.partition("@")[0] + ":1",), run_image=base, platform_api="0.9"
    )

    assert digest_of(rebase_by_controller(app_image=ours, run_image=base, tags=(f"{place.direct}/ours/app:2",))) == (
        digest
    )


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def an_image(service: Environment, name: str, *, additional: tuple[str, ...] = ()) -> dict[str, object]:
    repository = f"{service.registry}/{NAMESPACE}/{name}"
    spec = {
        "tag": repository,
        "additionalTags": [f"{repository}{rest}" for rest in additional],
        "builder": {"kind": "Builder", "name": "rebases"},
        "source": {"git": {"url": f"{service.git_url}/{REPOSITORY}.git", "revision": "main"}},
    }
    return {"apiVersion": "build.pivotal.io/v1alpha1", "kind": "Image", "metadata": {"name": name}, "spec": spec}


def push_builder(service: Environment, *, release: str, labels: dict[str, str] | None = None) -> str:
    """Have the builder name a run image of this release, with these labels besides its own; the run image."""

    async def everything() -> str:
        cache = default_cache(os.environ)
        base = stacks.run_image(cache, build_id=release)
        base = base.with_layers((), labels=labels or {})
        run = await push(base, f"{service.registry}/kpack/run:rebases")
        build = await asyncio.to_thread(stacks.build_image, cache, lambda _text: None)
        image = builder_image(build, TODAY, tools=service.state.tools, cache=cache, run_image=run)
        await push(image, f"{service.registry}/kpack/builder:rebases")
        return run

    return asyncio.run(everything())


def await_build(service: Environment, name: str, number: int) -> dict[str, dict[str, object]]:
    """Wait until build `number` of an Image has ended well; give the Build."""
    counted = f"--for=jsonpath={{.status.buildCounter}}={number}"
    in_namespace(service, "wait", counted, f"image/{name}", "--timeout=90s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=120s")
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=5s")
    selector = f"image.build.pivotal.io/image={name},image.build.pivotal.io/buildNumber={number}"
    (found,) = json.loads(in_namespace(service, "get", "builds", "-l", selector, "-o", "json"))["items"]
    build: dict[str, dict[str, object]] = found
    return build


def pods_of(service: Environment, build: dict[str, dict[str, object]]) -> list[object]:
    selector = f"build.pivotal.io/build={build['metadata']['name']}"
    pods: list[object] = json.loads(in_namespace(service, "get", "pods", "-l", selector, "-o", "json"))["items"]
    return pods


@pytest.fixture(scope="module")
def two_images(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give two Images of one builder, built once, with their digest references."""
    kubectl(service, "create", "namespace", NAMESPACE)
    create_repository(service.state.git, REPOSITORY)
    folder, url = tmp_path_factory.mktemp("rebases") / "app", f"{service.git_url}/{REPOSITORY}.git"
    copy_of(SAMPLE, folder, url=url, branch="main", environment=service.variables()).push("Hello, sunshine!")
    push_builder(service, release="1")
    builder = {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Builder",
        "metadata": {"name": "rebases"},
        "spec": {"image": f"{service.registry}/kpack/builder:rebases"},
    }
    objects = [builder, an_image(service, "one"), an_image(service, "two", additional=(":extra", "-elsewhere:extra"))]
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    yield {name: str(await_build(service, name, 1)["status"]["latestImage"]) for name in ("one", "two")}
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def test_every_image_is_rebased_without_a_pod(service: Environment, two_images: dict[str, str], tmp_path: Path) -> None:
    """When the run image moved: Builds of reason STACK, no pods, the digests of the lifecycle, under all tags."""
    run = push_builder(service, release="2")

    for name, before in two_images.items():
        build = await_build(service, name, 2)
        digest = Lifecycle(program=service.state.tools / "lifecycle", folder=tmp_path).rebase(
            tags=(f"{before.partition('@')[0]}:by-lifecycle",), run_image=run, platform_api="0.15", previous=before
        )
        status = build["status"]
        assert build["metadata"]["annotations"]["image.build.pivotal.io/reason"] == "STACK"  # type: ignore[index]
        assert str(status["latestImage"]) == f"{before.partition('@')[0]}@{digest}"
        assert digest not in before
        assert status["stack"] == {"id": stacks.STACK_ID, "runImage": run}
        assert status["stepsCompleted"] == ["rebase"]
        assert not status.get("stepStates")
        assert not status.get("podName")
        assert status["buildMetadata"]
        assert pods_of(service, build) == []
    assert_tags(service, ("two:extra", "two-elsewhere:extra"), digest)


def assert_tags(service: Environment, tags: tuple[str, ...], digest: str) -> None:
    """Each tag of the namespace's repositories names this digest."""

    async def digests() -> list[str]:
        async with aiohttp.ClientSession() as http:
            client = RegistryClient(http)
            return [await client.digest(parse_tag(f"{service.registry}/{NAMESPACE}/{tag}")) for tag in tags]

    assert asyncio.run(digests()) == [digest] * len(tags)


def test_what_cannot_be_rebased_is_built(service: Environment, two_images: dict[str, str]) -> None:
    """A run image of another distribution: build 3 of reason STACK has a pod, and an Event says why."""
    assert two_images
    push_builder(service, release="3", labels={"io.buildpacks.base.distro.version": "13"})

    build = await_build(service, "one", 3)

    assert build["metadata"]["annotations"]["image.build.pivotal.io/reason"] == "STACK"  # type: ignore[index]
    assert len(pods_of(service, build)) == 1
    field = f"involvedObject.name={build['metadata']['name']}"
    events = json.loads(in_namespace(service, "get", "events", "--field-selector", field, "-o", "json"))["items"]
    assert "TargetMismatch" in {event["reason"] for event in events}
