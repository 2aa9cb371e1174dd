"""How a request reaches a registry: address, login, redirects, time, and what becomes of its errors.

Rules:
- A login goes to the registry's own address only: scheme, host and port. Neither where a redirect leads nor where an
  upload continues elsewhere is it sent, and no other host's challenge is answered.
- Redirects are followed when reading; a write that is sent elsewhere is refused.
- A refused login is tried once more with what the refusal asks for, unless the body cannot be sent twice.
- Documents are asked for without compression: their digests are those of the bytes on the wire.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp
from yarl import URL

from kpack_reconciler.clients.registry.answers import refuse
from kpack_reconciler.clients.registry.authorization import Authorizer, pull_scope
from kpack_reconciler.clients.registry.known import KnownRegistries
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.references import ImageReference

_SHORT: Final = aiohttp.ClientTimeout(total=60, connect=10)
_LONG: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_read=300)
_READING: Final = frozenset({"GET", "HEAD"})
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `path` is below the repository; `scopes` the rights that are needed, by default to read.

    `fine` are statuses of 400 and above that are answers. `body` gives the body anew for each attempt; with
    `is_single` it can do so once. `is_long` lets a body take its time, as long as bytes arrive.
    """

    method: str
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Any] | None = None
    scopes: tuple[str, ...] = ()
    fine: frozenset[int] = frozenset()
    is_single: bool = False
    is_long: bool = False

    def with_upload(self, *, headers: Mapping[str, str], scopes: tuple[str, ...]) -> "Call":
        """The same call as an upload with these headers and rights."""
        return replace(self, headers=headers, scopes=scopes, is_long=True)


class Transport:
    """Sends with one keychain."""

    def __init__(self, http: aiohttp.ClientSession, keychain: Keychain, known: KnownRegistries) -> None:
        self._http, self._known = http, known
        self._authorizer = Authorizer(http, keychain, known)

    @asynccontextmanager
    async def request(self, reference: ImageReference, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send to the reference's repository. Raises PermanentError and TransientError."""
        endpoint = await self._known.endpoint(self._http, reference.registry)
        url = URL(f"{endpoint.base}/v2/{reference.repository}/{call.path}").with_query(call.query or None)
        async with self.send(url, reference, call) as response:
            yield response

    @asynccontextmanager
    async def send(self, url: URL, reference: ImageReference, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send to a URL that the reference's registry named. Raises PermanentError and TransientError."""
        registry = reference.registry
        scopes = call.scopes or (pull_scope(reference.repository),)
        try:
            home = _origin(URL((await self._known.endpoint(self._http, registry)).base))
            header = await self._authorizer.header(reference, scopes) if _origin(url) == home else ""
            async with self._attempt(url, call, header) as response:
                again = None
                if response.status == _UNAUTHORIZED and _origin(response.url) == home and not call.is_single:
                    asked = response.headers.getall("WWW-Authenticate", [])
                    again = await self._authorizer.answer(asked, header, reference, scopes)
                if again is None:
                    await _judge(response, reference, call)
                    yield response
                    return
            async with self._attempt(url, call, again) as response:
                await _judge(response, reference, call)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            self._known.forget(registry)
            raise TransientError(f"registry {registry} does not answer: {str(error) or 'timeout'}") from error

    @asynccontextmanager
    async def _attempt(self, url: URL, call: Call, header: str) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept-Encoding": "identity", **call.headers, **({"Authorization": header} if header else {})}
        async with self._http.request(
            call.method,
            url,
            headers=headers,
            data=call.body() if call.body else None,
            timeout=_LONG if call.is_long else _SHORT,
            allow_redirects=call.method in _READING,
        ) as response:
            yield response


async def _judge(response: aiohttp.ClientResponse, reference: ImageReference, call: Call) -> None:
    if response.status not in call.fine:
        await refuse(response, reference)


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port
