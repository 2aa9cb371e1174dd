"""What is taken for certificates."""

import pytest

from kpack_api.certificates import MOST_CHARACTERS, InvalidCertificatesError, read_certificates
from tests.fakes.tls import Authority

ONE, OTHER = Authority("one").pem, Authority("other").pem
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"


def test_what_lies_between_certificates_is_left_out() -> None:
    """Comments, carriage returns and repetitions do not come out."""
    text = f"# our root $(HOME)\n{ONE}\nsubject=other\n{OTHER}{ONE}".replace("\n", "\r\n")

    assert read_certificates(text) == ONE + OTHER


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_text_is_no_certificate(text: str) -> None:
    """Nothing given, nothing trusted."""
    assert read_certificates(text) == ""


@pytest.mark.parametrize(
    ("text", "next_step"),
    [
        pytest.param("/etc/ssl/ca.pem", "give PEM text", id="a path"),
        pytest.param(ONE + KEY, "hold a PRIVATE KEY: leave it out", id="a private key"),
        pytest.param(ONE + OTHER[:-20], "are cut off", id="cut off"),
        pytest.param(ONE.replace("M", "!"), "block 1: give it anew", id="no base64"),
        pytest.param(
            ONE + "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n",
            "block 2: give it anew",
            id="no certificate",
        ),
    ],
)
def test_anything_else_is_refused(text: str, next_step: str) -> None:
    """The message says what to do and quotes nothing."""
    with pytest.raises(InvalidCertificatesError) as refused:
        read_certificates(text)

    assert next_step in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_list_that_no_process_could_be_given_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux limits an environment variable to 128 KiB."""
    monkeypatch.setattr("kpack_api.certificates.MOST_CHARACTERS", len(ONE))

    with pytest.raises(InvalidCertificatesError, match="the company's own only"):
        read_certificates(ONE + OTHER)
    assert 128 * 1024 - len("KPACK_CERTIFICATES=") > MOST_CHARACTERS
