"""Docker configs in folders."""

import json
from pathlib import Path

import pytest

from kpack_reconciler.clients.keychains.files import read_docker_folder, read_own_logins, read_secret_folder
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import ANONYMOUS, InvalidDockerConfigError

HUB_KEY = "https://index.docker.io/v1/"
LOGIN = {"username": "me", "password": "hidden"}


def config(*registries: str) -> str:
    return json.dumps({"auths": dict.fromkeys(registries, LOGIN)})


def test_both_forms_are_read(tmp_path: Path) -> None:
    """C19: `.dockercfg` comes first; the other form adds what it does not have."""
    (tmp_path / ".dockercfg").write_text(json.dumps({"gcr.io": LOGIN}))
    (tmp_path / ".dockerconfigjson").write_text(config(HUB_KEY, "https://gcr.io"))

    assert read_secret_folder(tmp_path).keys == ("gcr.io", HUB_KEY)


def test_a_folder_without_either_is_anonymous(tmp_path: Path) -> None:
    """C20: neither an empty folder nor an absent one is an error."""
    assert read_secret_folder(tmp_path) == ANONYMOUS
    assert read_secret_folder(tmp_path / "absent") == ANONYMOUS


def test_the_controllers_own_logins(tmp_path: Path) -> None:
    """C25: a folder that CREDENTIAL_PROVIDER_SECRET_PATH names, then the docker CLI's; absent ones hold nothing."""
    (tmp_path / ".dockerconfigjson").write_text(config("registry.io"))
    (tmp_path / "config.json").write_text(config("quay.io/team"))

    own = read_own_logins(provider=tmp_path, docker=tmp_path)
    neither = read_own_logins(provider=tmp_path / "absent", docker=None)

    assert own.find("registry.io") is not None
    assert own.find("quay.io", "quay.io/other/app") is not None
    assert neither == ANONYMOUS


def test_a_broken_file_is_not_the_same_as_none(tmp_path: Path) -> None:
    """A controller whose own logins cannot be read says so at its start, without their content."""
    (tmp_path / "config.json").write_text("hidden")

    with pytest.raises(InvalidDockerConfigError):
        read_docker_folder(tmp_path)
    with pytest.raises(PermanentError, match="the controller's own registry logins: not a docker config") as told:
        read_own_logins(provider=None, docker=tmp_path)
    assert "hidden" not in str(told.value)
