"""Kubeconfigs."""

import base64
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpack_reconciler.clients.kube.config import from_kubeconfig
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.webhook.certificate import make_certificate

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


def test_certificates_may_stand_in_files_beside_the_kubeconfig(tmp_path: Path) -> None:
    """Paths are relative to the kubeconfig; a token file is named and not read."""
    issued = make_certificate("any", "team", now=datetime.now(UTC))
    (tmp_path / "ca.crt").write_bytes(issued.authority)
    (tmp_path / "config").write_text(f"""
current-context: first
contexts: [{{name: first, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "https://127.0.0.1", certificate-authority: ca.crt}}}}]
users:
- name: me
  user:
    client-certificate-data: {base64.b64encode(issued.certificate).decode()}
    client-key-data: {base64.b64encode(issued.key).decode()}
    tokenFile: token
""")

    config = from_kubeconfig(tmp_path / "config")

    assert config.tls is not None
    assert config.tls.verify_mode == ssl.CERT_REQUIRED
    assert config.token_file == tmp_path / "token"


def test_a_server_may_be_taken_on_trust(tmp_path: Path) -> None:
    """`insecure-skip-tls-verify` does what it says, and a context needs no user."""
    (tmp_path / "config").write_text("""
current-context: first
contexts: [{name: first, context: {cluster: here}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1", insecure-skip-tls-verify: true}}]
""")

    config = from_kubeconfig(tmp_path / "config")

    assert config.tls is not None
    assert config.tls.verify_mode == ssl.CERT_NONE


def test_a_broken_authority_is_refused(tmp_path: Path) -> None:
    """A certificate authority that is none is an error that names the file."""
    path = tmp_path / "config"
    authority = base64.b64encode(b"no certificate").decode()
    server = f'{{server: "https://127.0.0.1", certificate-authority-data: {authority}}}'
    path.write_text(KUBECONFIG.replace('{server: "http://127.0.0.1:8001/"}', server))

    with pytest.raises(PermanentError, match=str(path)):
        from_kubeconfig(path)
