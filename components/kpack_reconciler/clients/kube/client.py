"""One asynchronous client of the Kubernetes API: bytes out, bytes in.

Owns connections, the bearer token, timeouts and the translation of every failure into `errors`. Leaves the meaning of
bodies to its callers.

Rules:
- No exception of aiohttp leaves this module.
- A request that is answered 401 is tried once more with the token read anew.
- Creations, patches and deletions go through `lanes`, which adapt to what the API server bears.
- Messages are the API server's own, with the request that met them. Bodies that we send never appear in them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Self

import aiohttp
import msgspec
from yarl import URL

from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.clients.kube.lanes import BusyError, Lanes
from kpack_reconciler.clients.waits import retry_after
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError

_TOKEN_SECONDS = 60.0
_REQUEST_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
_IN_LANES = frozenset({"POST", "PATCH", "DELETE"})

Answered = Callable[[str, int | None], None]
"""Told of each request: its method, and the status of the answer; None where there was none."""


class NotFoundError(PermanentError):
    """404: the object, its namespace or its kind does not exist."""


class ForbiddenError(PermanentError):
    """403: the API server knows us and says no."""


class GoneError(TransientError):
    """410: the resource version is too old; list again."""


class PatchStyle(StrEnum):
    """Media types of the three kinds of patch that we send."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"


class _Status(msgspec.Struct):
    """metav1.Status, as far as we read it."""

    message: str = ""
    reason: str = ""


class KubeClient:
    """A client of one API server; an asynchronous context manager that owns its connections.

    `answered` is told of its requests.
    """

    def __init__(self, config: ClusterConfig, *, answered: Answered = lambda *_: None) -> None:
        self._config, self._answered = config, answered
        self._token = config.token
        self._token_read_at = float("-inf")
        self._session: aiohttp.ClientSession | None = None
        self._lanes = Lanes()

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._config.tls or True, limit=0),
            headers={"Accept": "application/json", "User-Agent": "kpack-reconciler"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections, also those that stream."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, *, params: Mapping[str, str] | None = None) -> bytes:
        """Read an object or a list."""
        return await self._send("GET", path, params=params)

    async def create(self, path: str, body: Mapping[str, object]) -> bytes:
        """Create an object in a collection; ConflictError where the name is taken."""
        return await self._send("POST", path, body=body)

    async def replace(self, path: str, body: Mapping[str, object]) -> bytes:
        """Write an object whole; ConflictError where its resource version is not the newest."""
        return await self._send("PUT", path, body=body)

    async def patch(self, path: str, body: object, *, style: PatchStyle, field_manager: str = "") -> bytes:
        """Change an object. `APPLY` is server-side apply, forced, and needs a field manager."""
        params = {"fieldManager": field_manager} if field_manager else {}
        if style is PatchStyle.APPLY:
            params["force"] = "true"
        return await self._send("PATCH", path, params=params, body=body, media_type=style)

    async def delete(self, path: str, *, uid: str = "") -> None:
        """Delete an object and, in the background, what it owns. ConflictError where its UID is another.

        An object that is gone already is fine.
        """
        options: dict[str, object] = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            await self._send("DELETE", path, body=options)
        except NotFoundError:
            return

    async def lines(
        self, path: str, *, params: Mapping[str, str] | None = None, read_timeout: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a streamed answer (a watch, a pod's log) as they arrive, without their ends, of any length.

        `read_timeout` is how many seconds of silence are a TransientError; None waits for ever. Close the iterator
        (`contextlib.aclosing`) to end the request.
        """
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=read_timeout)
        async with self._request("GET", path, params=params, timeout=timeout) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *complete, rest = (rest + chunk).split(b"\n")
                for line in complete:
                    yield line
            if rest:
                yield rest

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        media_type: str = "application/json",
    ) -> bytes:
        data = None if body is None else msgspec.json.encode(body)

        async def send() -> bytes:
            async with self._request(
                method, path, params=params, timeout=_REQUEST_TIMEOUT, data=data, media_type=media_type
            ) as response:
                return await response.read()

        return await (self._lanes.carry(send) if method in _IN_LANES else send())

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - of the socket, not of the task
        data: bytes | None = None,
        media_type: str = "",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("KubeClient is used outside its context: `async with KubeClient(config) as kube`")
        status: int | None = None
        try:
            for last_try in (False, True):
                headers = self._headers(media_type if data is not None else "", fresh=last_try)
                async with self._session.request(
                    method,
                    URL(self._config.server + path, encoded=True),
                    params=params,
                    data=data,
                    headers=headers,
                    timeout=timeout,
                ) as response:
                    status = response.status
                    self._answered(method, status)
                    if status == 401 and not last_try and self._config.token_file:  # noqa: PLR2004
                        continue
                    if status >= 400:  # noqa: PLR2004
                        raise _translated(response, await response.read(), request=f"{method} {path}")
                    yield response
                    return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if status is None:
                self._answered(method, None)
            raise TransientError(f"{method} {path}: {type(error).__name__}: {error}") from error

    def _headers(self, media_type: str, *, fresh: bool) -> dict[str, str]:
        now = asyncio.get_running_loop().time()
        if self._config.token_file and (fresh or now - self._token_read_at > _TOKEN_SECONDS):
            self._token = self._config.token_file.read_text().strip()
            self._token_read_at = now
        headers = {"Content-Type": media_type} if media_type else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def _translated(response: aiohttp.ClientResponse, body: bytes, *, request: str) -> Exception:
    """The error of an answer that is not a success (Kubernetes API conventions, "Response Status Kind")."""
    status = response.status
    try:
        told = msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        told = _Status(message=body[:200].decode(errors="replace"))
    message = f"{request}: {told.message.strip() or f'HTTP status {status}'}"
    if status >= 500:  # noqa: PLR2004
        return TransientError(message)
    match status:
        case 403 | 404:
            error, word = (ForbiddenError, "Forbidden") if status == 403 else (NotFoundError, "NotFound")  # noqa: PLR2004
            return error(told.reason or word, message)
        case 408:
            return TransientError(message)
        case 429:
            return BusyError(message, retry_after=retry_after(response))
        case 409 | 410:
            return (ConflictError if status == 409 else GoneError)(message)  # noqa: PLR2004
    return PermanentError(told.reason or "Refused", message)
