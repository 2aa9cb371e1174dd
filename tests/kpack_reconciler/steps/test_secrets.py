"""What `prepare` makes of mounted Secrets and the flags that explain them."""

import json
from pathlib import Path

import pytest

from kpack_reconciler.model.credentials import ANONYMOUS, Login
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.secrets import read_pull_secrets, read_secrets

HUB_KEY = "https://index.docker.io/v1/"


def mount(folder: Path, secret: str, **files: str) -> None:
    for name, text in files.items():
        path = folder / secret / name.replace("dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def config(registry: str, username: str) -> str:
    return json.dumps({"auths": {registry: {"username": username, "password": "hidden"}}})


def test_a_basic_secret_is_a_login_under_its_annotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C23: the annotation is the key as it stands; what is told are names and hosts."""
    mount(tmp_path, "hub", username="me", password="hidden")

    read = read_secrets([f"-basic-docker=hub={HUB_KEY}"], tmp_path)

    assert read.keychain.entries == ((HUB_KEY, Login(username="me", password="hidden")),)
    assert capsys.readouterr().out == f'Loading secrets for "{HUB_KEY}" from secret "hub"\n'


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        pytest.param("-basic-docker=a=b=c", "could not parse docker secret argument a=b=c", id="C24"),
        pytest.param("-basic-docker=a", "could not parse docker secret argument a=", id="no annotation"),
        pytest.param("-basic-docker=hub=reg:*", "secret hub: annotation .* is no registry", id="no registry"),
        pytest.param("-dockerconfig=hub", r"secret hub has no key \.dockerconfigjson", id="no config"),
        pytest.param("-dockercfg=odd", "secret odd: not a .dockercfg", id="broken config"),
        pytest.param("-basic-docker=half=quay.io", "secret half has no key password", id="no password"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told(tmp_path: Path, flag: str, words: str) -> None:
    """The Secret is named, with what is wrong about it, and nothing of its content."""
    mount(tmp_path, "hub", username="me", password="hidden")
    mount(tmp_path, "odd", dot_dockercfg="hidden")
    mount(tmp_path, "half", username="me")

    with pytest.raises(StepError, match=words) as told:
        read_secrets([flag], tmp_path)

    assert "hidden" not in str(told.value)


def test_the_first_flag_for_a_registry_wins(tmp_path: Path) -> None:
    """The order is the service account's, whatever the types: the controller would use the same login."""
    mount(tmp_path, "config", dot_dockerconfigjson=config("gcr.io", "config"))
    mount(tmp_path, "basic", username="basic", password="p")
    mount(tmp_path, "old", dot_dockercfg='{"gcr.io":{"username":"old","password":"p"}}')

    flags = ["-dockerconfig=config", "-basic-docker=basic=https://gcr.io", "-dockercfg=old"]

    read = read_secrets(flags, tmp_path).keychain.find("gcr.io")

    assert read is not None
    assert (read.username, read.secret) == ("config", "config")


def test_pull_secrets_have_rules_of_their_own(tmp_path: Path) -> None:
    """Their keys may be a part of a registry; a folder without a docker config holds none."""
    mount(tmp_path, "pull", dot_dockerconfigjson=config("gcr.io/team", "puller"))

    assert read_pull_secrets(tmp_path / "pull").find("gcr.io", "gcr.io/team/app") is not None
    assert read_pull_secrets(tmp_path / "pull").find("gcr.io", "gcr.io/other/app") is None
    assert read_pull_secrets(tmp_path / "none") == ANONYMOUS
