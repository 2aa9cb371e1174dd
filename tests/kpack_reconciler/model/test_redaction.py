"""What looks like a secret does not leave a log; what does not stays readable."""

from time import process_time

import pytest

from kpack_reconciler.model.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "fatal: https://bot:s3cret@git.example/app.git: 403",
            "fatal: https://***@git.example/app.git: 403",
            id="user and password in a URL",
        ),
        pytest.param("https://ghp_0123456789abcdef0123@git.example", "https://***@git.example", id="token as user"),
        pytest.param("Authorization: Bearer abc.DEF-9", "Authorization: Bearer ***", id="bearer header"),
        pytest.param('{"Authorization":"Basic dXNlcjpwYXNz"}', '{"Authorization":"Basic ***"}', id="basic in JSON"),
        pytest.param("sent Bearer ABCdef123456", "sent Bearer ***", id="a bearer token anywhere"),
        pytest.param("NPM_TOKEN=npm_abc123 npm ci", "NPM_TOKEN=*** npm ci", id="an assignment"),
        pytest.param("DB_PASSWORD='a b'", "DB_PASSWORD=***", id="a quoted assignment"),
        pytest.param(
            "GET /app.zip?X-Amz-Signature=0a1b&X-Amz-Date=2026",
            "GET /app.zip?X-Amz-Signature=***&X-Amz-Date=2026",
            id="a presigned URL",
        ),
        pytest.param('{"access_token": "abc", "n": 1}', '{"access_token": "***", "n": 1}', id="JSON"),
        pytest.param("key AKIAIOSFODNN7EXAMPLE used", "key *** used", id="an AWS key id"),
        pytest.param("found github_pat_11AAAAAAAAAAAAAAAAAAA_x", "found ***", id="a GitHub token"),
        pytest.param("jwt eyJhbGciOi.eyJzdWIi.c2ln end", "jwt *** end", id="a JSON web token"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend", "***\nend", id="a private key"
        ),
        pytest.param("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "***", id="a private key that was cut"),
    ],
)
def test_secrets_are_hidden(text: str, shown: str) -> None:
    """Each known form, and nothing but it."""
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: No buildpack groups passed detection.",
        "GET https://registry.example/v2/team/app/manifests/latest: UNAUTHORIZED: authentication required",
        "invalid token: expired; basic authentication required",
        "git@git.example:team/app.git",
        "sha256:" + "a" * 64,
    ],
)
def test_words_are_kept(text: str) -> None:
    """A message that names no secret is told as it is."""
    assert redacted(text) == text


@pytest.mark.parametrize("part", ["a.", "-a", "a+", "eyJa.", "a://", "Bearer ", "'token':", "token"])
def test_no_text_takes_long(part: str) -> None:
    """The text is anybody's: what is searched for is bounded, or one log would hold up the controller."""
    started = process_time()
    redacted(part * 8192)

    assert process_time() - started < 0.5


def test_a_long_text_is_cut_to_its_end() -> None:
    """Whatever somebody prints, a status stays bounded."""
    assert redacted("a" * 10_000_000 + " end").endswith(" end")
    assert len(redacted("a" * 10_000_000)) == 16384
