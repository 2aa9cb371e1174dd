"""Git servers over smart http: which object is behind a branch or tag, by one protocol-v2 `ls-refs`.

Owns the wire format (gitprotocol-v2) and the translation of errors. Fetching is the build pod's.

Rules:
- One POST asks for `refs/heads/X`, `refs/tags/X` and `X` only. A server that answers with protocol v0 is asked for its
  full advertisement instead.
- A branch wins over a tag of the same name. An annotated tag gives the tag object's id, as kpack does.
- A revision that is none of them is taken to be a commit, unverified, as kpack does.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import aiohttp

from kpack_api.types import GitType
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Revision
from kpack_reconciler.model.git_credentials import GitCredentials, is_ssh

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404


@dataclass(frozen=True, slots=True)
class Ref:
    """An advertised reference and the id of its object."""

    name: str
    object_id: str


async def ls_refs(
    http: aiohttp.ClientSession, url: str, revision: str, *, credentials: GitCredentials | None = None
) -> tuple[Ref, ...]:
    """The references that `revision` can mean. Raises PermanentError for a refusal, TransientError otherwise."""
    if is_ssh(url):
        raise PermanentError("UnsupportedGitUrl", f"{url}: ssh is not supported yet; use the repository's https URL")
    if not url.startswith(("http://", "https://")):
        raise PermanentError("UnsupportedGitUrl", f"{url}: not a git URL; use one that begins with https://")
    headers = _headers(credentials)
    try:
        refs = await _ls_refs_v2(http, url, revision, headers)
        return refs if refs is not None else await _advertised(http, url, headers)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"git server of {url} does not answer: {type(error).__name__} {error}") from error


def resolve(refs: tuple[Ref, ...], revision: str) -> Revision:
    """What a revision is, given what the server advertises."""
    ids = {ref.name: ref.object_id for ref in refs}
    if branch := ids.get(f"refs/heads/{revision}"):
        return Revision(revision=branch, type=GitType.BRANCH)
    if tag := ids.get(f"refs/tags/{revision}"):
        return Revision(revision=tag, type=GitType.TAG)
    if other := ids.get(f"refs/{revision}") or ids.get(revision):
        return Revision(revision=other, type=GitType.BRANCH if revision == "HEAD" else GitType.UNKNOWN)
    return Revision(revision=revision, type=GitType.COMMIT)


async def _ls_refs_v2(
    http: aiohttp.ClientSession, url: str, revision: str, headers: Mapping[str, str]
) -> tuple[Ref, ...] | None:
    prefixes = (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision)
    body = _line("command=ls-refs") + _line("object-format=sha1") + b"0001"
    body += b"".join(_line(f"ref-prefix {prefix}") for prefix in prefixes) + b"0000"
    sent = {**headers, "Content-Type": "application/x-git-upload-pack-request"}
    async with http.post(f"{_root(url)}/git-upload-pack", data=body, headers=sent, timeout=_TIMEOUT) as response:
        if response.status == _NOT_FOUND or response.status >= 500:  # noqa: PLR2004 - may be a v0 server's answer
            return None
        _refuse(response.status, url)
        return tuple(_refs(await response.read()))


async def _advertised(http: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> tuple[Ref, ...]:
    plain = {name: value for name, value in headers.items() if name != "Git-Protocol"}
    query = {"service": "git-upload-pack"}
    async with http.get(f"{_root(url)}/info/refs", params=query, headers=plain, timeout=_TIMEOUT) as response:
        _refuse(response.status, url)
        return tuple(_refs(await response.read()))


def _refuse(status: int, url: str) -> None:
    if status == _OK:
        return
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise PermanentError(
            "GitUnauthorized",
            f"{url} asks for credentials ({status}): give the service account a basic-auth secret annotated"
            " build.pivotal.io/git with the host, or correct the one it has",
        )
    if status == _NOT_FOUND:
        raise PermanentError("GitNotFound", f"{url} does not exist (404): check the repository's URL")
    raise TransientError(f"git server of {url} answered {status}; it is asked again later")


def _refs(body: bytes) -> Iterator[Ref]:
    for payload in _payloads(body):
        words = payload.split(b"\0")[0].decode(errors="replace").split()
        if len(words) >= 2 and not words[0].startswith("#"):  # noqa: PLR2004 - id and name
            yield Ref(name=words[1], object_id=words[0])


def _payloads(body: bytes) -> Iterator[bytes]:
    position = 0
    while position + 4 <= len(body):
        try:
            length = int(body[position : position + 4], 16)
        except ValueError as error:
            raise TransientError("the git server's answer is no git protocol; check the repository's URL") from error
        if length > 4:  # noqa: PLR2004 - the length counts itself
            yield body[position + 4 : position + length]
        position += max(length, 4)


def _headers(credentials: GitCredentials | None) -> dict[str, str]:
    headers = {"Git-Protocol": "version=2"}
    if credentials is not None:
        login = f"{credentials.username}:{credentials.password}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
    return headers


def _root(url: str) -> str:
    return url.rstrip("/")


def _line(text: str) -> bytes:
    return f"{len(text) + 5:04x}{text}\n".encode()
