"""Tokens for repositories: asked for, and kept until shortly before they expire.

Owns the requests to token servers (distribution spec, token authentication) and what is kept of the answers. Leaves
which login and which rights to `authorization`.

Rules:
- A token is kept by server, rights and login, for whoever asks with the same; it is asked for once at a time.
- A password goes to a token server over https only, unless the registry itself is spoken to over http.
- An identity token is sent in a body that no redirect takes elsewhere.
"""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import msgspec

from kpack_reconciler.clients.registry.answers import (
    TOKEN_BYTES,
    UNREADABLE,
    UnauthorizedError,
    read_bounded,
)
from kpack_reconciler.clients.registry.challenges import Challenge
from kpack_reconciler.clients.waits import retry_after
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Login

_REFUSALS = frozenset({400, 401, 403, 404})
_CLIENT_ID = "kpack"
_USED_FOR = 0.9  # of a token's life; its clock and ours may differ
_MOST_KEPT = 1024
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a token is asked for: rights at a registry, most wanted first, as what the challenge told."""

    registry: str
    challenge: Challenge
    scopes: tuple[str, ...]
    login: Login | None
    plain: bool


class _Answer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


@dataclass(slots=True)
class Tokens:
    """The tokens of one process. `monotonic` gives seconds."""

    monotonic: Callable[[], float] = time.monotonic
    _kept: dict[TokenRequest, tuple[str, float]] = field(default_factory=dict)
    _locks: dict[TokenRequest, asyncio.Lock] = field(default_factory=dict)

    async def find(self, http: aiohttp.ClientSession, request: TokenRequest) -> str:
        """A token that serves for now. Raises PermanentError where none is given, and TransientError."""
        async with self._locks.setdefault(request, asyncio.Lock()):
            text, until = self._kept.get(request, ("", 0.0))
            if not text or until <= self.monotonic():
                text, seconds = await ask_for_token(http, request)
                self._keep(request, text, seconds)
            return text

    async def replace(
        self, http: aiohttp.ClientSession, request: TokenRequest, *, refused: str, scopes: tuple[str, ...]
    ) -> str:
        """Another token in the place of a refused one, with the rights that the registry named."""
        async with self._locks.setdefault(request, asyncio.Lock()):
            text, _ = self._kept.get(request, ("", 0.0))
            if not text or text == refused:
                wider = TokenRequest(
                    registry=request.registry,
                    challenge=request.challenge,
                    scopes=scopes,
                    login=request.login,
                    plain=request.plain,
                )
                text, seconds = await ask_for_token(http, wider)
                self._keep(request, text, seconds)
            return text

    def _keep(self, request: TokenRequest, text: str, seconds: float) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
            self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}
        self._kept[request] = (text, self.monotonic() + seconds * _USED_FOR)


async def ask_for_token(http: aiohttp.ClientSession, request: TokenRequest) -> tuple[str, float]:
    """A new token and for how many seconds it serves. Raises PermanentError and TransientError."""
    realm = request.challenge.realm
    if not realm.startswith(("https://", "http://") if request.plain else "https://"):
        raise PermanentError(
            "InsecureTokenServer",
            f"registry {request.registry} asks to log in at {realm}, without encryption: no login is sent there",
        )
    try:
        refresh = request.login.refresh_token if request.login else ""
        body = await _exchange(http, request, refresh) if refresh else None
        body = body if body is not None else await _ask(http, request)
        answer = msgspec.json.decode(body, type=_Answer)
    except (aiohttp.ClientError, TimeoutError, *UNREADABLE) as error:
        raise TransientError(f"no token from {realm}: {str(error) or 'timeout'}") from error
    if not (text := answer.access_token or answer.token):
        raise TransientError(f"no token from {realm}: its answer holds none")
    return text, 60.0 if answer.expires_in is None else answer.expires_in


def basic(login: Login | None) -> str:
    """The header for a user name and password; "" where there is none, or a token in their place."""
    if login is None or not login.username or login.refresh_token:
        return ""
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


async def _ask(http: aiohttp.ClientSession, request: TokenRequest) -> bytes:
    query = [("scope", scope) for scope in request.scopes]
    if request.challenge.service:
        query.append(("service", request.challenge.service))
    headers = {"Authorization": header} if (header := basic(request.login)) else {}
    async with http.get(request.challenge.realm, params=query, headers=headers, timeout=_TIMEOUT) as response:
        return await _body(response, request)


async def _exchange(http: aiohttp.ClientSession, request: TokenRequest, refresh_token: str) -> bytes | None:
    """What an identity token is given for; None where the server does not know of such."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "service": request.challenge.service,
        "scope": " ".join(request.scopes),
        "client_id": _CLIENT_ID,
    }
    realm = request.challenge.realm
    async with http.post(realm, data=form, timeout=_TIMEOUT, allow_redirects=False) as response:
        return None if response.status == HTTPStatus.NOT_FOUND else await _body(response, request)


async def _body(response: aiohttp.ClientResponse, request: TokenRequest) -> bytes:
    realm, status = request.challenge.realm, response.status
    if status in _REFUSALS:
        said = f"{realm} gives no token for {' '.join(request.scopes)} ({status})"
        raise UnauthorizedError(said, registry=request.registry)
    if status != HTTPStatus.OK:
        raise TransientError(f"{realm} answered {status} to a token request", retry_after=retry_after(response))
    return await read_bounded(response, limit=TOKEN_BYTES, what=f"the answer of {realm}")
