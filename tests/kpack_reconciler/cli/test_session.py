"""Which cluster a command speaks to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpack_reconciler.cli.app import run
from kpack_reconciler.webhook.certificate import make_certificate


def test_inside_of_a_pod_its_own_cluster_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no kubeconfig is named and a service account is mounted, its API server and namespace are asked."""
    monkeypatch.setattr("kpack_reconciler.clients.kube.config._POD_CREDENTIALS", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / "token").write_text("none")
    (tmp_path / "namespace").write_text("team\n")
    (tmp_path / "ca.crt").write_bytes(make_certificate("any", "team", now=datetime.now(UTC)).authority)

    assert run(["status"]) == 1

    told = capsys.readouterr().err
    assert told.startswith("error: the cluster does not answer: GET /apis/build.pivotal.io/v1alpha1/namespaces/team/")
