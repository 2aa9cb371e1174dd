"""Blob sources: an archive behind an http(s) URL, downloaded with its checksum and unpacked.

Leaves which credentials to `model.blob_credentials`, unpacking to `archives`.

Rules:
- Credentials go to the URL's own host only; a redirect to another one, or to http, goes on without, or not at all.
- At most five redirects. Nothing but 200 is an archive. No download is longer than its limit.
- Queries, which may hold signatures, and logins are never shown.
- What may pass is tried three times.
"""

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import aiohttp
from yarl import URL

from kpack_reconciler.clients.outside import UNTRUSTED, outside_session
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.blob_credentials import BasicLogin, BlobCredentials, Header, S3Key
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.steps.archives import unpack
from kpack_reconciler.steps.report import StepError, say
from kpack_reconciler.steps.unpacking import LIMITS, Limits

_TIMEOUT = aiohttp.ClientTimeout(total=1800, sock_connect=15, sock_read=60)
_PAUSES_SECONDS = (1, 3)
_CHUNK, _MOST_WORDS = 1 << 20, 300
_REDIRECTS, _MOST_REDIRECTS = frozenset({301, 302, 303, 307, 308}), 5
_OK, _SERVER_ERROR = 200, 500
_REFUSED, _MAY_PASS = frozenset({401, 403}), frozenset({408, 425, 429})


def fetch_blob(
    url: str, folder: Path, *, credentials: BlobCredentials | None, strip: int = 0, limits: Limits = LIMITS
) -> str:
    """Have the archive's content in an empty folder; the sha256 of the archive. Raises StepError."""
    with tempfile.TemporaryFile() as file:
        say(f"Downloading {shown_url(url).partition('://')[2]}...")
        try:
            checksum = asyncio.run(_download_patiently(url, credentials, file, limits))
        except TransientError as error:
            raise StepError(str(error), code=TRANSIENT) from error
        unpack(file, folder, strip=strip, limits=limits)
    return checksum


def shown_url(url: str) -> str:
    """A URL without login, query and fragment."""
    try:
        return str(URL(url).with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        return "(no URL)"


async def _download_patiently(url: str, credentials: BlobCredentials | None, file: IO[bytes], limits: Limits) -> str:
    for pause in _PAUSES_SECONDS:
        try:
            return await _download(url, credentials, file, limits)
        except TransientError:
            await asyncio.sleep(pause)
    return await _download(url, credentials, file, limits)


async def _download(url: str, credentials: BlobCredentials | None, file: IO[bytes], limits: Limits) -> str:
    file.seek(0)
    file.truncate()
    place = first = _start(url)
    try:
        async with outside_session(timeout=_TIMEOUT, auto_decompress=False) as http:
            for _ in range(_MOST_REDIRECTS + 1):
                own = _authorized(place, credentials) if place.origin() == first.origin() else {}
                async with http.get(
                    place, headers={"Accept-Encoding": "identity", **own}, allow_redirects=False
                ) as answer:
                    if answer.status not in _REDIRECTS:
                        await _refuse(answer, url)
                        return await _keep(answer, file, limits)
                    place = _next(answer, url)
    except aiohttp.ClientConnectorCertificateError as error:
        raise StepError(
            f"failed to get blob {shown_url(url)}: its server shows a certificate that is not trusted"
            f" ({error.certificate_error}): {UNTRUSTED}"
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"failed to get blob {shown_url(url)}: {type(error).__name__} {error}") from error
    raise StepError(f"failed to get blob {shown_url(url)}: more than {_MOST_REDIRECTS} redirects")


def _start(url: str) -> URL:
    """The URL as it is written, so that its signature stays good; without a login."""
    try:
        place = URL(url, encoded=url.isascii() and " " not in url).with_user(None)
    except ValueError as error:
        raise StepError(f"{shown_url(url)} is no URL: correct spec.source.blob.url") from error
    if place.scheme not in {"http", "https"} or not place.host:
        raise StepError(
            f"{shown_url(url)} is no http(s) URL: correct spec.source.blob.url; of a bucket, write the https URL of the"
            " object"
        )
    return place


def _next(answer: aiohttp.ClientResponse, url: str) -> URL:
    try:
        place = answer.url.join(URL(answer.headers["Location"], encoded=True))
    except (KeyError, ValueError) as error:
        raise StepError(f"failed to get blob {shown_url(url)}: it redirects to nowhere") from error
    if place.scheme not in {"https", answer.url.scheme} or not place.host:
        raise StepError(f"failed to get blob {shown_url(url)}: it redirects from {answer.url.scheme} to {place.scheme}")
    return place


async def _refuse(answer: aiohttp.ClientResponse, url: str) -> None:
    """Raise what an answer means; nothing for a good one."""
    status = answer.status
    if status == _OK:
        return
    body = " ".join((await answer.content.read(_MOST_WORDS)).decode(errors="replace").split())
    text = f"failed to get blob {shown_url(url)}: {status} {answer.reason}: {body}"
    if status >= _SERVER_ERROR or status in _MAY_PASS:
        raise TransientError(text)
    raise StepError(text, code=CREDENTIALS if status in _REFUSED else GENERIC)


async def _keep(answer: aiohttp.ClientResponse, file: IO[bytes], limits: Limits) -> str:
    """Write the body into the file; its checksum."""
    checksum, size = hashlib.sha256(), 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > limits.packed:
            raise StepError(f"the blob is larger than {limits.packed >> 20} MiB; make it smaller")
        checksum.update(chunk)
        file.write(chunk)
    return checksum.hexdigest()


def _authorized(place: URL, credentials: BlobCredentials | None) -> Mapping[str, str]:
    """The headers that show the credentials to this place."""
    match credentials:
        case BasicLogin(username=username, password=password):
            login = base64.b64encode(f"{username}:{password}".encode()).decode()
            return {"Authorization": f"Basic {login}"}
        case Header(value=value):
            return {"Authorization": value}
        case S3Key():
            return _signed(str(place), credentials)
        case None:
            return {}


def _signed(url: str, key: S3Key) -> Mapping[str, str]:
    """The headers of a signed GET (AWS signature version 4)."""
    from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped] # noqa: PLC0415 - heavy, and rare
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped] # noqa: PLC0415 - likewise
    from botocore.credentials import Credentials  # type: ignore[import-untyped] # noqa: PLC0415 - likewise

    request = AWSRequest(method="GET", url=url)
    login = Credentials(key.access_key, key.secret_key, key.session_token or None)
    S3SigV4Auth(login, "s3", key.region).add_auth(request)
    return dict(request.headers.items())
