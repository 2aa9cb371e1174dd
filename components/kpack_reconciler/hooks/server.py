"""The endpoint of push hooks: reads a request, checks who sent it, tells what it says, answers in words.

Rules:
- Nothing is believed, nor passed on, before the secret is proven; the answer until then tells nothing of what is built.
- Bodies are bounded in size and number before they are read, so that strangers cost little memory: `MOST_AT_ONCE` of
  `MAXIMUM_BYTES` at most. Proven hooks are bounded in number by `Bucket`.
- The answer says what to do next: providers show it beside the delivery.
- Neither body, headers nor secrets are ever logged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from aiohttp import web

from kpack_api.process import HOOKS_NAME, HOOKS_PATH
from kpack_reconciler.hooks.forwarding import FORWARDED
from kpack_reconciler.hooks.limits import Bucket
from kpack_reconciler.metrics import HOOKS, HookOutcome
from kpack_reconciler.model.hook_payloads import read_hook
from kpack_reconciler.model.hooks import (
    Heard,
    ImagesPushed,
    Provider,
    Pushed,
    UnreadableHookError,
    is_proven,
    proof_header,
    provider_of,
)

log = structlog.get_logger(__name__)

MAXIMUM_BYTES = 4 << 20
"""A push of 2,048 commits is some 3 MB; GitHub sends up to 25 MB."""
MOST_AT_ONCE = 16
BURST, PER_SECOND = 200, 50.0
_BODY_SECONDS = 10.0
_SECRET = f"the Secret {HOOKS_NAME} of the service's namespace"

Forward = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, str] | None]]
"""Pass a hook on to the leader: its answer, or None where there is no leader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who reads hooks: `secrets` are those that hold now, `leads` whether this process asks; `pushed` has it ask now.

    `pushed` tells how many questions are asked.
    """

    secrets: Callable[[], tuple[str, ...]]
    leads: Callable[[], bool]
    pushed: Callable[[Pushed | ImagesPushed], int]
    forward: Forward
    now: Callable[[], float]


class _Answer(Exception):  # noqa: N818 - it ends a request, well or badly
    """How a request ends."""

    def __init__(self, status: int, text: str, outcome: HookOutcome) -> None:
        super().__init__(text)
        self.status, self.text, self.outcome = status, text, outcome


def make_app(receiver: Receiver) -> web.Application:
    """The application behind the endpoint."""
    bucket = Bucket(size=BURST, rate=PER_SECOND, now=receiver.now)
    slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def hook(request: web.Request) -> web.Response:
        provider = provider_of(request.headers)
        try:
            answer = await _answer(request, provider, receiver, slots=slots, bucket=bucket)
        except _Answer as early:
            answer = early
        HOOKS.labels(provider or "unknown", answer.outcome).inc()
        log.debug("hook", provider=provider, outcome=answer.outcome)
        again = {"Retry-After": "5"} if answer.status in {429, 503} else {}
        return web.Response(status=answer.status, text=f"{answer.text}\n", headers=again)

    app = web.Application(client_max_size=MAXIMUM_BYTES)
    app.router.add_post(HOOKS_PATH, hook)
    return app


async def _answer(
    request: web.Request,
    provider: Provider | None,
    receiver: Receiver,
    *,
    slots: asyncio.Semaphore,
    bucket: Bucket,
) -> _Answer:
    if provider is None:
        known = ", ".join(Provider)
        raise _Answer(400, f"no hook of a known sender ({known}): see docs/hooks.md", HookOutcome.REFUSED)
    secrets = receiver.secrets()
    if not secrets:
        raise _Answer(503, f"no secret to check hooks with: put one into {_SECRET}", HookOutcome.UNAVAILABLE)
    if slots.locked():
        raise _Answer(429, "too many hooks at once: send this one again later", HookOutcome.LIMITED)
    async with slots:
        body = await _body(request)
        if not is_proven(provider, request.headers, body, secrets):
            wrong = f"{proof_header(provider)} does not prove the secret: set the hook's secret to one of {_SECRET}"
            raise _Answer(401, wrong, HookOutcome.DENIED)
        if not bucket.take():
            raise _Answer(429, "too many hooks: send this one again later", HookOutcome.LIMITED)
        if not receiver.leads():
            return await _forward(request, body, receiver)
    return _tell(provider, request, body, receiver)


async def _body(request: web.Request) -> bytes:
    if "Content-Encoding" in request.headers:
        raise _Answer(415, "the body is compressed: send it as it is", HookOutcome.REFUSED)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        limit = f"the body is larger than {MAXIMUM_BYTES >> 20} MiB: polling will find this push"
        raise _Answer(413, limit, HookOutcome.REFUSED) from error
    except TimeoutError as error:
        raise _Answer(408, f"the body took longer than {_BODY_SECONDS:.0f} s", HookOutcome.REFUSED) from error


async def _forward(request: web.Request, body: bytes, receiver: Receiver) -> _Answer:
    answered = None if FORWARDED in request.headers else await receiver.forward(request.headers, body)
    if answered is None:
        raise _Answer(503, "no controller leads just now: send this hook again later", HookOutcome.UNAVAILABLE)
    return _Answer(answered[0], answered[1].strip(), HookOutcome.FORWARDED)


def _tell(provider: Provider, request: web.Request, body: bytes, receiver: Receiver) -> _Answer:
    try:
        told = read_hook(provider, request.headers, body)
    except UnreadableHookError as error:
        return _Answer(400, str(error), HookOutcome.REFUSED)
    if isinstance(told, Heard):
        return _Answer(200, told.why, HookOutcome.UNCONCERNED)
    asked = receiver.pushed(told)
    if not asked:
        return _Answer(200, "nothing is built from what was pushed", HookOutcome.UNCONCERNED)
    return _Answer(202, f"asking about {asked} source(s) now", HookOutcome.ASKED)
