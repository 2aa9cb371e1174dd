"""What failures of the conversation mean, and what to do next."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from kpack_reconciler.cli.app import run
from kpack_reconciler.cli.faults import fault_text
from kpack_reconciler.clients.kube.client import ForbiddenError
from kpack_reconciler.errors import PermanentError, TransientError
from tests.fakes.build_cluster import BuildCluster

Captured = pytest.CaptureFixture[str]


def refusal(verb: str, resource: str, group: str, where: str) -> ForbiddenError:
    user = f'User "dev" cannot {verb} resource "{resource}" in API group "{group}"'
    return ForbiddenError("Forbidden", f"GET /: it is forbidden: {user} {where}".rstrip())


@pytest.mark.parametrize(
    ("error", "next_step"),
    [
        pytest.param(
            refusal("list", "images", "build.pivotal.io", 'in the namespace "team"'),
            "Ask for a role with verb list on images in namespace team;"
            " `kubectl auth can-i list images.build.pivotal.io -n team` tells when you have it",
            id="a kind of ours",
        ),
        pytest.param(
            refusal("get", "pods/log", "", 'in the namespace "team"'),
            "Ask for a role with verb get on pods/log in namespace team;"
            " `kubectl auth can-i get pods --subresource=log -n team` tells when you have it",
            id="a subresource of the core",
        ),
        pytest.param(
            refusal("get", "clusterbuilders", "build.pivotal.io", "at the cluster scope"),
            "Ask for a role with verb get on clusterbuilders in the whole cluster;"
            " `kubectl auth can-i get clusterbuilders.build.pivotal.io -A` tells when you have it",
            id="a kind of the cluster",
        ),
        pytest.param(
            ForbiddenError("Forbidden", "GET /: no"),
            "Ask for the right to read images, builds, pods and pods/log there",
            id="words that we do not know",
        ),
        pytest.param(
            PermanentError("Unauthorized", "GET /: Unauthorized"),
            "the cluster does not know you. Log in again, or choose another --context",
            id="not let in",
        ),
        pytest.param(
            PermanentError("UnreadableKubeconfig", "cannot read kubeconfig /x"),
            "Name the file with --kubeconfig or $KUBECONFIG, and one of its contexts with --context",
            id="no kubeconfig",
        ),
        pytest.param(
            TransientError("GET /: refused"), "Check that it is up, or choose another --context", id="no answer"
        ),
        pytest.param(
            msgspec.DecodeError("JSON is malformed"), "Check the server of the kubeconfig", id="no API server at all"
        ),
        pytest.param(PermanentError("Other", "read it again"), "read it again", id="says it by itself"),
    ],
)
def test_every_failure_ends_with_the_next_step(error: Exception, next_step: str) -> None:
    """Whoever reads the line knows what to do."""
    assert str(error) in fault_text(error)
    assert fault_text(error).endswith(next_step)


def test_a_missing_kubeconfig_is_named(tmp_path: Path, capsys: Captured) -> None:
    """The path that was looked at is told."""
    assert run(["status", "-kubeconfig", str(tmp_path / "none")]) == 1
    assert f"cannot read kubeconfig {tmp_path}/none" in capsys.readouterr().err


async def test_a_cluster_that_is_down_is_named(tmp_path: Path, capsys: Captured) -> None:
    """A connection that is refused is told as what it is, in one line."""
    cluster = BuildCluster()
    async with cluster.serve_to_people(tmp_path):
        pass

    assert await asyncio.to_thread(run, ["builds", "app", "-kubeconfig", str(cluster.kubeconfig)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: the cluster does not answer: GET /apis/build.pivotal.io/")
    assert told.count("\n") == 1


def test_a_limit_that_is_no_duration_is_told(tmp_path: Path, capsys: Captured) -> None:
    """Nothing is asked of a cluster before the options are understood."""
    assert run(["status", "-timeout", "soon", "-kubeconfig", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == "error: 'soon' is not a duration: write e.g. 90s, 10m or 1h\n"
