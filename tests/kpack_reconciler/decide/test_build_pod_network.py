"""What a build pod's containers are told of the company's network."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from kpack_api.core import Container, EmptyDir, EnvVar, Volume
from kpack_api.names import Step
from kpack_api.network import Network
from kpack_api.types import Binding
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.decide.build_pod import build_pod
from kpack_reconciler.decide.build_pod_secrets import ForbiddenBindingError
from tests import make

CERTIFICATES = Network(certificates="some PEM\n")
FOLDERS = "/etc/ssl/certs:/etc/pki/tls/certs:/certificates"
PHASES = (Step.ANALYZE, Step.DETECT, Step.RESTORE, Step.BUILD, Step.EXPORT)


def containers(network: Network, *, is_old: bool = False) -> dict[str, Container]:
    image = make.old_builder_image() if is_old else make.builder_image()
    settings = dataclasses.replace(make.SETTINGS, network=network)
    pod = build_pod(make.running_build(), image, make.credentials(), settings)
    return {each.name: each for each in (*pod.spec.init_containers, *pod.spec.containers)}


def variables(container: Container) -> dict[str, Any]:
    return {each.name: each.value_from or each.value for each in container.env}


@pytest.mark.parametrize("is_old", [False, True], ids=["0.15", "0.3"])
def test_every_phase_trusts_the_companys_authorities(*, is_old: bool) -> None:
    """Ours are told the text; the lifecycle's read a folder after the usual ones, in which only prepare writes."""
    found = containers(CERTIFICATES, is_old=is_old)

    for step in (Step.PREPARE, Step.COMPLETION):
        assert variables(found[step])["KPACK_CERTIFICATES"] == "some PEM\n"
    for step in PHASES:
        assert variables(found[step])["SSL_CERT_DIR"] == FOLDERS
        assert "KPACK_CERTIFICATES" not in variables(found[step])
    writable = {
        step: not mount.read_only
        for step, container in found.items()
        for mount in container.volume_mounts
        if mount.mount_path == "/certificates"
    }
    assert writable == {Step.PREPARE: True, **dict.fromkeys(PHASES, False)}


def test_the_folder_is_a_volume_of_the_pod() -> None:
    """It is empty until prepare has run, and there only where it is needed."""
    settings = dataclasses.replace(make.SETTINGS, network=CERTIFICATES)
    with_it = build_pod(make.running_build(), make.builder_image(), make.credentials(), settings)
    without = build_pod(make.running_build(), make.builder_image(), make.credentials(), make.SETTINGS)

    assert set(with_it.spec.volumes) - set(without.spec.volumes) == {
        Volume(name="certificates-dir", empty_dir=EmptyDir())
    }


def test_every_container_knows_the_proxy() -> None:
    """In both spellings, and so that Kubernetes expands nothing in it."""
    network = Network(http_proxy="http://proxy:3128", https_proxy="http://$(A)proxy:3128", no_proxy=".svc")

    for container in containers(network).values():
        expected = [
            *(EnvVar(name=name, value="http://proxy:3128") for name in ("HTTP_PROXY", "http_proxy")),
            *(EnvVar(name=name, value="http://$$(A)proxy:3128") for name in ("HTTPS_PROXY", "https_proxy")),
            *(EnvVar(name=name, value=".svc") for name in ("NO_PROXY", "no_proxy")),
        ]
        assert list(container.env[-6:]) == expected


def test_a_proxys_login_is_in_no_manifest() -> None:
    """It comes from a Secret of the build's namespace, all of the proxies with it."""
    network = Network(https_proxy="http://joe:hunter2@proxy:3128", no_proxy=".svc")

    for container in containers(network).values():
        found = variables(container)
        for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
            assert found[name] == {"secretKeyRef": {"name": "kpack-proxy", "key": name.upper()}}
        assert "hunter2" not in repr(container)


def test_an_open_network_changes_nothing() -> None:
    """The pod is the one of an installation that says nothing."""
    assert not {"SSL_CERT_DIR", "HTTP_PROXY", "KPACK_CERTIFICATES"} & {
        variable.name for container in containers(Network()).values() for variable in container.env
    }


def test_build_pods_pull_with_the_installations_secrets_too() -> None:
    """By name, after those of builder and account, and each once."""
    account = dataclasses.replace(make.credentials(), image_pull_secrets=(LocalObjectReference(name="own"),))
    settings = dataclasses.replace(make.SETTINGS, pull_secrets=("company", "own"))

    pod = build_pod(make.running_build(), make.builder_image(), account, settings)

    assert [reference.name for reference in pod.spec.image_pull_secrets] == ["own", "company"]


def test_a_binding_may_not_use_the_installations_pull_secrets() -> None:
    """They are credentials of builds like any other."""
    binding = Binding(
        name="b",
        metadata_ref=LocalObjectReference(name="m"),
        secret_ref=LocalObjectReference(name="company"),
    )
    build = make.running_build()
    build = replace(build, spec=replace(build.spec, bindings=(binding,)))
    settings = dataclasses.replace(make.SETTINGS, pull_secrets=("company",))

    with pytest.raises(ForbiddenBindingError, match='forbidden secret "company"'):
        build_pod(build, make.builder_image(), make.credentials(), settings)
