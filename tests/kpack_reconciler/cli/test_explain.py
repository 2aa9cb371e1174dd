"""`kpack explain` against an API server in memory, as a person runs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpack_reconciler.cli.app import run
from tests.fakes.build_cluster import BUILDS, IMAGES, BuildCluster, Json, a_build, a_condition, an_image

Captured = pytest.CaptureFixture[str]
BUILDERS = IMAGES.replace("images", "builders")
RESOLVERS = IMAGES.replace("images", "sourceresolvers")
CLUSTER_BUILDERS = "/apis/build.pivotal.io/v1alpha1/clusterbuilders"
REASON, NEEDED = "image.build.pivotal.io/reason", "image.build.pivotal.io/additionalBuildNeeded"
OLD, NEW = "a" * 40, "b" * 40
RUN_IMAGE = f"reg/run@sha256:{'1' * 64}"
READY, SETTLED = a_condition("Ready", "True"), a_condition("Settled", "True", "UpToDate")
SUCCEEDED = a_condition("Succeeded", "True") | {"lastTransitionTime": "2026-11-24T10:01:30Z"}
FAILED = a_condition("Succeeded", "False", "DetectFailed", "build failed: no buildpack fits\nAdd one.")


def a_ready(name: str, *, generation: int = 1, **status: Any) -> Json:
    return {"metadata": {"name": name}, "status": {"observedGeneration": generation, "conditions": [READY], **status}}


def an_app(*conditions: Json, observed: int = 1, builder: str = "Builder") -> Json:
    image = an_image(observedGeneration=observed, conditions=[*conditions], latestImage="reg/app@sha256:2")
    return image | {"spec": {"builder": {"name": "paketo", "kind": builder}}}


def a_made_build(number: int, reasons: str, revision: str, *, succeeded: Json | None, **annotations: str) -> Json:
    build = a_build(number, succeeded=succeeded)
    build["metadata"]["annotations"] = {REASON: reasons, **annotations}
    build["spec"] = {"source": {"git": {"url": "https://git.example/app", "revision": revision}}}
    build["status"] |= {"stack": {"runImage": RUN_IMAGE}, "buildMetadata": [{"id": "go", "version": str(number)}]}
    build["status"]["latestImage"] = f"reg/app@sha256:{number}"
    return build


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    fake.put(IMAGES, an_app(READY, SETTLED))
    fake.put(BUILDERS, a_ready("paketo"))
    fake.put(RESOLVERS, a_ready("app-source", source={"git": {"url": "https://git.example/app", "revision": NEW}}))
    fake.put(BUILDS, a_made_build(1, "CONFIG", OLD, succeeded=SUCCEEDED))
    fake.put(BUILDS, a_made_build(2, "COMMIT", NEW, succeeded=SUCCEEDED))
    async with fake.serve_to_people(tmp_path):
        yield fake


async def explain(cluster: BuildCluster, *arguments: str) -> int:
    return await asyncio.to_thread(run, ["explain", *arguments, "--kubeconfig", str(cluster.kubeconfig)])


async def test_a_build_is_explained_by_what_changed(cluster: BuildCluster, capsys: Captured) -> None:
    """The reason's values stand beside it, what else differs below, then why nothing more is done."""
    assert await explain(cluster, "app") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Image default/app is ready: reg/app@sha256:2",
        "",
        "Build 2 was made on 2026-11-24T10:00:00Z for COMMIT:",
        "  COMMIT  git revision changed from aaaaaaaaaaaa to bbbbbbbbbbbb",
        "  also    buildpack go changed from 1 to 2",
        "It succeeded after 1m30s: reg/app@sha256:2",
        "",
        "No build is due: nothing has changed since build 2 (git revision bbbbbbbbbbbb).",
    ]


async def test_the_first_build_needs_no_reason(cluster: BuildCluster, capsys: Captured) -> None:
    """`--build` explains an older one."""
    await explain(cluster, "app", "-build", "1")

    assert "  CONFIG  it is the first build of this image\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        pytest.param("STACK", "the builder has another run image", id="one of kpack's"),
        pytest.param("LIFECYCLE", "LIFECYCLE", id="one of a later kpack"),
        pytest.param("TRIGGER", "another build was asked for", id="a request"),
    ],
)
async def test_a_reason_whose_cause_cannot_be_seen_is_told_in_general(
    cluster: BuildCluster, capsys: Captured, reasons: str, said: str
) -> None:
    """Where the build before is not kept, there is nothing to compare, and that is said."""
    cluster.remove(f"{BUILDS}/app-build-1-x")
    cluster.put(BUILDS, a_made_build(2, reasons, NEW, succeeded=SUCCEEDED))

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert f"  {said}; the build before it is not kept, so there is nothing to compare\n" in told


