"""The Kubernetes client against an API server in memory."""

import json
from contextlib import aclosing
from pathlib import Path

import pytest

from kpack_reconciler.clients.kube.client import ForbiddenError, GoneError, KubeClient, NotFoundError, PatchStyle
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
from tests.fakes.kubernetes import FakeKubernetes

PODS = "/api/v1/namespaces/team/pods"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, GoneError),
        (422, PermanentError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
    ],
)
async def test_each_refusal_becomes_its_error(status: int, error: type[Exception]) -> None:
    """A status code decides the family of the error, and the message names the request and the server's words."""
    api = FakeKubernetes()
    api.refuse_next("GET", "pods", status)

    async with api.serve() as config, KubeClient(config) as kube:
        with pytest.raises(error, match=r"GET /api/v1/namespaces/team/pods: as ordered"):
            await kube.get(PODS)


async def test_a_server_that_does_not_answer_is_transient() -> None:
    """A refused connection may be accepted later."""
    async with KubeClient(ClusterConfig(server="http://127.0.0.1:1")) as kube:
        with pytest.raises(TransientError, match="GET /version"):
            await kube.get("/version")


async def test_a_rotated_token_is_read_again_on_401(tmp_path: Path) -> None:
    """Bound tokens rotate on disk: a 401 is tried once more with the file's content of now."""
    api = FakeKubernetes()
    api.tokens = {"new"}
    token = tmp_path / "token"
    token.write_text("old")

    async with api.serve() as config, KubeClient(ClusterConfig(server=config.server, token_file=token)) as kube:
        with pytest.raises(PermanentError, match="Unauthorized"):
            await kube.get(PODS)
        token.write_text("new\n")
        answer = await kube.get(PODS)

    assert json.loads(answer)["items"] == []


async def test_a_deletion_is_bound_to_the_uid() -> None:
    """An object that was made anew under the same name is not deleted; one that is gone is no error."""
    api = FakeKubernetes()
    api.put(PODS, {"metadata": {"name": "app", "uid": "second"}})

    async with api.serve() as config, KubeClient(config) as kube:
        with pytest.raises(ConflictError):
            await kube.delete(f"{PODS}/app", uid="first")
        await kube.delete(f"{PODS}/app", uid="second")
        await kube.delete(f"{PODS}/app", uid="second")

    assert api.all(PODS) == []


async def test_a_merge_patch_for_an_old_version_is_a_conflict() -> None:
    """A patch that carries a stale resource version changes nothing."""
    api = FakeKubernetes()
    stale = api.put(PODS, {"metadata": {"name": "app"}})["metadata"]["resourceVersion"]
    api.put(PODS, {"metadata": {"name": "app", "labels": {"new": "yes"}}})

    async with api.serve() as config, KubeClient(config) as kube:
        patch = {"metadata": {"resourceVersion": stale, "labels": {"new": "no"}}}
        with pytest.raises(ConflictError):
            await kube.patch(f"{PODS}/app", patch, style=PatchStyle.MERGE)

    assert api.get(f"{PODS}/app")["metadata"]["labels"] == {"new": "yes"}


async def test_lines_survive_being_torn_into_pieces() -> None:
    """A line is a line however the network cuts it."""
    api = FakeKubernetes()
    api.split_lines = True
    version = api.put(PODS, {"metadata": {"name": "first"}})["metadata"]["resourceVersion"]
    api.put(PODS, {"metadata": {"name": "x" * 1000}})

    async with api.serve() as config, KubeClient(config) as kube:
        lines = kube.lines(PODS, params={"watch": "true", "resourceVersion": version})
        async with aclosing(lines):
            events = [json.loads(await anext(lines)) for _ in range(2)]

    assert [event["type"] for event in events] == ["BOOKMARK", "ADDED"]
    assert events[1]["object"]["metadata"]["name"] == "x" * 1000
