"""The folder of authorities, judged by OpenSSL itself."""

import subprocess
from pathlib import Path

import pytest

from kpack_reconciler.steps.certificates import write_certificates
from tests.fakes.tls import Authority

NAMES = ["Some  Company's Root", " ÜBER Trust ", "a" * 64, "Root\t1"]


def openssl_hash(pem: str) -> str:
    command = ["openssl", "x509", "-noout", "-hash"]
    return subprocess.run(command, input=pem, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("name", NAMES)
def test_openssl_finds_each_by_its_name(tmp_path: Path, name: str) -> None:
    """The file is called as `openssl rehash` would call it."""
    pem = Authority(name).pem

    write_certificates(pem, tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {"all.pem", f"{openssl_hash(pem)}.0"}


def test_authorities_of_one_name_stand_side_by_side(tmp_path: Path) -> None:
    """One that was renewed has the name of the one before."""
    first, second, other = Authority("root").pem, Authority("root").pem, Authority("other").pem

    write_certificates(first + second + other, tmp_path)

    name = openssl_hash(first)
    assert (tmp_path / f"{name}.0").read_text() == first
    assert (tmp_path / f"{name}.1").read_text() == second
    assert (tmp_path / "all.pem").read_text() == first + second + other
    assert len(list(tmp_path.iterdir())) == 4


def test_a_step_that_runs_again_leaves_the_same(tmp_path: Path) -> None:
    """The kubelet may run prepare twice in one pod."""
    pem = Authority().pem

    write_certificates(pem, tmp_path)
    write_certificates(pem, tmp_path)

    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_cannot_be_read_is_trusted_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old authorities break today's rules; Go takes them from the file of all."""

    def refuse(der: bytes) -> str:
        raise ValueError(der)

    monkeypatch.setattr("kpack_reconciler.steps.certificates.subject_hash", refuse)
    pem = Authority().pem

    write_certificates(pem, tmp_path)

    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("all.pem", pem)]