async def test_things_that_came_and_went_are_told_as_such(cluster: BuildCluster, capsys: Captured) -> None:
    """Names are told, values of variables are not: they may be secrets."""
    for number, names in ((1, ("GONE", "MODE")), (2, ("MODE", "NEW"))):
        build = a_made_build(number, "CONFIG", NEW, succeeded=SUCCEEDED)
        build["spec"]["env"] = [{"name": name, "value": f"secret-{number}"} for name in names]
        cluster.put(BUILDS, build)

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert "  CONFIG  environment variables: GONE was removed\n" in told
    assert "  CONFIG  environment variable MODE changed\n" in told
    assert "  CONFIG  environment variables: NEW was added\n" in told
    assert "secret" not in told


async def test_a_request_is_told_with_its_time(cluster: BuildCluster, capsys: Captured) -> None:
    """The annotation on the build before says when somebody asked."""
    asked = a_made_build(1, "CONFIG", NEW, succeeded=SUCCEEDED, **{NEEDED: "2026-11-24T10:05:00Z"})
    cluster.put(BUILDS, asked)
    cluster.put(BUILDS, a_made_build(2, "TRIGGER", NEW, succeeded=SUCCEEDED))

    await explain(cluster, "app")

    assert "  TRIGGER  another build was asked for at 2026-11-24T10:05:00Z\n" in capsys.readouterr().out


async def test_a_running_build_is_compared_with_its_builder(cluster: BuildCluster, capsys: Captured) -> None:
    """What a build has not recorded yet is known of its builder."""
    running = a_made_build(
        2, "BUILDPACK", OLD, succeeded=a_condition("Succeeded", "Unknown", "Unschedulable", "no node")
    )
    running["status"] |= {"stack": {}, "buildMetadata": [], "latestImage": ""}
    cluster.put(BUILDS, running)
    offered = [{"id": "go", "version": "7"}]
    cluster.put(BUILDERS, a_ready("paketo", builderMetadata=offered))
    cluster.put(IMAGES, an_app(a_condition("Ready", "Unknown", "", "app-build-2-x is executing")))

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert told.startswith("Image default/app is not settled yet: reg/app@sha256:2\n")
    assert "  BUILDPACK  buildpack go changed from 1 to 7\n" in told
    assert "It has been running for " in told
    assert told.endswith(
        "Build 2 runs; what changes meanwhile is looked at when it has ended.\n"
        "  Build app-build-2-x: Unschedulable: no node\n"
    )


async def test_a_build_that_waits_for_its_turn_says_where_it_stands(cluster: BuildCluster, capsys: Captured) -> None:
    """It does not run, and nothing stands in its way but others."""
    place = "waits for its turn: 3rd of 12 in namespace default at 2026-11-24T10:00:00Z; 40 builds run"
    cluster.put(BUILDS, a_made_build(2, "COMMIT", NEW, succeeded=a_condition("Succeeded", "Unknown", "Queued", place)))
    cluster.put(IMAGES, an_app(a_condition("Ready", "Unknown", "", f"app-build-2-x {place}")))

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert "It has waited for its turn for " in told
    assert told.endswith(
        "Build 2 waits; what changes meanwhile is looked at when it has ended.\n"
        f"  Build app-build-2-x: Queued: {place}\n"
    )


async def test_a_failed_build_is_told_with_its_message(cluster: BuildCluster, capsys: Captured) -> None:
    """A failed build is not repeated by itself, and the way to repeat it is told."""
    cluster.put(BUILDS, a_made_build(2, "COMMIT", NEW, succeeded=FAILED))
    broken = a_condition("Ready", "False", "BuildFailed", "build failed: no buildpack fits")
    cluster.put(IMAGES, an_app(broken, a_condition("Settled", "True", "BuildFailed")))

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert "(DetectFailed):\n  build failed: no buildpack fits\n  Add one.\n" in told
    assert "No build is due: build 2 failed, and neither source nor configuration changed since." in told
    assert told.endswith("Change one of them, or ask: kpack trigger app -n default\n")


