"""What registries answer: how much of it is read, and what a refusal means.

Owns limits and errors. Leaves requests to `client`.

Rules:
- No answer is read beyond its limit, whatever it says of its length.
- 401 and 403 are refusals for good, as are 404 and other errors of the request; 408, 429, errors of the server, and a
  manifest whose blobs a garbage collector took meanwhile may pass. `Retry-After` is told with them, up to an hour.
- A registry's own words are quoted on one line, up to a limit; they never come with more than host and path of a URL.
"""

from http import HTTPStatus

import aiohttp
import msgspec
from yarl import URL

from kpack_reconciler.clients.waits import retry_after
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.references import ImageReference

MANIFEST_BYTES = 4 << 20
CONFIG_BYTES = 16 << 20
TOKEN_BYTES = 1 << 20
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading foreign JSON may raise."""

_ERROR_BYTES = 16 << 10
_CHUNK = 64 << 10
_MOST_WORDS = 300
_MAY_PASS = frozenset({408, 429, 499})
_ELSEWHERE, _SERVER_ERROR = 300, 500
_UNAUTHORIZED = "UNAUTHORIZED"
_BLOB_IS_GONE = "MANIFEST_BLOB_UNKNOWN"


class UnauthorizedError(PermanentError):
    """A registry gives a login no right, or asks for one. `what` tells it without a word on what to do.

    Whoever knows who asked says more: `model.registry_access`.
    """

    def __init__(self, what: str, *, registry: str) -> None:
        advice = f"give the service account a secret with credentials for {registry}, or correct the one it has"
        super().__init__("Unauthorized", f"{what}: {advice}")
        self.what = what


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


async def read_bounded(response: aiohttp.ClientResponse, *, limit: int, what: str) -> bytes:
    """The body of an answer; PermanentError when it is longer than it may be."""
    parts, size = [], 0
    async for part in response.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > limit:
            raise PermanentError(
                "AnswerTooLarge",
                f"{what} is larger than the {limit >> 20} MiB that it may have: check the name of the image",
            )
        parts.append(part)
    return b"".join(parts)


async def refuse(response: aiohttp.ClientResponse, reference: ImageReference) -> None:
    """Raise what an answer means; nothing for a good one."""
    status, registry, reads = response.status, reference.registry, response.method in {"GET", "HEAD"}
    if status < _ELSEWHERE:
        return
    errors = await _errors(response)
    said = f"{response.method} {shown(response.url)}: {_words(errors, response)}"
    if status in {401, 403}:
        verb = "read from" if reads else "write to"
        raise UnauthorizedError(f"not allowed to {verb} {reference.repository_name} ({said})", registry=registry)
    if status in _MAY_PASS or status >= _SERVER_ERROR or any(error.code == _BLOB_IS_GONE for error in errors):
        raise TransientError(
            f"registry {registry} answered {status} ({said}); it is asked again later",
            retry_after=retry_after(response),
        )
    if status == HTTPStatus.NOT_FOUND and reads:
        raise PermanentError("NotFound", f"{reference} does not exist (404): check the name of the image ({said})")
    if status == HTTPStatus.NOT_FOUND:
        missing = f"{reference.repository_name} does not exist (404)"
        raise PermanentError("NotFound", f"{missing}: create the repository, or correct the name ({said})")
    raise PermanentError("RegistryRefused", f"registry {registry} answered {status} for {reference} ({said})")


def shown(url: URL) -> str:
    """A URL for messages, without its query, which may hold a signature, and without a login."""
    return str(url.with_user(None).with_query(None))


def one_line(text: str) -> str:
    """Foreign text for messages: printable, on one line, not too long."""
    words = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS] + "…"


async def _errors(response: aiohttp.ClientResponse) -> list[_Error]:
    """The registry's own errors, where it tells them."""
    body = b"" if response.method == "HEAD" else await response.content.read(_ERROR_BYTES)
    try:
        return msgspec.json.decode(body, type=_Errors).errors
    except UNREADABLE:
        return []


def _words(errors: list[_Error], response: aiohttp.ClientResponse) -> str:
    told = one_line(". ".join(": ".join(filter(None, (error.code, error.message))) for error in errors))
    if told or response.status == HTTPStatus.UNAUTHORIZED:
        return told or _UNAUTHORIZED
    return f"unexpected status code {response.status} {one_line(response.reason or '')}".strip()
