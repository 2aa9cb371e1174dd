"""`kpack trigger` against an API server in memory, as a person runs it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kpack_reconciler.cli.app import run
from tests.fakes.build_cluster import BUILDS, IMAGES, BuildCluster, a_build, a_condition, an_image

Captured = pytest.CaptureFixture[str]
NEEDED = "image.build.pivotal.io/additionalBuildNeeded"
SUCCEEDED = a_condition("Succeeded", "True")
FOLLOW = "follow it: kpack logs app -n default --build 3"


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    fake.put(IMAGES, an_image(buildCounter=2, conditions=[a_condition("Ready", "True")]))
    fake.put(BUILDS, a_build(1, succeeded=SUCCEEDED))
    fake.put(BUILDS, a_build(2, succeeded=SUCCEEDED))
    async with fake.serve_to_people(tmp_path):
        yield fake


async def trigger(cluster: BuildCluster, *arguments: str) -> int:
    options = ["--kubeconfig", str(cluster.kubeconfig), "--timeout", "10s"]
    return await asyncio.to_thread(run, ["trigger", *arguments, *options])


async def awaited(cluster: BuildCluster, times: int) -> None:
    """Wait until the builds were asked for so often."""
    async with asyncio.timeout(10):
        while cluster.requests.count(("GET", BUILDS)) < times:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)


async def test_the_newest_build_is_annotated(cluster: BuildCluster, capsys: Captured) -> None:
    """The annotation's value is the time; the older builds stay as they are."""
    assert await trigger(cluster, "app") == 0

    annotations = cluster.get(f"{BUILDS}/app-build-2-x")["metadata"]["annotations"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", annotations[NEEDED])
    assert "annotations" not in cluster.get(f"{BUILDS}/app-build-1-x")["metadata"]
    assert capsys.readouterr().out.splitlines() == [
        "another build of image default/app was asked for: build 3 is made at once, with reason TRIGGER",
        FOLLOW,
    ]


async def test_behind_a_running_build_it_comes_later(cluster: BuildCluster, capsys: Captured) -> None:
    """Builds of an image run one after the other."""
    running = a_build(2)
    running["metadata"]["annotations"] = {NEEDED: "yes"}
    cluster.put(BUILDS, running)

    await trigger(cluster, "app")

    assert capsys.readouterr().out == (
        "another build of image default/app was asked for already: "
        f"build 3 is made when build 2 has ended, whatever it comes to\n{FOLLOW}\n"
    )


async def test_what_stands_in_the_way_is_told(cluster: BuildCluster, capsys: Captured) -> None:
    """An image whose builder is not ready is not built, whoever asks."""
    cluster.put(IMAGES, an_image(conditions=[a_condition("Ready", "Unknown", "BuilderNotReady", "no builder b")]))

    await trigger(cluster, "app")

    assert "build 3 is made as soon as this is over: BuilderNotReady: no builder b\n" in capsys.readouterr().out


async def test_a_failed_build_can_be_repeated(cluster: BuildCluster, capsys: Captured) -> None:
    """A failure stands in nobody's way."""
    cluster.put(IMAGES, an_image(conditions=[a_condition("Ready", "False", "BuildFailed", "exit 51")]))

    await trigger(cluster, "app")

    assert "build 3 is made at once" in capsys.readouterr().out


async def test_without_a_build_there_is_nothing_to_repeat(cluster: BuildCluster, capsys: Captured) -> None:
    """The first build comes by itself, and its image says what it waits for."""
    cluster.put(IMAGES, an_image(name="new"))

    assert await trigger(cluster, "new") == 1
    assert capsys.readouterr().err == (
        "error: there is no build to repeat yet: waiting for the first build of image default/new\n"
    )


async def test_a_build_that_goes_meanwhile_is_told(cluster: BuildCluster, capsys: Captured) -> None:
    """History may be trimmed between reading and asking."""
    cluster.refuse_next("PATCH", "builds", 404)

    assert await trigger(cluster, "app") == 1
    assert "build app-build-2-x was deleted just now: ask again" in capsys.readouterr().err


async def test_waiting_ends_with_the_image(cluster: BuildCluster, capsys: Captured) -> None:
    """The digest is all that is on standard output, for scripts."""
    command = asyncio.create_task(trigger(cluster, "app", "--wait"))
    await awaited(cluster, 3)
    cluster.put(BUILDS, a_build(3))
    await awaited(cluster, 5)
    cluster.put(BUILDS, a_build(3, succeeded=a_condition("Succeeded", "Unknown", "Unschedulable", "no memory")))
    built = a_build(3, succeeded=SUCCEEDED)
    built["status"]["latestImage"] = "reg/app@sha256:3"
    cluster.put(BUILDS, built)

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == "reg/app@sha256:3\n"
    assert told.err.splitlines() == [
        "another build of image default/app was asked for: build 3 is made at once, with reason TRIGGER",
        FOLLOW,
        "waiting for the result of build app-build-3-x",
        "Unschedulable: no memory",
        "build app-build-3-x succeeded",
    ]


async def test_waiting_for_a_build_that_fails_fails(cluster: BuildCluster, capsys: Captured) -> None:
    """The exit code and the message are those of `kpack logs`."""
    command = asyncio.create_task(trigger(cluster, "app", "--wait"))
    await awaited(cluster, 3)
    cluster.put(BUILDS, a_build(3, succeeded=a_condition("Succeeded", "False", "DetectFailed")))

    assert await command == 1
    assert "build failed: DetectFailed\n" in capsys.readouterr().err
