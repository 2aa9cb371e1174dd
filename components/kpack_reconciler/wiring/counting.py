"""Counts what other parts do not count themselves: requests, builds, reviews.

Rules:
- A build is counted by the process that wrote it, once: after its write succeeded.
- Clients know of no metrics: they tell of their requests, or aiohttp does. Redirects count with their request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import perf_counter
from types import SimpleNamespace

import aiohttp
from aiohttp import web
from yarl import URL

from kpack_api.names import BUILD_REASON_ANNOTATION, ConditionType
from kpack_api.types import Build, BuildStatus
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.decide.builds import is_running, succeeded_condition
from kpack_reconciler.metrics import (
    API_REQUESTS,
    BUILD_WAITED,
    BUILDS_CREATED,
    BUILDS_ENDED,
    OTHER_FAILURE,
    REBASES,
    REMOTE_REQUESTS,
    REVIEW_SECONDS,
    REVIEWS,
    fault_result,
    status_result,
)
from kpack_reconciler.model.actions import Action, CreateBuild, PatchStatus
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable
from kpack_reconciler.model.failures import failure_class
from kpack_reconciler.model.host_classes import host_class
from kpack_reconciler.model.turns import QUEUED

Answered = Callable[[URL, int | None], None]
"""Told of each request: its URL, and the status of the answer; None where there was none."""
_GIT = ("/git-upload-pack", "/info/refs")


def counting_requests(server: str) -> Callable[[str, int | None], None]:
    """How to count requests to the API server at this URL, as client-go does."""
    host = URL(server).authority

    def count(method: str, status: int | None) -> None:
        API_REQUESTS.labels("<error>" if status is None else status, method, host).inc()

    return count


def count_remote_request(url: URL, status: int | None) -> None:
    """A request to whatever is not the API server."""
    service = "git" if url.path.endswith(_GIT) else "registry" if url.path.startswith("/v2/") else "login"
    result = "unreachable" if status is None else status_result(status)
    REMOTE_REQUESTS.labels(service, host_class(url.host or ""), result).inc()


def traced(answered: Answered) -> aiohttp.TraceConfig:
    """Have a session's requests told to `answered`; those that are cancelled before an answer are not."""

    async def end(_: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestEndParams) -> None:
        answered(request.url, request.response.status)

    async def fail(_: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestExceptionParams) -> None:
        if not isinstance(request.exception, asyncio.CancelledError):
            answered(request.url, None)

    config = aiohttp.TraceConfig()
    config.on_request_end.append(end)
    config.on_request_exception.append(fail)
    config.freeze()
    return config


def count_action(action: Action, before: object) -> None:
    """A Build that was created, or has ended by this write; `before` is the object as it was when it was decided."""
    match action:
        case CreateBuild(build=build):
            BUILDS_CREATED.labels(build.metadata.annotations.get(BUILD_REASON_ANNOTATION, "")).inc()
        case PatchStatus(status=BuildStatus() as status) if isinstance(before, Build) and is_running(before):
            _count_wait(status, succeeded_condition(before))
            _count_end(status)


def _count_wait(status: BuildStatus, before: Condition) -> None:
    """A Build that has its pod now; the times of its conditions say how long it waited for its turn."""
    now = find_condition(status.conditions, ConditionType.SUCCEEDED)
    began, ended = before.last_transition_time, now.last_transition_time if now else None
    if before.reason == QUEUED and status.pod_name and began and ended:
        BUILD_WAITED.observe((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())


def _count_end(status: BuildStatus) -> None:
    for condition in status.conditions:
        if condition.status == ConditionStatus.TRUE:
            BUILDS_ENDED.labels("succeeded", "").inc()
        elif condition.status == ConditionStatus.FALSE:
            BUILDS_ENDED.labels("failed", failure_class(condition.reason) or OTHER_FAILURE).inc()


def count_rebase(fact: ImageRebased) -> None:
    """A rebase that ended."""
    match fact.answer:
        case NotRebasable():
            result = "not_rebasable"
        case Fault() as fault:
            result = fault_result(fault)
        case _:
            result = "ok"
    REBASES.labels(result).inc()


def counting_reviews(*paths: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that counts what comes to these paths, and nothing else: a path of a stranger is no label."""

    @web.middleware
    async def count(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path not in paths:
            return await handler(request)
        started, code = perf_counter(), 500
        try:
            response = await handler(request)
            code = response.status
        except web.HTTPException as refusal:
            code = refusal.status
            raise
        finally:
            REVIEW_SECONDS.labels(request.path).observe(perf_counter() - started)
            REVIEWS.labels(request.path, code).inc()
        return response

    return count
