"""From a pod's end to the reason of its failure. Pod reasons are Kubernetes', exit codes the CNB lifecycle's."""

import pytest
from msgspec.structs import replace

from kpack_api.core import ContainerStatus, Pod, PodCondition, PodStatus
from kpack_reconciler.decide.pod_failure import pod_failure
from kpack_reconciler.model.failures import FailureClass, Reason, failure_class, is_retried
from tests import make

BUILD = make.running_build()
ASKED = "2026-06-09T04:02:00Z"


def failed(*steps: ContainerStatus, reason: str = "", message: str = "", disruption: str = "") -> Pod:
    conditions = ()
    if disruption:
        conditions = (PodCondition(type="DisruptionTarget", status="True", reason=disruption, message="told so"),)
    status = PodStatus(
        phase="Failed", reason=reason, message=message, conditions=conditions, init_container_statuses=steps
    )
    return make.pod(BUILD, status)


def step(name: str, exit_code: int, message: str = "", reason: str = "Error", finished: str = "") -> ContainerStatus:
    ended = make.terminated(name, exit_code, message, reason)
    assert ended.state.terminated is not None
    end = replace(ended.state.terminated, finished_at=finished or None)
    return replace(ended, state=replace(ended.state, terminated=end))


def deleted(pod: Pod) -> Pod:
    """The pod with its deletion asked for at `ASKED`, with half a minute of grace."""
    metadata = replace(pod.metadata, deletion_timestamp="2026-06-09T04:02:30Z", deletion_grace_period_seconds=30)
    return replace(pod, metadata=metadata)


@pytest.mark.parametrize(
    ("name", "exit_code", "message", "reason"),
    [
        pytest.param("detect", 20, "No buildpack groups passed", Reason.DETECT_FAILED, id="20"),
        pytest.param("detect", 21, "", Reason.DETECT_FAILED, id="21"),
        pytest.param("detect", 100, "", Reason.DETECT_FAILED, id="100 of an old lifecycle"),
        pytest.param("build", 51, "npm ERR!", Reason.BUILDPACK_FAILED, id="51"),
        pytest.param("build", 145, "npm ERR!", Reason.BUILDPACK_FAILED, id="401 of an old lifecycle"),
        pytest.param("build", 51, "status code 503", Reason.BUILDPACK_FAILED, id="a buildpack's log is not believed"),
        pytest.param("build", 52, "", Reason.BUILD_STEP_FAILED, id="52"),
        pytest.param("build", 137, "", Reason.BUILD_STEP_FAILED, id="killed"),
        pytest.param("analyze", 32, "invalid previous image", Reason.ANALYZE_FAILED, id="32"),
        pytest.param("analyze", 3, "parse arguments", Reason.ANALYZE_FAILED, id="3"),
        pytest.param("detect", 11, "", Reason.INCOMPATIBLE_LIFECYCLE, id="11"),
        pytest.param("export", 12, "", Reason.INCOMPATIBLE_LIFECYCLE, id="12"),
        pytest.param("restore", 42, "layer not found", Reason.RESTORE_FAILED, id="42"),
        pytest.param("export", 62, "no space left", Reason.EXPORT_FAILED, id="62"),
        pytest.param("export", 62, "502 Bad Gateway", Reason.REMOTE_UNAVAILABLE, id="registry answers 502"),
        pytest.param(
            "export", 246, "unexpected status code 429 Too Many Requests", Reason.REMOTE_UNAVAILABLE, id="rate limit"
        ),
        pytest.param(
            "analyze", 1, "dial tcp 10.0.0.1:443: connect: connection refused", Reason.REMOTE_UNAVAILABLE, id="down"
        ),
        pytest.param(
            "analyze", 1, "UNAUTHORIZED: authentication required", Reason.ACCESS_DENIED, id="registry answers 401"
        ),
        pytest.param("export", 62, "DENIED: requested access", Reason.ACCESS_DENIED, id="registry denies"),
        pytest.param("export", 62, "open /layers: permission denied", Reason.EXPORT_FAILED, id="a file system denies"),
        pytest.param("prepare", 1, "Permission denied (publickey).", Reason.ACCESS_DENIED, id="a git server denies"),
        pytest.param("prepare", 1, "Not A Tag", Reason.PREPARE_FAILED, id="prepare"),
        pytest.param("prepare", 75, "git.example: 503", Reason.REMOTE_UNAVAILABLE, id="prepare says: try again"),
        pytest.param("prepare", 77, "no credential", Reason.ACCESS_DENIED, id="prepare says: no right"),
        pytest.param("completion", 1, "no digest", Reason.COMPLETION_FAILED, id="completion"),
        pytest.param("istio-init", 1, "", Reason.CONTAINER_FAILED, id="a container of somebody else"),
    ],
)
def test_a_step_s_end_has_a_reason(name: str, exit_code: int, message: str, reason: Reason) -> None:
    """By step, exit code, and for steps that talk to registries by the registry's words."""
    failure = pod_failure(failed(step(name, exit_code, message)))

    assert failure.reason is reason
    assert failure.message.startswith(f"build failed: step {name} exit {exit_code}: ")
    assert failure.hint


