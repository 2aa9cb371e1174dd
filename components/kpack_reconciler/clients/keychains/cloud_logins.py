"""What a cloud gives, and how it is asked: the contract of the modules for each cloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import aiohttp
import msgspec

from kpack_reconciler.clients.registry.answers import TOKEN_BYTES, UNREADABLE, read_bounded
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.credentials import Login

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=2)
_OK = 200
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudLogin:
    """A login and its end (UTC)."""

    login: Login
    expires_at: datetime


class AskCloud(Protocol):
    """Asks one cloud."""

    async def __call__(self, registry: str) -> CloudLogin:
        """A new login for a registry of this cloud. Raises TransientError or PermanentError where there is none."""


async def get_json(http: aiohttp.ClientSession, url: str, shape: type[_T], *, headers: Mapping[str, str]) -> _T:
    """What a metadata server answers. Raises TransientError."""
    try:
        async with http.get(url, headers=headers, timeout=_TIMEOUT, allow_redirects=False) as response:
            return await _read(response, shape)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"{url.partition('?')[0]} does not answer: {str(error) or 'timeout'}") from error


async def post_json(http: aiohttp.ClientSession, url: str, shape: type[_T], *, form: Mapping[str, str]) -> _T:
    """What a server answers to a form. Raises TransientError."""
    try:
        async with http.post(url, data=form, timeout=_TIMEOUT, allow_redirects=False) as response:
            return await _read(response, shape)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"{url} does not answer: {str(error) or 'timeout'}") from error


async def _read(response: aiohttp.ClientResponse, shape: type[_T]) -> _T:
    place = f"{response.url.host}{response.url.path}"
    if response.status != _OK:
        raise TransientError(f"{place} answered {response.status}: does this machine have an identity of its own?")
    try:
        body = await read_bounded(response, limit=TOKEN_BYTES, what=f"the answer of {place}")
        return msgspec.json.decode(body, type=shape)
    except UNREADABLE as error:
        raise TransientError(f"{place} answered something else than was asked for") from error
