"""Logins as `prepare` reads them from mounted Secrets; the numbers are those of `docs/parity.md`."""

from pathlib import Path

import pytest

from kpack_reconciler.model.credentials import Login
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.secrets import read_secrets

HUB = "https://index.docker.io/v1/"


def put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_auth_without_a_colon_is_an_error(tmp_path: Path) -> None:
    """C18: the message says what `auth` has to look like, and nothing of it."""
    put(tmp_path / "reg", **{".dockerconfigjson": '{"auths":{"gcr.io":{"auth":"dG9wc2VjcmV0"}}}'})

    with pytest.raises(StepError, match=r"must be formatted as base64\(username:password\)") as caught:
        read_secrets(["-dockerconfig=reg"], tmp_path)

    assert "topsecret" not in str(caught.value)


def test_a_basic_auth_secret_is_one_login(tmp_path: Path) -> None:
    """C23: under exactly the text of its annotation."""
    put(tmp_path / "hub", username="me", password="hidden=")

    keychain = read_secrets([f"-basic-docker=hub={HUB}"], tmp_path).keychain

    assert keychain.keys == (HUB,)
    assert keychain.find("index.docker.io", "library/busybox") == Login(username="me", password="hidden=")


def test_a_second_equals_sign_is_refused(tmp_path: Path) -> None:
    """C24: an annotation with `=` names no registry."""
    put(tmp_path / "a", username="me", password="hidden")

    with pytest.raises(StepError, match="could not parse docker secret argument a=b=c"):
        read_secrets(["-basic-docker=a=b=c"], tmp_path)
