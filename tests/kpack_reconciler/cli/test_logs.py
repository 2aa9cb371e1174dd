"""`kpack logs` against an API server in memory, as a person runs it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kpack_reconciler.cli.app import run
from tests.fakes.build_cluster import (
    BUILDS,
    ENDED,
    IMAGES,
    PODS,
    WAITING,
    BuildCluster,
    a_build,
    a_condition,
    a_pod,
    an_image,
)

SUCCEEDED = a_condition("Succeeded", "True")
FAILED = a_condition("Succeeded", "False", "BuildFailed", "build failed: step detect exit 20: no buildpack fits")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BuildCluster]:
    fake = BuildCluster()
    fake.put(IMAGES, an_image(buildCounter=1))
    async with fake.serve_to_people(tmp_path):
        yield fake


async def kpack(cluster: BuildCluster, *arguments: str) -> int:
    """Run the command in a thread, as it brings its own event loop."""
    return await asyncio.to_thread(run, [*arguments, "-kubeconfig", str(cluster.kubeconfig), "-timeout", "20s"])


def put_build(cluster: BuildCluster, number: int, *, succeeded: dict[str, str] = SUCCEEDED) -> None:
    pod = f"pod-{number}"
    cluster.put(BUILDS, a_build(number, succeeded=succeeded, pod=pod))
    cluster.put(PODS, a_pod(pod, {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.logs[pod, "prepare"] = [b"fetched ", b"source\n"]
    cluster.logs[pod, "completion"] = [f"built {number}\n".encode(), b"no newline at the end"]


async def requested(cluster: BuildCluster, path: str, times: int = 2) -> None:
    """Wait until a path was asked for so often: a list, then a watch."""
    async with asyncio.timeout(10):
        while cluster.requests.count(("GET", path)) < times:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)


async def test_a_build_is_shown_container_by_container(cluster: BuildCluster, capsys: Captured) -> None:
    """The words of kpack give each step's log under its heading, in the pod's order, without escapes in a pipe."""
    put_build(cluster, 1)

    code = await kpack(cluster, "logs", "-image", "app", "-build", "1")

    assert code == 0
    assert capsys.readouterr().out == (
        "===> PREPARE\nfetched source\n===> COMPLETION\nbuilt 1\nno newline at the end\n"
    )


async def test_headings_are_cyan_on_a_terminal(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal sees kpack's colour, a log's own bytes stay as they are."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    put_build(cluster, 1)

    await kpack(cluster, "logs", "-image", "app")

    assert capsys.readouterr().out.startswith("\x1b[36m===> PREPARE\x1b[0m\nfetched source\n")


async def test_without_a_number_the_newest_is_shown(cluster: BuildCluster, capsys: Captured) -> None:
    """Build 2 is shown, not build 1."""
    put_build(cluster, 1)
    put_build(cluster, 2)

    code = await kpack(cluster, "logs", "--image", "app")

    told = capsys.readouterr().out
    assert code == 0
    assert "built 2" in told
    assert "built 1" not in told


async def test_a_failed_build_fails_the_command(cluster: BuildCluster, capsys: Captured) -> None:
    """The exit code is not zero, and the build's message stands on standard error; later steps are not waited for."""
    cluster.put(BUILDS, a_build(1, succeeded=FAILED, pod="pod-1"))
    steps = {"detect": {"terminated": {"exitCode": 20}}, "build": WAITING, "completion": WAITING}
    cluster.put(PODS, a_pod("pod-1", steps, phase="Failed"))
    cluster.logs["pod-1", "detect"] = [b"no buildpack fits\n"]

    code = await kpack(cluster, "logs", "-image", "app", "-build", "1")

    told = capsys.readouterr()
    assert code == 1
    assert told.out == "===> DETECT\nno buildpack fits\n"
    assert told.err == "build failed: step detect exit 20: no buildpack fits\n"


async def test_a_build_that_failed_without_a_pod_tells_why(cluster: BuildCluster, capsys: Captured) -> None:
    """A Build may end before it has a pod; its message is all there is."""
    missing = a_condition("Succeeded", "False", "ServiceAccountNotFound", "no service account kpack-bot")
    cluster.put(BUILDS, a_build(1, succeeded=missing))

    code = await kpack(cluster, "logs", "-image", "app", "-build", "1")

    assert code == 1
    assert capsys.readouterr().err == "build failed: no service account kpack-bot\n"


async def test_an_image_that_does_not_exist_is_an_error(cluster: BuildCluster, capsys: Captured) -> None:
    """The message names the image and the next step."""
    code = await kpack(cluster, "logs", "-image", "other", "-build", "1")

    assert code == 1
    assert "image default/other does not exist: `kpack status -A`" in capsys.readouterr().err


