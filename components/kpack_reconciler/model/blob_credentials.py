"""Credentials for blobs: which Secret of a service account the URL of an archive gets, and what is in it.

Leaves the reading of Secrets and the signing of requests to `steps`.

Rules (those of later kpack, whose v0.0.9 has no credentials for blobs):
- A Secret is for the host that its annotation `build.pivotal.io/blob` names, letter for letter, without scheme and
  port.
- The first that matches counts, in the service account's order. A login inside the URL counts where none does.
- A Secret holds exactly one of: `username` and `password`; `bearer`; `authorization`; and, ours, an S3 key pair under
  the names of AWS' environment variables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kpack_reconciler.model.git_urls import login_in

_DEFAULT_REGION = "us-east-1"
_BASIC, _BEARER, _AUTHORIZATION = ("username", "password"), ("bearer",), ("authorization",)
_KEY, _SECRET, _TOKEN, _REGION = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"
_FORMS = (_BASIC, _BEARER, _AUTHORIZATION, (_KEY, _SECRET))
KEYS = frozenset({*_BASIC, *_BEARER, *_AUTHORIZATION, _KEY, _SECRET, _TOKEN, _REGION})
"""What of a Secret is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobCandidate:
    """A Secret for a host; `data` are its keys among `KEYS`."""

    secret: str
    host: str
    data: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicLogin:
    """A user name and password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Header:
    """The value of the Authorization header."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Key:
    """A key pair to sign requests with (AWS signature version 4)."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str = _DEFAULT_REGION


BlobCredentials = BasicLogin | Header | S3Key


def choose_blob_credentials(url: str, candidates: Iterable[BlobCandidate]) -> BlobCredentials | None:
    """The credentials for a URL; None for anonymous. Raises ValueError for a Secret that holds none, or too many."""
    host = urlsplit(url).hostname
    for candidate in candidates:
        if candidate.host == host:
            return _credentials(candidate)
    login = login_in(url)
    return BasicLogin(username=login[0], password=login[1]) if login else None


def _credentials(candidate: BlobCandidate) -> BlobCredentials:
    data = {key: value.rstrip("\r\n") for key, value in candidate.data.items()}
    given = [form for form in _FORMS if any(data.get(key) for key in form)]
    if not given:
        raise ValueError(
            f"no auths found for '{candidate.secret}': give it username and password, bearer, authorization, or"
            f" {_KEY} and {_SECRET}"
        )
    if len(given) > 1:
        raise ValueError(
            f"multiple auths found for '{candidate.secret}', only one of username/password, bearer, authorization,"
            f" {_KEY}/{_SECRET} is allowed"
        )
    return _of_form(given[0], data)


def _of_form(form: tuple[str, ...], data: Mapping[str, str]) -> BlobCredentials:
    if form == _BASIC:
        return BasicLogin(username=data.get("username", ""), password=data.get("password", ""))
    if form == _BEARER:
        return Header(f"Bearer {data['bearer']}")
    if form == _AUTHORIZATION:
        return Header(data["authorization"])
    return S3Key(
        access_key=data.get(_KEY, ""),
        secret_key=data.get(_SECRET, ""),
        session_token=data.get(_TOKEN, ""),
        region=data.get(_REGION) or _DEFAULT_REGION,
    )
