"""References of a repository over smart http: one protocol-v2 `ls-refs`.

Rules:
- One POST asks only for the references that the revisions can mean. A server that does not answer it with protocol v2
  is asked for its full advertisement, whose answer counts.
- A login is sent to the URL's own host only: a redirect to another host goes on without it.
- Messages show URLs without the login that they may carry.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp

from kpack_api.names import GIT_ANNOTATION
from kpack_reconciler.clients.git.protocol import MOST_BYTES, NoProtocolError, ls_refs_command, read_refs
from kpack_reconciler.clients.git.references import Ref
from kpack_reconciler.clients.outside import UNTRUSTED
from kpack_reconciler.clients.waits import retry_after
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.git_credentials import GitCredentials
from kpack_reconciler.model.git_urls import public_url

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER_ERROR = 200, 401, 403, 404, 410, 429, 500
_CHUNK_BYTES = 1 << 16
_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"


async def ls_refs_over_http(
    http: aiohttp.ClientSession, url: str, revisions: Collection[str], credentials: GitCredentials | None
) -> tuple[Ref, ...]:
    """The references that the revisions can mean. Raises PermanentError for a refusal, TransientError otherwise."""
    shown = public_url(url)
    server = _Server(http=http, url=shown.rstrip("/"), headers=_headers(credentials))
    try:
        refs = await server.ls_refs(revisions)
        return refs if refs is not None else await server.advertised()
    except (aiohttp.InvalidURL, aiohttp.TooManyRedirects) as error:
        raise PermanentError("InvalidGitUrl", f"{shown}: not a URL; correct spec.source.git.url") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise TransientError(
            f"git server of {shown} shows a certificate that is not trusted ({error.certificate_error}): {UNTRUSTED}"
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"git server of {shown} does not answer: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """Requests to one repository."""

    http: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]

    async def ls_refs(self, revisions: Collection[str]) -> tuple[Ref, ...] | None:
        """The answer by protocol v2; None for anything that is none. Redirects are left to the advertisement."""
        headers = {
            **self.headers,
            "Git-Protocol": "version=2",
            "Content-Type": "application/x-git-upload-pack-request",
            "Accept": "application/x-git-upload-pack-result",
        }
        async with self.http.post(
            f"{self.url}/git-upload-pack",
            data=ls_refs_command(revisions),
            headers=headers,
            timeout=_TIMEOUT,
            allow_redirects=False,
        ) as response:
            if response.status != _OK:
                return None
            body = await _read(response, self.url)
        try:
            return read_refs(body)
        except NoProtocolError:
            return None

    async def advertised(self) -> tuple[Ref, ...]:
        """All references, by protocol v0."""
        query = {"service": "git-upload-pack"}
        place = f"{self.url}/info/refs"
        async with self.http.get(place, params=query, headers=self.headers, timeout=_TIMEOUT) as response:
            _refuse(response, self.url, has_login=bool(self.headers))
            body = await _read(response, self.url)
            if response.content_type != _ADVERTISEMENT:
                raise PermanentError("NotGit", f"{self.url} is no git repository: correct spec.source.git.url")
        try:
            return read_refs(body)
        except NoProtocolError as error:
            raise TransientError(f"git server of {self.url} sent no git protocol; it is asked again later") from error


async def _read(response: aiohttp.ClientResponse, url: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise PermanentError("TooManyReferences", f"{url} lists more than {MOST_BYTES} bytes of references")
    return bytes(body)


def _refuse(response: aiohttp.ClientResponse, url: str, *, has_login: bool) -> None:
    """Raise what a status means; nothing for a good one."""
    status, wait = response.status, retry_after(response)
    if status == _OK:
        return
    if status >= _SERVER_ERROR or status == _TOO_MANY or (status == _FORBIDDEN and wait is not None):
        raise TransientError(f"git server of {url} answered {status}; it is asked again later", retry_after=wait)
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        found = "the login that it was shown is wrong" if has_login else "the service account has no login for it"
        raise PermanentError(
            "GitUnauthorized",
            f"{url} refuses access ({status}): {found}: give the service account a basic-auth secret annotated"
            f" {GIT_ANNOTATION} with the host, or correct the one it has",
        )
    if status in {_NOT_FOUND, _GONE}:
        raise PermanentError("GitNotFound", f"{url} does not exist ({status}): correct spec.source.git.url")
    raise PermanentError("GitRefused", f"git server of {url} answered {status}: correct spec.source.git.url")


def _headers(credentials: GitCredentials | None) -> dict[str, str]:
    if credentials is None:
        return {}
    login = f"{credentials.username}:{credentials.password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(login).decode()}
