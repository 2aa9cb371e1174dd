"""Which credentials a blob's URL gets."""

import pytest

from kpack_reconciler.model.blob_credentials import (
    BasicLogin,
    BlobCandidate,
    BlobCredentials,
    Header,
    S3Key,
    choose_blob_credentials,
)

URL = "https://store.example:8443/a.zip"
PAIR = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}


def candidate(host: str = "store.example", secret: str = "blob", **data: str) -> BlobCandidate:
    return BlobCandidate(secret=secret, host=host, data=data)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(
            {"username": "svc", "password": "tok"}, BasicLogin(username="svc", password="tok"), id="C94 basic"
        ),
        pytest.param({"username": "svc"}, BasicLogin(username="svc", password=""), id="C94 without a password"),
        pytest.param({"bearer": "t\n"}, Header("Bearer t"), id="C94 bearer"),
        pytest.param({"authorization": "X y"}, Header("X y"), id="C94 header"),
        pytest.param(PAIR, S3Key(access_key="id", secret_key="key"), id="S3"),
        pytest.param(
            {**PAIR, "AWS_SESSION_TOKEN": "t", "AWS_REGION": "eu-west-1"},
            S3Key(access_key="id", secret_key="key", session_token="t", region="eu-west-1"),
            id="S3 with region",
        ),
    ],
)
def test_a_secret_holds_one_form(data: dict[str, str], found: BlobCredentials) -> None:
    """Each is told by its keys; nothing of it is shown."""
    assert choose_blob_credentials(URL, [candidate(**data)]) == found
    assert "tok" not in repr(found)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param({}, "no auths found for 'blob'", id="C95 none"),
        pytest.param({"username": "", "bearer": ""}, "no auths found for 'blob'", id="C95 empty"),
        pytest.param({"username": "u", "bearer": "t"}, "multiple auths found for 'blob'", id="C95 R203 two"),
    ],
)
def test_a_secret_with_none_or_two_forms_is_refused(data: dict[str, str], said: str) -> None:
    """The first Secret that matches counts, also where it is of no use."""
    with pytest.raises(ValueError, match=said):
        choose_blob_credentials(URL, [candidate(**data), candidate(bearer="good")])


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        pytest.param("store.example", True, id="C96 the host"),
        pytest.param("store.example:8443", False, id="C96 a port"),
        pytest.param("https://store.example", False, id="C96 a scheme"),
        pytest.param("example", False, id="a part"),
    ],
)
def test_a_secret_is_for_one_host(host: str, *, fits: bool) -> None:
    """Letter for letter, without scheme and port."""
    assert (choose_blob_credentials(URL, [candidate(host, bearer="t")]) is not None) == fits


def test_a_login_in_the_url_counts_where_no_secret_does() -> None:
    """As a browser takes it; without either there is none."""
    url = URL.replace("//", "//u:p%40w@")

    assert choose_blob_credentials(url, []) == BasicLogin(username="u", password="p@w")
    assert choose_blob_credentials(url, [candidate(bearer="t")]) == Header("Bearer t")
    assert choose_blob_credentials(URL, []) is None
