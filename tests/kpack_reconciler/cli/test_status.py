"""`kpack status` against an API server in memory, as a person runs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from kpack_reconciler.cli.app import run
from tests.fakes.build_cluster import IMAGES, BuildCluster, a_condition, an_image

Captured = pytest.CaptureFixture[str]
OTHER_IMAGES = IMAGES.replace("default", "team")
FAILED = a_condition("Ready", "False", "BuildFailed", "build failed: step build exit 51:\nno main package")


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    ready = [a_condition("Ready", "True"), a_condition("Settled", "True", "UpToDate")]
    fake.put(IMAGES, an_image(conditions=ready, latestBuildRef="app-build-1-x", latestImage="reg/app@sha256:1"))
    fake.put(IMAGES, an_image(name="broken", conditions=[FAILED], latestBuildRef="broken-build-1-x"))
    fake.put(OTHER_IMAGES, {"metadata": {"name": "new", "generation": 1}, "spec": {}})
    async with fake.serve_to_people(tmp_path):
        yield fake


async def status(cluster: BuildCluster, *arguments: str) -> int:
    return await asyncio.to_thread(run, ["status", *arguments, "--kubeconfig", str(cluster.kubeconfig)])


async def test_a_table_tells_each_image_in_one_line(cluster: BuildCluster, capsys: Captured) -> None:
    """The kubeconfig's namespace is listed, plain in a pipe, with what is wrong at the end of the line."""
    one_line = "build failed: step build exit 51: | no main package"

    code = await status(cluster)

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME     READY   LATEST BUILD       REASON        LATEST IMAGE       MESSAGE",
        "app      True    app-build-1-x      UpToDate      reg/app@sha256:1   -",
        f"broken   False   broken-build-1-x   BuildFailed   -                  {one_line}",
    ]


async def test_all_namespaces_come_with_their_names(cluster: BuildCluster, capsys: Captured) -> None:
    """`-A` lists the cluster; an image that the controller has not seen is Unknown."""
    await status(cluster, "-A")

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["NAMESPACE", "NAME", "READY"],
        ["default", "app", "True"],
        ["default", "broken", "False"],
        ["team", "new", "Unknown"],
    ]


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
async def test_programs_get_every_field(
    cluster: BuildCluster, capsys: Captured, output: str, read: type[object]
) -> None:
    """JSON and YAML hold the row as it is: the message whole, the digest uncut."""
    await status(cluster, "broken", "-output", output)

    assert read(capsys.readouterr().out) == {
        "namespace": "default",
        "name": "broken",
        "ready": "False",
        "settled": False,
        "latestBuild": "broken-build-1-x",
        "reason": "BuildFailed",
        "latestImage": "",
        "message": "build failed: step build exit 51:\nno main package",
    }


async def test_ready_is_coloured_on_a_terminal(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Green is well, red is not."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    await status(cluster)

    told = capsys.readouterr().out
    assert "\x1b[32mTrue" in told
    assert "\x1b[31mFalse" in told


async def test_an_image_that_does_not_exist_is_an_error(cluster: BuildCluster, capsys: Captured) -> None:
    """The message names the image and the next step."""
    assert await status(cluster, "app", "-n", "team") == 1
    assert "image team/app does not exist" in capsys.readouterr().err


async def test_an_empty_namespace_says_where_else_to_look(cluster: BuildCluster, capsys: Captured) -> None:
    """No table without images."""
    assert await status(cluster, "-n", "empty") == 0
    assert capsys.readouterr().err == "no images in namespace empty: -A looks in all\n"


async def test_a_refusal_names_the_missing_right(cluster: BuildCluster, capsys: Captured) -> None:
    """Who may not read images is told to ask for it."""
    cluster.refuse_next("GET", "images", 403)

    assert await status(cluster) == 1
    assert "Ask for the right to read images" in capsys.readouterr().err


async def test_a_cluster_without_kpack_says_so(cluster: BuildCluster, capsys: Captured) -> None:
    """A missing kind is told as what it is."""
    cluster.refuse_next("GET", "images", 404)

    assert await status(cluster) == 1
    assert "install the build service" in capsys.readouterr().err
