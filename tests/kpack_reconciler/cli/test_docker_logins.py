"""The logins of the person at the keyboard."""

import json
import os
from pathlib import Path

import pytest

from kpack_reconciler.cli.docker_logins import read_docker_logins
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import Login

AUTHS = {"auths": {"written.example.com": {"auth": "bWU6d3JpdHRlbg=="}}}
HELPER = """#!/bin/sh
read registry
[ "$1" = get ] || exit 3
case $registry in
  known.example.com|https://index.docker.io/v1/) echo '{"ServerURL": "x", "Username": "me", "Secret": "from '$0'"}' ;;
  broken.example.com) echo 'no JSON' ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder on PATH that holds the helpers `desktop` and `cloud`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("desktop", "cloud"):
        program = folder / f"docker-credential-{name}"
        program.write_text(HELPER.replace("$0", name))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def configured(folder: Path, config: object) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(config))
    return {"DOCKER_CONFIG": str(folder)}


def test_what_docker_login_wrote_is_read(tmp_path: Path) -> None:
    """`config.json` of $DOCKER_CONFIG."""
    logins = read_docker_logins(configured(tmp_path, AUTHS), ["written.example.com"])

    assert logins.find("written.example.com") == Login(username="me", password="written")


def test_without_a_file_nobody_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is ~/.docker where nothing else is said."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_docker_logins({}, ["known.example.com"]).find("known.example.com") is None

    (tmp_path / ".docker").mkdir()
    configured(tmp_path / ".docker", AUTHS)

    assert read_docker_logins({}, []).find("written.example.com") is not None


@pytest.mark.usefixtures("bin_folder")
@pytest.mark.parametrize(
    ("registry", "config", "secret"),
    [
        pytest.param("known.example.com", {"credsStore": "desktop"}, "from desktop", id="the helper of all"),
        pytest.param("index.docker.io", {"credsStore": "desktop"}, "from desktop", id="Docker Hub by its old name"),
        pytest.param(
            "known.example.com",
            {"credsStore": "desktop", "credHelpers": {"known.example.com": "cloud"}},
            "from cloud",
            id="the registry's own helper before it",
        ),
        pytest.param("written.example.com", {"credsStore": "desktop", **AUTHS}, "written", id="none, then the file"),
    ],
)
def test_helpers_are_asked(registry: str, config: object, secret: str, tmp_path: Path) -> None:
    """As the docker CLI asks them; one that knows no login is no error."""
    login = read_docker_logins(configured(tmp_path, config), [registry]).find(registry)

    assert login == Login(username="me", password=secret)


@pytest.mark.usefixtures("bin_folder")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param(
            {"credsStore": "absent"}, "docker-credential-absent, which the docker config names", id="no helper"
        ),
        pytest.param({"credsStore": "cloud"}, "docker-credential-cloud answered no login", id="a broken helper"),
        pytest.param({"credsStore": 5}, "Log in again, or name another", id="helpers of a wrong type"),
        pytest.param({"auths": {"a": {"auth": "?"}}}, "no base64 text. Log in again", id="an unreadable login"),
        pytest.param([], "Log in again", id="no object"),
    ],
)
def test_what_cannot_be_read_is_told(config: object, message: str, tmp_path: Path) -> None:
    """The file or the helper is named."""
    with pytest.raises(PermanentError, match=message):
        read_docker_logins(configured(tmp_path, config), ["broken.example.com"])
