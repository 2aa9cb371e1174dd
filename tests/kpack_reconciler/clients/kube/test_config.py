"""Kubeconfigs."""

import base64
from pathlib import Path

import pytest

from kpack_reconciler.clients.kube.config import from_kubeconfig
from kpack_reconciler.errors import PermanentError

KUBECONFIG = """
current-context: first
contexts:
- {name: first, context: {cluster: here, user: me}}
- {name: second, context: {cluster: here, user: plugin, namespace: team}}
clusters:
- {name: here, cluster: {server: "http://127.0.0.1:8001/"}}
users:
- {name: me, user: {token: secret-token}}
- {name: plugin, user: {exec: {command: login}}}
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    return path


def test_the_current_context_is_read(kubeconfig: Path) -> None:
    """Server, token and namespace come from the current context, and the token stays out of the repr."""
    config = from_kubeconfig(kubeconfig)

    assert (config.server, config.token, config.namespace) == ("http://127.0.0.1:8001", "secret-token", "default")
    assert "secret-token" not in repr(config)


def test_a_login_plugin_is_refused_with_a_message(kubeconfig: Path) -> None:
    """Programs named in a kubeconfig are never run."""
    with pytest.raises(PermanentError, match="login plugins are not run"):
        from_kubeconfig(kubeconfig, "second")


def test_a_context_that_is_missing_is_named(kubeconfig: Path) -> None:
    """The error says which context was asked for."""
    with pytest.raises(PermanentError, match="'third'"):
        from_kubeconfig(kubeconfig, "third")


def test_a_broken_authority_is_refused(tmp_path: Path) -> None:
    """A certificate authority that is none is an error that names the file."""
    path = tmp_path / "config"
    authority = base64.b64encode(b"no certificate").decode()
    server = f'{{server: "https://127.0.0.1", certificate-authority-data: {authority}}}'
    path.write_text(KUBECONFIG.replace('{server: "http://127.0.0.1:8001/"}', server))

    with pytest.raises(PermanentError, match=str(path)):
        from_kubeconfig(path)
