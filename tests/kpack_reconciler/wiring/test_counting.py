"""What is counted of requests, builds and reviews."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from yarl import URL

from kpack_api.names import BUILD_REASON_ANNOTATION
from kpack_api.types import Build, BuildStatus, BuiltImage, Kind
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.actions import CreateBuild, PatchStatus
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable, RebaseQuestion
from kpack_reconciler.model.failures import Reason
from kpack_reconciler.model.keys import Key
from kpack_reconciler.wiring.counting import (
    count_action,
    count_rebase,
    count_remote_request,
    counting_requests,
    counting_reviews,
    traced,
)
from tests import make
from tests.fakes.kubernetes import FakeKubernetes
from tests.scrape import counted, scraped

ENDED, WAITED = "kpack_builds_ended_total", "kpack_build_waited_seconds"


def patch(status: BuildStatus) -> PatchStatus:
    return PatchStatus(key=Key(Kind.BUILD, "team", "app-build-1"), resource_version="1", status=status, reason="")


def failed(reason: str) -> BuildStatus:
    return BuildStatus(conditions=(make.condition("Succeeded", "False", reason),))


def test_a_build_is_counted_by_its_reasons() -> None:
    """The reasons of one Build stand together, so that the sum over them is the number of Builds."""
    build = make.running_build()
    build = replace(build, metadata=replace(build.metadata, annotations={BUILD_REASON_ANNOTATION: "COMMIT,CONFIG"}))
    before = counted("kpack_builds_created_total", reason="COMMIT,CONFIG")

    count_action(CreateBuild(build=build, reason=""), None)

    assert counted("kpack_builds_created_total", reason="COMMIT,CONFIG") == before + 1


@pytest.mark.parametrize(
    ("status", "result", "failure_class"),
    [
        (make.succeeded_build().status, "succeeded", ""),
        (failed(Reason.NODE_LOST), "failed", "infrastructure"),
        (failed(Reason.BUILDPACK_FAILED), "failed", "application"),
        (failed("TooManyRequests"), "failed", "other"),
    ],
)
def test_an_end_is_counted_by_its_class(status: BuildStatus, result: str, failure_class: str) -> None:
    """The write that ends a Build counts once, by the class of its reason."""
    before = counted(ENDED, result=result, failure_class=failure_class)

    count_action(patch(status), make.running_build())

    assert counted(ENDED, result=result, failure_class=failure_class) == before + 1


def test_a_wait_is_as_long_as_the_conditions_say() -> None:
    """It ends with the write of the pod's name; a position that is told anew, or a fault, ends no wait."""
    told = make.condition("Succeeded", "Unknown", "Queued")
    build = replace(make.running_build(), status=BuildStatus(conditions=(told,)))
    ran = replace(make.condition("Succeeded", "Unknown"), last_transition_time="2026-06-09T04:02:00Z")
    waits = counted(f"{WAITED}_count"), counted(f"{WAITED}_sum")

    count_action(patch(build.status), build)
    count_action(patch(BuildStatus(conditions=(ran,))), build)
    count_action(patch(BuildStatus(conditions=(ran,), pod_name="pod")), make.running_build())
    assert counted(f"{WAITED}_count") == waits[0]

    count_action(patch(BuildStatus(conditions=(ran,), pod_name="pod")), build)
    assert (counted(f"{WAITED}_count"), counted(f"{WAITED}_sum")) == (waits[0] + 1, waits[1] + 120)


@pytest.mark.parametrize(
    ("status", "before"),
    [
        (make.running_build().status, make.running_build()),
        (make.succeeded_build().status, make.succeeded_build()),
        (make.succeeded_build().status, None),
    ],
    ids=["runs on", "had ended", "is gone"],
)
def test_no_other_write_is_an_end(status: BuildStatus, before: Build | None) -> None:
    """A status of a Build that runs on, or that had ended before, ends nothing."""
    ends = counted(ENDED, result="succeeded", failure_class="")

    count_action(patch(status), before)

    assert counted(ENDED, result="succeeded", failure_class="") == ends


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (BuiltImage(latest_image="r/a@sha256:1"), "ok"),
        (NotRebasable(reason="ImageNotFound", message=""), "not_rebasable"),
        (Fault(reason="AccessDenied", message="", permanent=True), "refused"),
        (Fault(reason="RegistryUnavailable", message="", permanent=False), "unavailable"),
    ],
)
def test_a_rebase_is_counted_by_its_result(answer: BuiltImage | NotRebasable | Fault, result: str) -> None:
    """Each outcome of a rebase has its word."""
    question = RebaseQuestion(
        namespace="team", build="b", build_uid="1", service_account="", app_image="a", run_image="r", tags=("t",)
    )
    before = counted("kpack_rebases_total", result=result)

    count_rebase(ImageRebased(question=question, answer=answer, at=make.NOW))

    assert counted("kpack_rebases_total", result=result) == before + 1