async def test_a_running_build_is_followed_to_its_end(cluster: BuildCluster, capsys: Captured) -> None:
    """Build, pod, steps and result are each waited for while they come."""
    cluster.put(IMAGES, an_image(conditions=[a_condition("Ready", "Unknown", "BuilderNotReady", "no builder b")]))

    command = asyncio.create_task(kpack(cluster, "logs", "-image", "app", "-build", "1"))
    await requested(cluster, IMAGES)
    cluster.put(BUILDS, a_build(1))
    cluster.put(IMAGES, an_image(buildCounter=1))
    await requested(cluster, BUILDS, times=4)
    cluster.put(PODS, a_pod("pod-1", {"prepare": WAITING, "completion": WAITING}, phase="Pending"))
    cluster.put(BUILDS, a_build(1, pod="pod-1"))
    await requested(cluster, PODS)
    cluster.logs["pod-1", "prepare"] = [b"fetched source\n"]
    cluster.logs["pod-1", "completion"] = [b"built\n"]
    cluster.put(PODS, a_pod("pod-1", {"prepare": {"running": {}}, "completion": WAITING}))
    await requested(cluster, f"{PODS}/pod-1/log", times=1)
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": {"running": {}}}))
    await requested(cluster, f"{PODS}/pod-1/log", times=2)
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=SUCCEEDED))

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == "===> PREPARE\nfetched source\n===> COMPLETION\nbuilt\n"
    assert "waiting for build 1 of image default/app: BuilderNotReady: no builder b\n" in told.err
    assert "waiting for the pod of build app-build-1-x\n" in told.err


async def test_a_step_that_does_not_start_says_why(cluster: BuildCluster, capsys: Captured) -> None:
    """What Kubernetes says of a waiting container is told while waiting."""
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=a_condition("Succeeded", "Unknown")))
    pulling = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    cluster.put(PODS, a_pod("pod-1", {"prepare": pulling, "completion": WAITING}, phase="Pending"))

    command = asyncio.create_task(kpack(cluster, "logs", "-image", "app"))
    await requested(cluster, PODS)
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=FAILED))
    cluster.remove(f"{PODS}/pod-1")

    assert await command == 1
    told = capsys.readouterr().err
    assert "waiting for step prepare: ImagePullBackOff: no such image\n" in told
    assert "pod pod-1 is gone, and its log with it\n" in told


async def test_a_broken_connection_repeats_no_line(cluster: BuildCluster, capsys: Captured) -> None:
    """A log whose connection breaks goes on after the last line shown."""
    put_build(cluster, 1)
    cluster.logs["pod-1", "prepare"] = [b"one\ntwo\n", None, b"three\n"]

    code = await kpack(cluster, "logs", "-image", "app")

    assert code == 0
    assert capsys.readouterr().out.startswith("===> PREPARE\none\ntwo\nthree\n===> COMPLETION\n")


async def test_a_watch_that_ends_is_opened_anew(cluster: BuildCluster, capsys: Captured) -> None:
    """Neither the end of a watch nor an API server that fades for a moment ends the wait."""
    command = asyncio.create_task(kpack(cluster, "logs", "-image", "app", "-build", "2"))
    await requested(cluster, IMAGES)
    cluster.refuse_next("GET", "images", 503)
    cluster.cut_watches()
    await requested(cluster, IMAGES, times=4)
    put_build(cluster, 2)
    cluster.put(IMAGES, an_image(buildCounter=2))

    assert await command == 0
    assert "built 2" in capsys.readouterr().out


async def test_waiting_ends_with_the_timeout(cluster: BuildCluster, capsys: Captured) -> None:
    """A build that does not come is not waited for without end."""
    code = await asyncio.to_thread(
        run, ["logs", "-image", "app", "-build", "2", "-kubeconfig", str(cluster.kubeconfig), "-timeout", "1s"]
    )

    assert code == 1
    assert "error: not done after 1s" in capsys.readouterr().err


async def test_a_build_deleted_while_waiting_is_an_error(cluster: BuildCluster, capsys: Captured) -> None:
    """A Build that goes away under our eyes ends the wait."""
    cluster.put(BUILDS, a_build(1))

    command = asyncio.create_task(kpack(cluster, "logs", "-image", "app"))
    await requested(cluster, BUILDS, times=3)
    cluster.remove(f"{BUILDS}/app-build-1-x")

    assert await command == 1
    assert "build app-build-1-x was deleted" in capsys.readouterr().err


async def test_ctrl_c_ends_cleanly(cluster: BuildCluster) -> None:
    """Whoever stops waiting sees no trace, and the exit code of an interrupted program."""
    program = "import sys; from kpack_reconciler.cli import main; sys.exit(main())"
    arguments = ("logs", "-image", "app", "-build", "2", "-kubeconfig", str(cluster.kubeconfig))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments, stderr=asyncio.subprocess.PIPE, env={"PYTHONPATH": "components"}
    )
    assert process.stderr is not None
    told = await process.stderr.readline()

    process.send_signal(signal.SIGINT)
    _, rest = await process.communicate()

    assert told == b"waiting for build 2 of image default/app\n"
    assert (process.returncode, rest) == (130, b"")
