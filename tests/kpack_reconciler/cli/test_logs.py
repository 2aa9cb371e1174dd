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
    CUT,
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
    cluster.put(PODS, a_pod(pod, {"prepare": ENDED, "completion": ENDED}, phase="Succeeded", build=number))
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
    """R222: the log is shown to its end, then why it failed, on standard error; later steps are not waited for."""
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


async def test_a_misspelt_image_is_guessed(cluster: BuildCluster, capsys: Captured) -> None:
    """An image of a like name is suggested."""
    assert await kpack(cluster, "logs", "apo") == 1
    assert "image default/apo does not exist: did you mean app?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("app", "-image", "app")], ids=["none", "two"])
async def test_one_image_must_be_named(cluster: BuildCluster, capsys: Captured, arguments: tuple[str, ...]) -> None:
    """Without a name, or with two, there is nothing to follow."""
    assert await kpack(cluster, "logs", *arguments) == 2
    assert capsys.readouterr().err == "error: name one image: `kpack logs NAME` or `kpack logs -image NAME`\n"


async def test_a_cluster_without_kpack_says_so(cluster: BuildCluster, capsys: Captured) -> None:
    """A missing kind is told as what it is."""
    cluster.refuse_next("GET", "images", 404)

    assert await kpack(cluster, "logs", "app") == 1
    assert "install the build service" in capsys.readouterr().err


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
    await requested(cluster, f"{PODS}/pod-1/log", times=3)
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=SUCCEEDED))

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == "===> PREPARE\nfetched source\n===> COMPLETION\nbuilt\n"
    assert "waiting for build 1 of image default/app: BuilderNotReady: no builder b\n" in told.err
    assert "waiting for the pod of build app-build-1-x\n" in told.err


async def test_a_build_that_waits_for_its_turn_says_so(cluster: BuildCluster, capsys: Captured) -> None:
    """With its place, and each time that it is told anew."""
    place = "waits for its turn: {} of 12 in namespace default at 2026-11-24T10:00:00Z; 40 builds run"
    cluster.put(BUILDS, a_build(2, succeeded=a_condition("Succeeded", "Unknown", "Queued", place.format("8th"))))
    command = asyncio.create_task(kpack(cluster, "logs", "-image", "app", "-build", "2"))
    await requested(cluster, PODS, times=1)

    cluster.put(BUILDS, a_build(2, succeeded=a_condition("Succeeded", "Unknown", "Queued", place.format("2nd"))))
    await requested(cluster, PODS, times=2)
    cluster.put(BUILDS, a_build(2, succeeded=a_condition("Succeeded", "False", "PodRefused", "refused")))

    assert await command == 1
    told = capsys.readouterr().err
    for position in ("8th", "2nd"):
        assert f"waiting for the pod of build app-build-2-x: Queued: {place.format(position)}\n" in told


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


async def test_a_stream_that_ends_too_early_loses_no_line(cluster: BuildCluster, capsys: Captured) -> None:
    """The end of a stream is not the end of the log while the step runs."""
    cluster.put(BUILDS, a_build(1, pod="pod-1"))
    cluster.put(PODS, a_pod("pod-1", {"prepare": {"running": {}}, "completion": WAITING}))
    cluster.logs["pod-1", "prepare"] = [b"one\ntwo\nthree\n", CUT, b"four\n"]
    cluster.logs["pod-1", "completion"] = [b"built\n"]

    command = asyncio.create_task(kpack(cluster, "logs", "app"))
    await requested(cluster, f"{PODS}/pod-1/log", times=1)
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=SUCCEEDED))

    assert await command == 0
    assert capsys.readouterr().out == "===> PREPARE\none\ntwo\nthree\nfour\n===> COMPLETION\nbuilt\n"