@pytest.mark.parametrize(
    ("pod", "reason"),
    [
        pytest.param(failed(step("build", 137, reason="OOMKilled")), Reason.OUT_OF_MEMORY, id="memory"),
        pytest.param(
            failed(step("detect", 128, "exec: no such file or directory", "StartError")),
            Reason.STEP_NOT_STARTED,
            id="no lifecycle in the image",
        ),
        pytest.param(
            failed(step("detect", 128, "containerd shim is gone", "StartError")),
            Reason.POD_STOPPED,
            id="the node's runtime",
        ),
        pytest.param(
            failed(step("build", 137, reason="ContainerStatusUnknown")), Reason.NODE_LOST, id="the node restarted"
        ),
        pytest.param(
            failed(step("istio-proxy", 143), step("build", 51)),
            Reason.BUILDPACK_FAILED,
            id="a sidecar ends with the pod",
        ),
        pytest.param(failed(reason="DeadlineExceeded"), Reason.DEADLINE_EXCEEDED, id="deadline"),
        pytest.param(
            failed(step("build", 137), reason="Evicted", message="The node was low on resource: memory."),
            Reason.EVICTED,
            id="R131",
        ),
        pytest.param(
            failed(reason="Evicted", message='Usage of EmptyDir volume "layers-dir" exceeds the limit "1Gi".'),
            Reason.DISK_LIMIT_EXCEEDED,
            id="evicted for its own disk limit",
        ),
        pytest.param(failed(reason="Preempting"), Reason.EVICTED, id="preempted by the kubelet"),
        pytest.param(
            failed(step("build", 143), disruption="EvictionByEvictionAPI"), Reason.EVICTED, id="the node is drained"
        ),
        pytest.param(failed(disruption="DeletionByTaintManager"), Reason.NODE_LOST, id="the node is not ready"),
        pytest.param(failed(reason="NodeLost"), Reason.NODE_LOST, id="the node is lost"),
        pytest.param(
            failed(reason="Terminated", message="Pod was terminated in response to imminent node shutdown."),
            Reason.NODE_LOST,
            id="the node shuts down",
        ),
        pytest.param(failed(reason="OutOfcpu"), Reason.POD_REJECTED, id="the kubelet has no room"),
        pytest.param(failed(reason="NodeAffinity"), Reason.POD_REJECTED, id="the node changed"),
        pytest.param(failed(), Reason.POD_STOPPED, id="nobody says why"),
        pytest.param(deleted(failed(step("build", 2, finished=ASKED))), Reason.POD_DELETED, id="killed with its pod"),
        pytest.param(deleted(failed(step("build", 2))), Reason.POD_DELETED, id="killed at no known time"),
        pytest.param(deleted(failed()), Reason.POD_DELETED, id="deleted before any step ended"),
        pytest.param(
            deleted(failed(step("detect", 20, finished="2026-06-09T04:01:59Z"))),
            Reason.DETECT_FAILED,
            id="failed before it was deleted",
        ),
    ],
)
def test_what_was_done_to_a_pod_comes_first(pod: Pod, reason: Reason) -> None:
    """A step that was killed with its pod did not fail by itself."""
    assert pod_failure(pod).reason is reason


@pytest.mark.parametrize(
    ("pod", "kind", "retried"),
    [
        (failed(step("build", 51)), FailureClass.APPLICATION, False),
        (failed(step("build", 137, reason="OOMKilled")), FailureClass.CONFIGURATION, False),
        (failed(step("export", 62, "UNAUTHORIZED")), FailureClass.CREDENTIALS, False),
        (failed(reason="DeadlineExceeded"), FailureClass.TIMEOUT, False),
        (failed(reason="Evicted"), FailureClass.EVICTED, True),
        (failed(reason="NodeLost"), FailureClass.INFRASTRUCTURE, True),
        (failed(step("export", 62, "503 Service Unavailable")), FailureClass.INFRASTRUCTURE, True),
    ],
)
def test_the_class_decides_on_another_attempt(pod: Pod, kind: FailureClass, *, retried: bool) -> None:
    """Each class of the issue, and whether it is worth a retry."""
    reason = pod_failure(pod).reason

    assert (failure_class(reason), is_retried(reason)) == (kind, retried)


@pytest.mark.parametrize(
    ("pod", "hint"),
    [
        (failed(step("detect", 20)), "spec.source.subPath"),
        (failed(step("detect", 22)), "a buildpack could not look at the source"),
        (failed(step("build", 137)), "spec.build.resources.limits.memory"),
        (failed(step("analyze", 3)), "use another builder image"),
        (failed(step("prepare", 3)), "correct what the last line names"),
        (failed(step("restore", 42)), "builds again; the whole log: kubectl logs -n team app-build-1-7b56t-build-pod"),
        (failed(step("export", 62, "DENIED")), "Secret"),
    ],
)
def test_a_failure_says_what_to_do(pod: Pod, hint: str) -> None:
    """The last line of the message is for the reader's next step."""
    failure = pod_failure(pod)

    assert hint in failure.message.splitlines()[-1]


def test_without_output_the_log_s_place_is_told() -> None:
    """An empty termination message is said to be one; the way to the log ends every message of a step (R130, R132)."""
    failure = pod_failure(failed(step("prepare", 1)))

    assert failure.told == "step prepare exit 1: no output"
    assert failure.hint.endswith("; the whole log: kubectl logs -n team app-build-1-7b56t-build-pod -c prepare")


def test_a_log_s_tail_is_bounded_and_carries_no_secrets_and_no_colours() -> None:
    """R133 and R134; an Event may have 1024 characters, hint included."""
    log = "\n".join([*("x" * 900 for _ in range(20)), "\x1b[31mfatal: https://u:p@git.example: \x00no\x1b[0m", ""])

    message = pod_failure(failed(step("prepare", 1, log))).message

    assert "fatal: https://***@git.example: no\n" in message
    assert len(message) <= 1024 - 2 * 63


def test_a_disrupted_pod_tells_by_whom() -> None:
    """Where the pod itself says nothing."""
    assert pod_failure(failed(disruption="EvictionByEvictionAPI")).told.endswith("-build-pod failed: told so")
