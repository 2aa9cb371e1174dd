"""`kpack builds` against an API server in memory, as a person runs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kpack_api.types import Build, BuildStatus
from kpack_api.wire import Condition, ConditionStatus, ObjectMeta
from kpack_reconciler.cli.app import run
from kpack_reconciler.cli.history import build_row
from tests.fakes.build_cluster import BUILDS, IMAGES, BuildCluster, Json, a_build, a_condition, an_image

Captured = pytest.CaptureFixture[str]
REASON = "image.build.pivotal.io/reason"


def ended(status: str, at: str, reason: str = "", message: str = "") -> Json:
    return a_condition("Succeeded", status, reason, message) | {"lastTransitionTime": at}


def put_build(cluster: BuildCluster, number: int, reasons: str, succeeded: Json, image: str = "") -> None:
    build = a_build(number, succeeded=succeeded)
    build["metadata"]["annotations"] = {REASON: reasons}
    build["spec"] = {"source": {"git": {"url": "https://git.example/app", "revision": "abc"}}}
    build["status"]["latestImage"] = image
    cluster.put(BUILDS, build)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    fake.put(IMAGES, an_image(buildCounter=10))
    put_build(fake, 9, "CONFIG", ended("True", "2026-11-24T10:01:30Z"), image="reg/app@sha256:9")
    failed = ended("False", "2026-11-24T10:00:05Z", "DetectFailed", "build failed: no buildpack fits\nAdd one.")
    put_build(fake, 10, "COMMIT,BUILDPACK", failed)
    async with fake.serve_to_people(tmp_path):
        yield fake


async def builds(cluster: BuildCluster, *arguments: str) -> int:
    return await asyncio.to_thread(run, ["builds", *arguments, "--kubeconfig", str(cluster.kubeconfig)])


async def test_builds_are_listed_by_number(cluster: BuildCluster, capsys: Captured) -> None:
    """The oldest comes first, and 10 comes after 9."""
    assert await builds(cluster, "app") == 0
    assert capsys.readouterr().out.splitlines() == [
        "BUILD   STATUS      REASON             STARTED                DURATION   IMAGE",
        "9       Succeeded   CONFIG             2026-11-24T10:00:00Z   1m30s      reg/app@sha256:9",
        "10      Failed      COMMIT,BUILDPACK   2026-11-24T10:00:00Z   5s         -",
    ]


async def test_a_build_that_waits_for_its_turn_does_not_run(cluster: BuildCluster, capsys: Captured) -> None:
    """Its status is the reason of its condition."""
    put_build(cluster, 11, "COMMIT", a_condition("Succeeded", "Unknown", "Queued", "waits for its turn"))

    await builds(cluster, "app")

    assert capsys.readouterr().out.splitlines()[-1].startswith("11      Queued      COMMIT ")


async def test_the_wide_table_tells_names_sources_and_messages(cluster: BuildCluster, capsys: Captured) -> None:
    """`-o wide` adds what kubectl needs, what was built, and why it failed."""
    await builds(cluster, "app", "-o", "wide")

    assert (
        capsys.readouterr()
        .out.splitlines()[2]
        .endswith("app-build-10-x   https://git.example/app@abc   build failed: no buildpack fits | Add one.")
    )


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
async def test_programs_get_every_field(
    cluster: BuildCluster, capsys: Captured, output: str, read: Callable[[str], object]
) -> None:
    """Reasons are a list, durations are seconds."""
    await builds(cluster, "app", "-o", output)

    rows = read(capsys.readouterr().out)
    assert isinstance(rows, list)
    assert rows[1] == {
        "namespace": "default",
        "name": "app-build-10-x",
        "number": 10,
        "succeeded": "False",
        "status": "Failed",
        "reasons": ["COMMIT", "BUILDPACK"],
        "started": "2026-11-24T10:00:00Z",
        "finished": "2026-11-24T10:00:05Z",
        "durationSeconds": 5,
        "image": "",
        "source": "https://git.example/app@abc",
        "failureReason": "DetectFailed",
        "message": "build failed: no buildpack fits\nAdd one.",
    }


async def test_names_are_fit_for_kubectl(cluster: BuildCluster, capsys: Captured) -> None:
    """`-o name` gives what `kubectl get -o name` gives."""
    await builds(cluster, "app", "-o", "name")

    assert capsys.readouterr().out.splitlines() == [
        "build.build.pivotal.io/app-build-9-x",
        "build.build.pivotal.io/app-build-10-x",
    ]


async def test_an_image_without_builds_says_what_it_waits_for(cluster: BuildCluster, capsys: Captured) -> None:
    """No table without builds, but the image's own words."""
    cluster.put(IMAGES, an_image(name="new", conditions=[a_condition("Ready", "Unknown", "BuilderNotReady", "no b")]))

    assert await builds(cluster, "new") == 0
    assert capsys.readouterr() == ("", "waiting for the first build of image default/new: BuilderNotReady: no b\n")


async def test_builds_of_a_deleted_namesake_are_not_listed(cluster: BuildCluster, capsys: Captured) -> None:
    """A Build that another Image controls is not this one's, though its label says so."""
    foreign = a_build(11)
    owner = {"apiVersion": "v1", "kind": "Image", "name": "app", "uid": "another", "controller": True}
    foreign["metadata"]["ownerReferences"] = [owner]
    cluster.put(BUILDS, foreign)

    await builds(cluster, "app", "-o", "name")

    assert "build-11" not in capsys.readouterr().out


async def test_an_image_that_does_not_exist_is_an_error(cluster: BuildCluster, capsys: Captured) -> None:
    """One of a like name is suggested."""
    assert await builds(cluster, "app1") == 1
    assert capsys.readouterr().err == "error: image default/app1 does not exist: did you mean app?\n"


async def test_a_cluster_without_kpack_says_so(cluster: BuildCluster, capsys: Captured) -> None:
    """A missing kind is told as what it is."""
    cluster.refuse_next("GET", "images", 404)

    assert await builds(cluster, "app") == 1
    assert "install the build service" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("conditions", "created", "seconds"),
    [
        pytest.param((), "2026-11-24T10:00:00Z", 60, id="it runs: until now"),
        pytest.param((), None, 0, id="the API server does not say when it began"),
        pytest.param(
            (Condition(type="Succeeded", status=ConditionStatus.TRUE),),
            "2026-11-24T10:00:00Z",
            60,
            id="no time of its end",
        ),
        pytest.param((), "2026-11-24T10:02:00Z", 0, id="the cluster's clock is ahead"),
    ],
)
def test_durations_of_builds(conditions: tuple[Condition, ...], created: str | None, seconds: int) -> None:
    """A duration is that until the end, or until now, and never negative."""
    build = Build(metadata=ObjectMeta(creation_timestamp=created), status=BuildStatus(conditions=conditions))

    assert build_row(build, datetime(2026, 11, 24, 10, 1, tzinfo=UTC)).duration_seconds == seconds
