"""Logins for blobs, in later kpack's forms; the numbers are those of `docs/parity.md`."""

import pytest

from kpack_reconciler.model.blob_credentials import (
    BasicLogin,
    BlobCandidate,
    BlobCredentials,
    Header,
    S3Key,
    choose_blob_credentials,
)

URL = "https://store.example:8443/x.zip"


def candidate(host: str = "store.example", **data: str) -> BlobCandidate:
    return BlobCandidate(secret="blob", host=host, data=data)


@pytest.mark.parametrize(
    ("data", "credentials"),
    [
        pytest.param(
            {"username": "svc", "password": "tok"}, BasicLogin(username="svc", password="tok"), id="C94 R202 basic"
        ),
        pytest.param({"bearer": "t\n"}, Header("Bearer t"), id="C94 bearer"),
        pytest.param({"authorization": "X y"}, Header("X y"), id="C94 verbatim"),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"},
            S3Key(access_key="id", secret_key="key"),
            id="ours: S3",
        ),
    ],
)
def test_a_secret_holds_one_form(data: dict[str, str], credentials: BlobCredentials) -> None:
    """A line's end is no part of a header."""
    assert choose_blob_credentials(URL, [candidate(**data)]) == credentials


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({}, "no auths found for 'blob'", id="C95 none"),
        pytest.param(
            {"username": "u", "password": "p", "bearer": "t"}, "multiple auths found for 'blob'", id="C95 R203 two"
        ),
    ],
)
def test_a_secret_that_cannot_be_used_is_told(data: dict[str, str], words: str) -> None:
    """The first whose host matches is final, and its value is not quoted."""
    with pytest.raises(ValueError, match=words):
        choose_blob_credentials(URL, [candidate(**data), candidate(bearer="other")])


@pytest.mark.parametrize(
    ("host", "used"),
    [
        pytest.param("store.example", True, id="C96 host"),
        pytest.param("store.example:8443", False, id="C96 with port"),
        pytest.param("https://store.example", False, id="C96 with scheme"),
        pytest.param("other.example", False, id="C95 another host"),
    ],
)
def test_a_secret_is_for_a_host(host: str, *, used: bool) -> None:
    """Without scheme and port; where none matches the blob is asked for without a login (kpack: an error)."""
    assert (choose_blob_credentials(URL, [candidate(host, bearer="t")]) is not None) is used
