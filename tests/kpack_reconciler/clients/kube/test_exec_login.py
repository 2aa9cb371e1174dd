"""Login plugins of kubeconfigs."""

import json
from pathlib import Path

import pytest
import yaml

from kpack_reconciler.clients.kube.config import from_kubeconfig
from kpack_reconciler.clients.kube.exec_login import exec_login
from kpack_reconciler.errors import PermanentError

V1 = "client.authentication.k8s.io/v1"
CLUSTER = {"server": "http://127.0.0.1:8001", "certificate-authority-data": "QQ=="}


def answer(**status: str) -> str:
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


def write_plugin(folder: Path, script: str) -> dict[str, object]:
    """A plugin beside the kubeconfig."""
    program = folder / "plugins" / "login"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"apiVersion": V1, "command": "plugins/login"}


def test_a_plugin_gives_the_token(tmp_path: Path) -> None:
    """Arguments, environment and cluster reach the plugin as Kubernetes says; its token is the login's."""
    plugin = write_plugin(
        tmp_path, f"""echo "$1 $WHO $KUBERNETES_EXEC_INFO" > "{tmp_path}/seen"; echo '{answer(token="t")}'"""
    )
    wanted = {
        **plugin,
        "args": ["get-token"],
        "env": [{"name": "WHO", "value": "me"}],
        "provideClusterInfo": True,
        "interactiveMode": "Never",
    }

    login = exec_login(wanted, file=tmp_path / "config", cluster=CLUSTER)

    argument, who, info = (tmp_path / "seen").read_text().split(" ", 2)
    assert (login.token, argument, who) == ("t", "get-token", "me")
    assert json.loads(info) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": CLUSTER},
    }
    assert repr(login) == "Login(…)"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("exit 3", "ended with 3; its own words are above", id="a plugin that fails"),
        pytest.param("echo secret-token", "something else than an ExecCredential", id="no JSON"),
        pytest.param(f"echo '{answer()}'", "without a token or certificate", id="an empty login"),
        pytest.param(
            f"echo '{answer(clientCertificateData='c')}'", "without a token or certificate", id="a certificate alone"
        ),
        pytest.param("""echo '{"apiVersion": "v9", "status": {"token": "t"}}'""", "answered with v9", id="a version"),
    ],
)
def test_a_plugin_that_gives_no_login_is_told(tmp_path: Path, script: str, message: str) -> None:
    """The message names the kubeconfig and the next step, and never what the plugin wrote."""
    plugin = write_plugin(tmp_path, script)

    with pytest.raises(PermanentError, match=message) as told:
        exec_login(plugin, file=tmp_path / "config", cluster=CLUSTER)

    assert str(tmp_path / "config") in str(told.value)
    assert "secret-token" not in str(told.value)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        pytest.param({"command": "login"}, "speaks no version", id="no version"),
        pytest.param(
            {"apiVersion": V1, "command": "no-such-login", "installHint": "get it from example.com"},
            "no-such-login does not exist: get it from example.com",
            id="not installed, with a hint",
        ),
        pytest.param({"apiVersion": V1, "command": "/"}, "could not be run: PermissionError", id="no program"),
    ],
)
def test_a_plugin_that_cannot_run_is_told(tmp_path: Path, plugin: dict[str, object], message: str) -> None:
    """What is missing is named, with the kubeconfig's own hint where it has one."""
    with pytest.raises(PermanentError, match=message):
        exec_login(plugin, file=tmp_path / "config", cluster=CLUSTER)


def test_plugins_run_for_people_only(tmp_path: Path) -> None:
    """The command line asks for plugins to be run; a controller that reads a kubeconfig does not."""
    plugin = write_plugin(tmp_path, f"echo '{answer(token='fresh')}'")
    config = tmp_path / "config"
    document = {
        "current-context": "cloud",
        "contexts": [{"name": "cloud", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": CLUSTER["server"]}}],
        "users": [{"name": "me", "user": {"exec": plugin}}],
    }
    config.write_text(yaml.safe_dump(document))

    assert from_kubeconfig(config, run_plugins=True).token == "fresh"
    with pytest.raises(PermanentError, match="login plugins are not run"):
        from_kubeconfig(config)
