"""Which service a host belongs to."""

import pytest

from kpack_reconciler.model.host_classes import HOST_CLASSES, host_class


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("github.com", "github"),
        ("GHCR.io.", "github"),
        ("gitlab.com:443", "gitlab"),
        ("index.docker.io", "docker"),
        ("auth.docker.io", "docker"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "amazon"),
        ("europe-docker.pkg.dev", "google"),
        ("team.azurecr.io", "azure"),
        ("github.com.example.org", "other"),
        ("notgithub.com", "other"),
        ("registry.apps.svc.cluster.local:5000", "other"),
        ("127.0.0.1:5000", "other"),
        ("[::1]:5000", "other"),
        ("io", "other"),
        ("", "other"),
    ],
)
def test_a_host_has_one_of_few_classes(host: str, known: str) -> None:
    """Domains of services that many use are told apart; a host of one's own is `other`, whatever its name."""
    assert host_class(host) == known
    assert known in HOST_CLASSES