@pytest.mark.parametrize(
    ("path", "body", "hindrance"),
    [
        pytest.param(
            BUILDERS,
            {
                "metadata": {"name": "paketo"},
                "status": {
                    "observedGeneration": 1,
                    "conditions": [a_condition("Ready", "False", "NotFound", "no such image\ncreate it")],
                },
            },
            "  Builder paketo: NotFound: no such image\n    create it\n",
            id="builder",
        ),
        pytest.param(
            RESOLVERS,
            {"metadata": {"name": "app-source"}, "status": {}},
            "  SourceResolver app-source: the controller has not looked at it yet\n",
            id="source",
        ),
        pytest.param(
            IMAGES,
            an_app(a_condition("Ready", "False", "InvalidTag", "the tag is none")),
            "  Image app: InvalidTag: the tag is none\n",
            id="image",
        ),
    ],
)
async def test_what_stands_in_the_way_is_named(
    cluster: BuildCluster, capsys: Captured, path: str, body: Json, hindrance: str
) -> None:
    """Each object that is not ready is told in its own words."""
    cluster.put(path, body)

    await explain(cluster, "app")

    told = capsys.readouterr().out
    assert "Whether build 3 is due is not known, as long as this stands in the way:\n" + hindrance in told


async def test_a_builder_that_is_missing_is_named(cluster: BuildCluster, capsys: Captured) -> None:
    """The commonest mistake: the builder was not made."""
    cluster.put(IMAGES, an_app(READY, SETTLED, observed=2, builder="ClusterBuilder"))

    await explain(cluster, "app")

    assert capsys.readouterr().out.endswith("  ClusterBuilder paketo: NotFound: it does not exist: create it\n")


async def test_an_image_that_names_no_builder_is_explained(cluster: BuildCluster, capsys: Captured) -> None:
    """Without a webhook such an Image can be stored."""
    cluster.put(IMAGES, an_image(observedGeneration=2, conditions=[READY]) | {"spec": {"tag": "reg/app"}})

    assert await explain(cluster, "app") == 0
    assert "NotFound: it does not exist: create it\n" in capsys.readouterr().out


async def test_a_builder_that_may_not_be_read_leaves_a_gap(cluster: BuildCluster, capsys: Captured) -> None:
    """Who may read their namespace only still gets the rest."""
    cluster.put(IMAGES, an_app(READY, SETTLED, observed=2, builder="ClusterBuilder"))
    cluster.refuse_next("GET", "clusterbuilders", 403)

    assert await explain(cluster, "app") == 0
    told = capsys.readouterr()
    assert told.err.startswith(f"nothing is known of the builder: GET {CLUSTER_BUILDERS}/paketo")
    assert "No build is due" in told.out


@pytest.mark.parametrize(
    ("image", "said"),
    [
        pytest.param(an_app(READY, SETTLED, observed=0), "The controller has not looked at the image's", id="unseen"),
        pytest.param(an_app(READY), "The controller is about to decide whether build 3 is due.", id="about to decide"),
    ],
)
async def test_what_is_not_decided_yet_is_said(cluster: BuildCluster, capsys: Captured, image: Json, said: str) -> None:
    """Nothing is claimed that the controller did not say."""
    cluster.put(IMAGES, image)

    await explain(cluster, "app")

    assert said in capsys.readouterr().out


async def test_a_request_that_is_still_open_is_told(cluster: BuildCluster, capsys: Captured) -> None:
    """Another build was asked for and comes at once."""
    cluster.put(BUILDS, a_made_build(2, "COMMIT", NEW, succeeded=SUCCEEDED, **{NEEDED: ""}))

    await explain(cluster, "app")

    assert capsys.readouterr().out.endswith("Another build was asked for: build 3 is about to be made.\n")


async def test_an_image_without_builds_is_explained(cluster: BuildCluster, capsys: Captured) -> None:
    """Before the first build there is only what it waits for."""
    image = an_image(name="new", conditions=[]) | {"spec": {"builder": {"name": "paketo"}}}
    cluster.put(IMAGES, image)

    await explain(cluster, "new")

    assert capsys.readouterr().out.splitlines() == [
        "Image default/new is not settled yet; it has no image yet",
        "",
        "No build was made yet.",
        "",
        "The controller is about to decide whether the first build is due.",
    ]


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
async def test_programs_get_whole_values(
    cluster: BuildCluster, capsys: Captured, output: str, read: Callable[[str], Any]
) -> None:
    """Nothing is shortened for a program."""
    await explain(cluster, "app", "-o", output)

    told = read(capsys.readouterr().out)
    assert told["build"]["reasons"] == ["COMMIT"]
    assert told["differences"][0] == {"reason": "COMMIT", "subject": "git revision", "old": OLD, "new": NEW}
    assert (told["previous"], told["newest"], told["nextBuild"], told["hindrances"]) == (1, 2, "None", [])


async def test_an_unknown_number_names_those_that_exist(cluster: BuildCluster, capsys: Captured) -> None:
    """The kept builds are listed."""
    assert await explain(cluster, "app", "-b", "7") == 1
    assert capsys.readouterr().err == "error: build 7 of image default/app does not exist: choose of those kept: 1, 2\n"