async def test_a_stream_that_is_cut_is_opened_again_while_the_step_runs(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines show as they are written, also behind a stream that ended in good order."""
    monkeypatch.setattr("kpack_reconciler.cli.log_stream._PATIENCE_SECONDS", 0.05)
    cluster.put(BUILDS, a_build(1, pod="pod-1"))
    cluster.put(PODS, a_pod("pod-1", {"prepare": {"running": {}}, "completion": WAITING}))
    cluster.logs["pod-1", "prepare"] = [b"one\n", CUT, b"two\n"]
    cluster.logs["pod-1", "completion"] = []

    command = asyncio.create_task(kpack(cluster, "logs", "app"))
    await requested(cluster, f"{PODS}/pod-1/log", times=3)
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=SUCCEEDED))

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == "===> PREPARE\none\ntwo\n===> COMPLETION\n"
    assert "the log of step prepare was cut, opening it again\n" in told.err


async def test_a_log_that_cannot_be_read_for_a_moment_is_tried_again(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that does not answer is said, and asked again."""
    monkeypatch.setattr("kpack_reconciler.cli.log_stream._PAUSE_SECONDS", 0.01)
    put_build(cluster, 1)
    cluster.refuse_next("GET", "/log", 502)

    assert await kpack(cluster, "logs", "app") == 0
    told = capsys.readouterr()
    assert "the log of step prepare is interrupted, trying again: " in told.err
    assert told.out.startswith("===> PREPARE\nfetched source\n")


async def test_a_log_that_is_gone_is_passed_over(cluster: BuildCluster, capsys: Captured) -> None:
    """One step's lost log does not end the command."""
    put_build(cluster, 1)
    cluster.refuse_next("GET", "/log", 404)

    assert await kpack(cluster, "logs", "app") == 0
    told = capsys.readouterr()
    assert "the log of step prepare is gone\n" in told.err
    assert told.out.startswith("===> PREPARE\n===> COMPLETION\nbuilt 1\n")


async def test_a_log_that_nobody_can_read_any_more_is_passed_over(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node of a step that has ended may be gone for good."""
    monkeypatch.setattr("kpack_reconciler.cli.log_stream._PAUSE_SECONDS", 0.001)
    put_build(cluster, 1)
    for _ in range(10):
        cluster.refuse_next("GET", "/log", 500)

    assert await kpack(cluster, "logs", "app") == 0
    told = capsys.readouterr()
    assert "the log of step prepare cannot be read\n" in told.err
    assert told.out.startswith("===> PREPARE\n===> COMPLETION\nbuilt 1\n")


async def test_a_pod_made_anew_while_its_log_is_shown_is_another_attempt(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of a pod's namesake is not taken for its own; it follows by itself."""
    monkeypatch.setattr("kpack_reconciler.cli.log_stream._PATIENCE_SECONDS", 0.05)
    cluster.put(BUILDS, a_build(1, pod="pod-1"))
    cluster.put(PODS, a_pod("pod-1", {"prepare": {"running": {}}, "completion": WAITING}))
    cluster.logs["pod-1", "prepare"] = [b"one\n"]
    cluster.logs["pod-1", "completion"] = [b"built\n"]

    command = asyncio.create_task(kpack(cluster, "logs", "app"))
    await requested(cluster, f"{PODS}/pod-1/log", times=1)
    cluster.remove(f"{PODS}/pod-1")
    cluster.put(PODS, a_pod("pod-1", {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod="pod-1", succeeded=SUCCEEDED))

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == "===> PREPARE\none\n===> PREPARE\none\n===> COMPLETION\nbuilt\n"
    assert "pod pod-1 is gone, and the rest of its log with it\n" in told.err


async def test_an_api_server_that_fades_while_following_is_waited_for(cluster: BuildCluster, capsys: Captured) -> None:
    """Once a build is found, no fault that passes ends the command."""
    put_build(cluster, 1)
    cluster.refuse_next("GET", "pods", 503)
    cluster.refuse_next("GET", "pods", 503)

    assert await kpack(cluster, "logs", "app") == 0
    assert "built 1" in capsys.readouterr().out


async def test_times_are_shown_to_whoever_asks(cluster: BuildCluster, capsys: Captured) -> None:
    """`--timestamps` puts its time before each line, as kubectl does."""
    put_build(cluster, 1)

    await kpack(cluster, "logs", "app", "--timestamps")

    assert "\n2026-11-24T10:00:00.0Z fetched source\n" in capsys.readouterr().out


async def test_a_rebase_is_told_instead_of_a_log(cluster: BuildCluster, capsys: Captured) -> None:
    """A Build that the controller rebased never had a pod: that is said, with the Build's own words."""
    rebased = a_build(1, succeeded=a_condition("Succeeded", "True", "Rebased", "blobs mounted: 9"))
    rebased["status"] |= {"stepsCompleted": ["rebase"], "stack": {"runImage": "reg/run@sha256:2"}}
    cluster.put(BUILDS, rebased)

    assert await kpack(cluster, "logs", "app") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "build app-build-1-x was rebased by the controller onto reg/run@sha256:2: no pod ran, so no log",
        "Rebased: blobs mounted: 9",
        "build app-build-1-x succeeded",
    ]


async def test_a_rebase_to_come_is_waited_for_as_such(cluster: BuildCluster, capsys: Captured) -> None:
    """Where only the run image changed, nobody is told to wait for a pod."""
    coming = a_build(1)
    coming["metadata"]["annotations"] = {"image.build.pivotal.io/reason": "STACK"}
    coming["spec"] = {"lastBuild": {"image": "reg/app@sha256:1"}}
    cluster.put(BUILDS, coming)

    command = asyncio.create_task(kpack(cluster, "logs", "app"))
    await requested(cluster, BUILDS, times=3)
    ended = a_build(1, succeeded=SUCCEEDED)
    ended["status"]["stepsCompleted"] = ["rebase"]
    cluster.put(BUILDS, ended)

    assert await command == 0
    told = capsys.readouterr().err
    assert "waiting for the rebase of build app-build-1-x\n" in told
    assert "build app-build-1-x was rebased by the controller: no pod ran, so no log\n" in told


async def test_every_attempt_is_shown_in_order(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of the infrastructure is tried again in another pod; both logs are shown, however long the pause."""
    first, second = "app-build-1-x-build-pod", "app-build-1-x-build-pod-2"
    cluster.put(BUILDS, a_build(1, pod=first))
    cluster.put(
        PODS, a_pod(first, {"prepare": {"terminated": {"exitCode": 75}}, "completion": WAITING}, phase="Failed")
    )
    cluster.logs[first, "prepare"] = [b"the git server does not answer\n"]
    cluster.logs[second, "prepare"] = [b"fetched source\n"]
    cluster.logs[second, "completion"] = [b"built\n"]

    command = asyncio.create_task(kpack(cluster, "logs", "app"))
    await requested(cluster, BUILDS, times=4)
    looks = cluster.requests.count(("GET", PODS))
    monkeypatch.setattr("kpack_reconciler.cli.logs._VERDICT_SECONDS", 0.0)
    pausing = a_condition("Succeeded", "Unknown", "RemoteUnavailable", "attempt 1 of 3; the next one in 60 s")
    cluster.put(BUILDS, a_build(1, pod=first, succeeded=pausing))
    await requested(cluster, PODS, times=looks + 1)
    retrying = a_condition("Succeeded", "Unknown", "Retrying", "attempt 2 of 3")
    cluster.put(BUILDS, a_build(1, pod=first, succeeded=retrying))
    await requested(cluster, PODS, times=looks + 2)
    cluster.put(PODS, a_pod(second, {"prepare": ENDED, "completion": ENDED}, phase="Succeeded"))
    cluster.put(BUILDS, a_build(1, pod=second, succeeded=SUCCEEDED))

    assert await command == 0
    told = capsys.readouterr()
    assert told.out == (
        "===> PREPARE\nthe git server does not answer\n===> PREPARE\nfetched source\n===> COMPLETION\nbuilt\n"
    )
    waiting = "waiting for the result of build app-build-1-x: "
    assert f"{waiting}RemoteUnavailable: attempt 1 of 3; the next one in 60 s\n{waiting}Retrying: attempt" in told.err
    assert f"attempt 2 of build app-build-1-x, in pod {second}\n" in told.err


async def test_a_pod_that_its_build_gave_up_on_is_not_waited_for(cluster: BuildCluster, capsys: Captured) -> None:
    """Once the Build has failed, nothing in its pod will start, though the pod still says that it waits."""
    cluster.put(
        BUILDS, a_build(1, succeeded=a_condition("Succeeded", "False", "Unschedulable", "no node"), pod="pod-1")
    )
    cluster.put(PODS, a_pod("pod-1", {"prepare": WAITING, "completion": WAITING}, phase="Pending"))

    assert await kpack(cluster, "logs", "app") == 1
    assert capsys.readouterr().err == "build failed: no node\n"


async def test_pods_that_are_gone_are_named(cluster: BuildCluster, capsys: Captured) -> None:
    """Of a build whose pods somebody deleted nothing is left but the result."""
    cluster.put(BUILDS, a_build(1, pod="app-build-1-x-build-pod-2", succeeded=SUCCEEDED))

    assert await kpack(cluster, "logs", "app") == 0
    assert capsys.readouterr().err.splitlines() == [
        "pod app-build-1-x-build-pod is gone, and its log with it",
        "attempt 2 of build app-build-1-x, in pod app-build-1-x-build-pod-2",
        "pod app-build-1-x-build-pod-2 is gone, and its log with it",
        "build app-build-1-x succeeded",
    ]


async def test_a_result_that_is_never_told_ends_the_wait(
    cluster: BuildCluster, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the pod has ended and the controller says nothing, the reader is sent to the controller's log."""
    monkeypatch.setattr("kpack_reconciler.cli.logs._VERDICT_SECONDS", 0.05)
    put_build(cluster, 1)
    cluster.put(BUILDS, a_build(1, pod="pod-1"))

    assert await kpack(cluster, "logs", "app") == 1
    assert "no result is told: is the controller running? See `kubectl logs" in capsys.readouterr().err


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

    assert told == b"waiting for build 2 of image default/app (the newest is 1)\n"
    assert (process.returncode, rest) == (130, b"")