@pytest.mark.parametrize(
    ("url", "status", "labels"),
    [
        ("https://github.com/a/b/git-upload-pack", 200, ("git", "github", "ok")),
        ("https://git.example.org/a/info/refs?service=git-upload-pack", 401, ("git", "other", "challenged")),
        ("https://index.docker.io/v2/library/a/manifests/latest", 429, ("registry", "docker", "limited")),
        ("https://auth.docker.io/token?scope=x", 503, ("login", "docker", "failed")),
        ("https://10.0.0.1:5000/v2/", None, ("registry", "other", "unreachable")),
    ],
)
def test_a_remote_request_tells_no_name(url: str, status: int | None, labels: tuple[str, str, str]) -> None:
    """Of a URL only the service and the kind of host are kept."""
    known = dict(zip(("service", "host_class", "result"), labels, strict=True))
    before = counted("kpack_remote_requests_total", **known)

    count_remote_request(URL(url), status)

    assert counted("kpack_remote_requests_total", **known) == before + 1


async def test_requests_to_the_api_server_count_as_in_client_go() -> None:
    """Code, method and host of each answer; `<error>` where there is none."""
    api = FakeKubernetes()
    api.refuse_next("GET", "pods", 503)

    async with api.serve() as config:
        host = URL(config.server).authority
        async with KubeClient(config, answered=counting_requests(config.server)) as kube:
            with pytest.raises(TransientError):
                await kube.get("/api/v1/namespaces/team/pods")
            await kube.get("/api/v1/namespaces/team/pods")
    nobody = ClusterConfig(server="http://127.0.0.1:1")
    async with KubeClient(nobody, answered=counting_requests(nobody.server)) as kube:
        with pytest.raises(TransientError):
            await kube.get("/version")

    seen = [
        counted("rest_client_requests_total", code=code, method="GET", host=at)
        for code, at in (("503", host), ("200", host), ("<error>", "127.0.0.1:1"))
    ]
    assert seen == [1.0, 1.0, 1.0]


async def test_a_session_tells_of_its_requests() -> None:
    """Answers come with their status, failures without; who is cancelled before an answer says nothing."""
    told: list[tuple[str, int | None]] = []
    reached = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_get("/slow", slow)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        http.trace_configs.append(traced(lambda url, status: told.append((url.path, status))))
        async with http.get(server.make_url("/nothing")):
            pass
        waiting = asyncio.create_task(http.get(server.make_url("/slow")).__aenter__())
        await reached.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get("http://127.0.0.1:1/nobody")

    assert told == [("/nothing", 404), ("/nobody", None)]


async def test_reviews_are_counted_by_path_and_code() -> None:
    """Answers, refusals and bugs count for the paths that are served; a stranger's path makes no series."""

    async def review(_: web.Request) -> web.Response:
        return web.json_response({})

    async def refuse(_: web.Request) -> web.Response:
        raise web.HTTPBadRequest

    async def fail(_: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application(middlewares=[counting_reviews("/a", "/b", "/c")])
    app.add_routes([web.post("/a", review), web.post("/b", refuse), web.post("/c", fail), web.post("/d", review)])
    async with TestClient(TestServer(app)) as client:
        for path in "abcd":
            await client.post(f"/{path}")

    seen = [
        scraped("controller_runtime_webhook_requests_total", webhook=path, code=code)
        for path, code in (("/a", "200"), ("/b", "400"), ("/c", "500"), ("/d", "200"))
    ]
    assert seen == [1.0, 1.0, 1.0, None]
    assert counted("controller_runtime_webhook_latency_seconds_count", webhook="/a") == 1.0
