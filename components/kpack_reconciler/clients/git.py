"""Git servers over smart http: which objects are behind branches and tags, by one protocol-v2 `ls-refs`.

Owns the wire format (gitprotocol-v2) and the translation of errors. Fetching is the build pod's.

Rules:
- One POST asks only for the references that the revisions can mean. A server that does not answer it with protocol v2
  is asked for its full advertisement, whose answer counts.
- A branch wins over a tag of the same name. An annotated tag gives the tag object's id, as in kpack.
- A revision that is no reference is taken for a commit, unverified, where it can be one (`git rev-parse` syntax);
  otherwise it is a fault, unlike in kpack, which starts a build that fails.
- A login is sent to the URL's own host only; messages show URLs without the login that they may carry.
"""

import base64
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import aiohttp

from kpack_api.types import GitType
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Revision
from kpack_reconciler.model.git_credentials import GitCredentials, is_http, is_ssh, public_url

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER_ERROR = 200, 401, 403, 404, 410, 429, 500
_CHUNK_BYTES, _MOST_BYTES = 1 << 16, 1 << 26
_FLUSH = b"0000"
_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}|.*[~^].*")
"""A possibly abbreviated object id, or an expression such as `main~1`."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An advertised reference and the id of its object."""

    name: str
    object_id: str


class _NoProtocolError(Exception):
    """The bytes are not what the protocol says."""


async def ls_refs(
    http: aiohttp.ClientSession,
    url: str,
    revisions: Collection[str],
    *,
    credentials: GitCredentials | None = None,
) -> tuple[Ref, ...]:
    """The references that the revisions can mean. Raises PermanentError for a refusal, TransientError otherwise."""
    shown = public_url(url)
    if is_ssh(url):
        raise PermanentError("UnsupportedGitUrl", f"{shown}: ssh is not supported yet; use the repository's https URL")
    if not is_http(url):
        raise PermanentError("UnsupportedGitUrl", f"{shown}: not a git URL; use one that begins with https://")
    server = _Server(http=http, url=shown.rstrip("/"), headers=_headers(credentials))
    try:
        refs = await server.ls_refs(revisions)
        return refs if refs is not None else await server.advertised()
    except aiohttp.InvalidURL as error:
        raise PermanentError("InvalidGitUrl", f"{shown}: not a URL; correct spec.source.git.url") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"git server of {shown} does not answer: {type(error).__name__} {error}") from error


def resolve(refs: tuple[Ref, ...], revision: str) -> Revision:
    """What a revision is, given what the server advertises. Raises PermanentError where it can be nothing."""
    ids = {ref.name: ref.object_id for ref in refs}
    for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision):
        if name in ids:
            return Revision(revision=ids[name], type=_type_of(name))
    if not _COMMIT.fullmatch(revision):
        raise PermanentError(
            "RevisionNotFound",
            f"the repository has no branch or tag {revision!r}: push it, or correct spec.source.git.revision",
        )
    return Revision(revision=revision, type=GitType.COMMIT)


def _type_of(name: str) -> GitType:
    """By the reference's place; HEAD moves like the branch that it stands for."""
    if name == "HEAD" or name.startswith("refs/heads/"):
        return GitType.BRANCH
    return GitType.TAG if name.startswith("refs/tags/") else GitType.UNKNOWN


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
            data=_ls_refs_command(revisions),
            headers=headers,
            timeout=_TIMEOUT,
            allow_redirects=False,
        ) as response:
            if response.status != _OK:
                return None
            body = await _read(response, self.url)
        try:
            return tuple(_refs(body))
        except _NoProtocolError:
            return None

    async def advertised(self) -> tuple[Ref, ...]:
        """All references, by protocol v0."""
        query = {"service": "git-upload-pack"}
        place = f"{self.url}/info/refs"
        async with self.http.get(place, params=query, headers=self.headers, timeout=_TIMEOUT) as response:
            _refuse(response.status, self.url)
            body = await _read(response, self.url)
            if response.content_type != _ADVERTISEMENT:
                raise PermanentError("NotGit", f"{self.url} is no git repository: correct spec.source.git.url")
        try:
            return tuple(_refs(body))
        except _NoProtocolError as error:
            raise TransientError(f"git server of {self.url} sent no git protocol; it is asked again later") from error


async def _read(response: aiohttp.ClientResponse, url: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise PermanentError("TooManyReferences", f"{url} lists more than {_MOST_BYTES} bytes of references")
    return bytes(body)


def _refuse(status: int, url: str) -> None:
    """Raise what a status means; nothing for a good one."""
    if status == _OK:
        return
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise PermanentError(
            "GitUnauthorized",
            f"{url} refuses access ({status}): credentials are missing or wrong: give the service account a basic-auth"
            " secret annotated build.pivotal.io/git with the host, or correct the one it has",
        )
    if status in {_NOT_FOUND, _GONE}:
        raise PermanentError("GitNotFound", f"{url} does not exist ({status}): correct spec.source.git.url")
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        raise TransientError(f"git server of {url} answered {status}; it is asked again later")
    raise PermanentError("GitRefused", f"git server of {url} answered {status}: correct spec.source.git.url")


def _ls_refs_command(revisions: Collection[str]) -> bytes:
    prefixes = sorted({prefix for text in revisions for prefix in (f"refs/heads/{text}", f"refs/tags/{text}", text)})
    prefixes += [f"refs/{text}" for text in sorted(set(revisions)) if not text.startswith("refs/")]
    arguments = b"".join(_line(f"ref-prefix {prefix}") for prefix in prefixes)
    return _line("command=ls-refs") + _line("object-format=sha1") + b"0001" + arguments + _FLUSH


def _refs(body: bytes) -> Iterator[Ref]:
    """References in an answer; symbolic ones without an object, capabilities and peeled ids are left out."""
    if not body.endswith(_FLUSH):
        raise _NoProtocolError
    for payload in _payloads(body):
        words = payload.split(b"\0")[0].decode(errors="replace").split()
        if words and words[0] == "ERR":
            raise _NoProtocolError
        if len(words) > 1 and _OBJECT_ID.fullmatch(words[0]):
            yield Ref(name=words[1], object_id=words[0])


def _payloads(body: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(body):
        try:
            length = int(body[position : position + 4], 16)
        except ValueError as error:
            raise _NoProtocolError from error
        if length > 4:  # noqa: PLR2004 - the length counts itself
            yield body[position + 4 : position + length]
        position += max(length, 4)


def _headers(credentials: GitCredentials | None) -> dict[str, str]:
    if credentials is None:
        return {}
    login = f"{credentials.username}:{credentials.password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(login).decode()}


def _line(text: str) -> bytes:
    return f"{len(text.encode()) + 5:04x}{text}\n".encode()
