"""`kpack status` against an API server in memory, as a person runs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yaml

from kpack_api.types import BlobSource, GitSource, RegistrySource, Source
from kpack_reconciler.cli.app import run
from kpack_reconciler.cli.image_rows import source_text
from tests.fakes.build_cluster import BUILDS, IMAGES, BuildCluster, a_build, a_condition, an_image

Captured = pytest.CaptureFixture[str]
OTHER_IMAGES = IMAGES.replace("default", "team")
FAILED = a_condition("Ready", "False", "BuildFailed", "build failed: step build exit 51:\nno main package")


BUILD_FAILED = "build failed: step detect exit 20: no buildpack fits\nlooked at 3\nAdd a buildpack to the builder."


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    ready = [a_condition("Ready", "True"), a_condition("Settled", "True", "UpToDate")]
    fake.put(IMAGES, an_image(conditions=ready, latestBuildRef="app-build-1-x", latestImage="reg/app@sha256:1"))
    fake.put(IMAGES, an_image(name="broken", conditions=[FAILED], latestBuildRef="broken-build-1-x"))
    fake.put(OTHER_IMAGES, {"metadata": {"name": "new", "generation": 1}, "spec": {}})
    async with fake.serve_to_people(tmp_path):
        yield fake


def put_failed_build(cluster: BuildCluster) -> None:
    """The latest build of `broken` says who has to do what."""
    condition = a_condition("Succeeded", "False", "DetectFailed", BUILD_FAILED)
    build = a_build(1, succeeded=condition)
    cluster.put(BUILDS, build | {"metadata": build["metadata"] | {"name": "broken-build-1-x"}})
    failed = a_condition("Ready", "False", "BuildFailed", BUILD_FAILED)
    cluster.put(IMAGES, an_image(name="broken", conditions=[failed], latestBuildRef="broken-build-1-x"))


async def status(cluster: BuildCluster, *arguments: str) -> int:
    return await asyncio.to_thread(run, ["status", *arguments, "--kubeconfig", str(cluster.kubeconfig)])


async def shown(capsys: Captured, part: str) -> str:
    """Wait until this part of the answer was written; all that was written until then."""
    told = ""
    async with asyncio.timeout(10):
        while part not in told:
            await asyncio.sleep(0.01)
            told += capsys.readouterr().out
    return told


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
    cluster: BuildCluster, capsys: Captured, output: str, read: Callable[[str], object]
) -> None:
    """JSON and YAML hold the row as it is: the message whole, the digest uncut."""
    git = {"url": "https://git.example/app", "revision": "main"}
    spec = {"tag": "reg/app", "builder": {"name": "paketo"}, "source": {"git": git, "subPath": "web"}}
    broken = an_image(name="broken", observedGeneration=2, conditions=[FAILED], latestBuildRef="broken-build-1-x")
    cluster.put(IMAGES, broken | {"spec": spec})

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
        "failure": None,
        "builder": "paketo",
        "source": "https://git.example/app@main#web",
        "tag": "reg/app",
        "created": "2026-11-24T10:00:00Z",
    }


async def test_a_failed_build_says_who_has_to_do_what(cluster: BuildCluster, capsys: Captured) -> None:
    """The class of the failure stands beside its reason, the next step at the line's end; one image's is told whole."""
    put_failed_build(cluster)

    await status(cluster, "broken")

    first, *rest = capsys.readouterr().out.split("\n\n")
    assert first.splitlines()[1] == (
        "broken   False   broken-build-1-x   DetectFailed (application)   -              "
        "build failed: step detect exit 20: no buildpack fits | … | Add a buildpack to the builder."
    )
    assert rest == [BUILD_FAILED + "\n"]


async def test_programs_get_the_class_and_the_next_step(cluster: BuildCluster, capsys: Captured) -> None:
    """What went wrong is told in parts."""
    put_failed_build(cluster)

    await status(cluster, "broken", "-o", "json")

    told = json.loads(capsys.readouterr().out)
    expected = {"failureClass": "application", "reason": "DetectFailed", "hint": "Add a buildpack to the builder."}
    assert told["failure"] == expected


async def test_builds_that_may_not_be_read_leave_the_image_s_own_words(cluster: BuildCluster, capsys: Captured) -> None:
    """Who may read images only still sees them."""
    put_failed_build(cluster)
    cluster.refuse_next("GET", "builds", 403)

    assert await status(cluster) == 0
    assert "BuildFailed" in capsys.readouterr().out


async def test_a_wide_table_tells_what_an_image_is_made_of(cluster: BuildCluster, capsys: Captured) -> None:
    """Builder, source and tag stand in the wide table, and messages are whole."""
    spec = {"tag": "reg/app", "builder": {"name": "paketo"}, "source": {"registry": {"image": "reg/source"}}}
    cluster.put(IMAGES, an_image(observedGeneration=2, conditions=[FAILED]) | {"spec": spec})

    await status(cluster, "app", "-o", "wide")

    heading, line, *_ = capsys.readouterr().out.splitlines()
    assert heading.split()[-5:] == ["BUILDER", "SOURCE", "TAG", "CREATED", "MESSAGE"]
    assert line.endswith(
        "paketo    reg/source   reg/app   2026-11-24T10:00:00Z   build failed: step build exit 51: | no main package"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(Source(git=GitSource(url="https://git.example/app", revision="v1")), "https://git.example/app@v1"),
        pytest.param(Source(blob=BlobSource(url="https://blob.example/a.zip")), "https://blob.example/a.zip"),
        pytest.param(Source(registry=RegistrySource(image="reg/source"), sub_path="web"), "reg/source#web"),
        pytest.param(Source(), ""),
    ],
)
def test_a_source_is_one_word(source: Source, text: str) -> None:
    """Each of the three sources is told by where it lies."""
    assert source_text(source) == text


async def test_names_are_fit_for_kubectl(cluster: BuildCluster, capsys: Captured) -> None:
    """`-o name` gives what `kubectl get -o name` gives."""
    await status(cluster, "-o", "name")

    assert capsys.readouterr().out.splitlines() == ["image.build.pivotal.io/app", "image.build.pivotal.io/broken"]


async def test_a_build_that_waits_for_its_turn_is_told_with_its_place(cluster: BuildCluster, capsys: Captured) -> None:
    """The Image says what its newest Build says."""
    message = "app-build-2-x waits for its turn: 3rd of 12 in namespace default at 2026-11-24T10:00:00Z"
    conditions = [a_condition("Ready", "Unknown", "", message), a_condition("Settled", "False", "BuildRunning")]
    cluster.put(IMAGES, an_image(conditions=conditions, latestBuildRef="app-build-2-x"))

    await status(cluster, "app")

    (line,) = capsys.readouterr().out.splitlines()[1:]
    assert line.split()[:4] == ["app", "Unknown", "app-build-2-x", "BuildRunning"]
    assert line.endswith(message)


async def test_watching_tells_each_change(cluster: BuildCluster, capsys: Captured) -> None:
    """The table comes once, then a line for each image that changed, also behind a watch that ended."""
    command = asyncio.create_task(status(cluster, "--watch", "--timeout", "3s"))
    first = await shown(capsys, "broken-build-1-x")
    cluster.put(IMAGES, an_image(name="broken", conditions=[FAILED], latestBuildRef="broken-build-2-x"))
    second = await shown(capsys, "broken-build-2-x")
    cluster.refuse_next("GET", "images", 410)
    cluster.cut_watches()
    cluster.remove(f"{IMAGES}/broken")
    cluster.put(IMAGES, an_image(conditions=[FAILED], latestBuildRef="app-build-9-x"))
    third = await shown(capsys, "app-build-9-x")

    assert await command == 1
    assert [len(told.splitlines()) for told in (first, second, third)] == [3, 1, 1]
    assert second.split()[:3] == ["broken", "False", "broken-build-2-x"]
    assert third.split()[:3] == ["app", "False", "app-build-9-x"]


async def test_watching_one_image_is_told_when_it_goes(cluster: BuildCluster, capsys: Captured) -> None:
    """The end of a watched image is said."""
    command = asyncio.create_task(status(cluster, "app", "-w", "-A", "-o", "json", "-timeout", "2s"))
    told = await shown(capsys, "}")
    cluster.remove(f"{IMAGES}/app")

    assert await command == 1
    assert json.loads(told)["name"] == "app"
    assert "image default/app was deleted\n" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("-w",), ("app", "-w")], ids=["all", "one"])
async def test_a_watch_on_a_cluster_without_kpack_says_so(
    cluster: BuildCluster, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    """A missing kind ends a watch, too."""
    cluster.refuse_next("GET", "images", 404)

    assert await status(cluster, *arguments) == 1
    assert "install the build service" in capsys.readouterr().err


async def test_many_images_are_read_in_pages(cluster: BuildCluster, capsys: Captured) -> None:
    """No image of a long list is lost."""
    for number in range(510):
        cluster.put(OTHER_IMAGES, an_image(name=f"app-{number:03d}"))

    await status(cluster, "-n", "team", "-o", "name")

    assert len(capsys.readouterr().out.splitlines()) == 511


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


async def test_an_empty_namespace_is_an_empty_list_for_programs(cluster: BuildCluster, capsys: Captured) -> None:
    """A program that reads JSON gets JSON."""
    assert await status(cluster, "-n", "empty", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_an_empty_cluster_says_what_to_create(cluster: BuildCluster, capsys: Captured) -> None:
    """Without images anywhere there is nowhere else to look."""
    for path in (f"{IMAGES}/app", f"{IMAGES}/broken", f"{OTHER_IMAGES}/new"):
        cluster.remove(path)

    assert await status(cluster, "-A") == 0
    assert capsys.readouterr().err == "no images in this cluster: create an Image\n"


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
