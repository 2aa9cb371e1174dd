"""Settings from the environment."""

from datetime import timedelta
from pathlib import Path

import pytest

from kpack_api.network import OPEN_NETWORK, Network
from kpack_reconciler.settings import HookSettings, SettingsError, read_controller_settings, read_webhook_settings
from tests.fakes.tls import Authority


def test_only_the_step_image_must_be_given() -> None:
    """All other settings have defaults, kpack's where kpack has them."""
    settings = read_controller_settings({"BUILD_INIT_IMAGE": "registry/reconciler@sha256:1"}, host="pod-1")

    assert settings.step_image == "registry/reconciler@sha256:1"
    assert (settings.system_namespace, settings.pod_name, settings.log_level) == ("kpack", "pod-1", "info")
    assert (settings.source_poll, settings.builder_poll) == (timedelta(seconds=60), timedelta(seconds=60))
    assert settings.workers == 16
    assert (settings.credential_folder, settings.docker_folder) == (None, None)
    assert settings.namespaces == ()
    assert (settings.max_concurrent_builds, settings.max_concurrent_builds_per_namespace) == (None, None)


def test_the_environment_wins() -> None:
    """Each variable sets its setting."""
    environment = {
        "SYSTEM_NAMESPACE": "build-service",
        "POD_NAME": "controller-abc",
        "LOG_LEVEL": "DEBUG",
        "SOURCE_POLLING_FREQUENCY": "5",
        "BUILDER_POLLING_FREQUENCY": "7",
        "WORKERS": "2",
        "CREDENTIAL_PROVIDER_SECRET_PATH": "/var/own",
        "DOCKER_CONFIG": "/var/docker",
        "IMAGE_PULL_SECRETS": "company,own",
        "WATCH_NAMESPACE": "team-b,team-a,team-b",
        "MAX_CONCURRENT_BUILDS": "40",
        "MAX_CONCURRENT_BUILDS_PER_NAMESPACE": "10",
    }

    settings = read_webhook_settings(environment, host="pod-1")

    assert (settings.system_namespace, settings.pod_name, settings.log_level) == (
        "build-service",
        "controller-abc",
        "debug",
    )
    assert (settings.source_poll, settings.builder_poll) == (timedelta(seconds=5), timedelta(seconds=7))
    assert settings.workers == 2
    assert (settings.credential_folder, settings.docker_folder) == (Path("/var/own"), Path("/var/docker"))
    assert settings.pull_secrets == ("company", "own")
    assert settings.namespaces == ("team-b", "team-a")
    assert (settings.max_concurrent_builds, settings.max_concurrent_builds_per_namespace) == (40, 10)


def test_hooks_are_off_unless_their_secrets_are_given() -> None:
    """A certificate and the pod's address may follow."""
    secrets = {"HOOKS_SECRETS_PATH": "/var/hooks/secrets"}
    more = {"HOOKS_CERTIFICATE_PATH": "/var/hooks/certificate", "POD_IP": "10.0.0.7"}

    assert read_webhook_settings(more, host="pod-1").hooks is None
    assert read_webhook_settings(secrets, host="pod-1").hooks == HookSettings(secrets=Path("/var/hooks/secrets"))
    assert read_webhook_settings(secrets | more, host="pod-1").hooks == HookSettings(
        secrets=Path("/var/hooks/secrets"), certificate=Path("/var/hooks/certificate"), address="10.0.0.7"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SOURCE_POLLING_FREQUENCY", "soon"),
        ("BUILDER_POLLING_FREQUENCY", "0"),
        ("WORKERS", "-1"),
        ("MAX_CONCURRENT_BUILDS", "0"),
        ("MAX_CONCURRENT_BUILDS_PER_NAMESPACE", "many"),
        ("LOG_LEVEL", "loud"),
        ("WATCH_NAMESPACE", "../pods"),
        ("WATCH_NAMESPACE", "-a"),
    ],
)
def test_an_error_names_the_variable(variable: str, value: str) -> None:
    """A value that is none is refused with the variable's name and the value."""
    with pytest.raises(SettingsError, match=f"{variable}.*'{value}'"):
        read_webhook_settings({variable: value}, host="pod-1")


@pytest.mark.parametrize("value", [",", "team-a,", "team-a, team-b"], ids=["none", "a comma more", "a space"])
def test_no_name_never_means_all_namespaces(value: str) -> None:
    """A list with a gap is refused: an empty name would be every namespace."""
    with pytest.raises(SettingsError, match=r"WATCH_NAMESPACE.*write names between commas"):
        read_webhook_settings({"WATCH_NAMESPACE": value}, host="pod-1")


def test_a_controller_without_step_image_is_refused() -> None:
    """Builds need an image for prepare and completion."""
    with pytest.raises(SettingsError, match="BUILD_INIT_IMAGE"):
        read_controller_settings({}, host="pod-1")


def test_the_companys_network_is_read() -> None:
    """Certificates as text; a proxy in either spelling."""
    certificates = Authority().pem
    environment = {"KPACK_CERTIFICATES": certificates, "HTTPS_PROXY": "http://p:1", "no_proxy": ".svc"}

    network = read_webhook_settings(environment, host="pod-1").network

    assert network == Network(certificates=certificates, https_proxy="http://p:1", no_proxy=".svc")
    assert read_webhook_settings({}, host="pod-1").network == OPEN_NETWORK


def test_broken_certificates_are_refused() -> None:
    """The error names the variable and what to do."""
    with pytest.raises(SettingsError, match="KPACK_CERTIFICATES: the certificates hold no certificate: give PEM"):
        read_webhook_settings({"KPACK_CERTIFICATES": "/etc/ca.pem"}, host="pod-1")
