"""`prepare` in a company's network: its own authority signed the registry, the git server and the file server."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_api.network import Network
from kpack_reconciler.clients.outside import trusting
from kpack_reconciler.steps import blob, registries
from kpack_reconciler.steps.blob import fetch_blob
from kpack_reconciler.steps.network import platform_variables
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.prepare import main
from kpack_reconciler.steps.report import StepError
from tests.fakes.git_host import GitHost, git_host
from tests.fakes.proxy import proxy_host
from tests.fakes.registry_host import RegistryHost, registry_host
from tests.fakes.tls import Authority

COMPANY = Authority()
VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "GIT_SSL_CAINFO")


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away this machine's own network; no time passes between attempts."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for module in (blob, registries):
        monkeypatch.setattr(module, "_PAUSES_SECONDS", ())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    with registry_host("joe:secret") as host:
        COMPANY.protect(host)
        yield host


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "git") as host:
        host.create("app").commit({"main.go": "package main"})
        COMPANY.protect(host)
        yield host


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give the folders of a build pod with the registry's login."""
    root = tmp_path / "root"
    for folder in ("workspace", "home", "secrets/registry", "certificates"):
        (root / folder).mkdir(parents=True)
    (root / "secrets/registry/username").write_text("joe")
    (root / "secrets/registry/password").write_text("secret")
    (root / "log").touch()
    return Places(
        workspace=root / "workspace",
        platform=root / "platform",
        home=root / "home",
        secrets=root / "secrets",
        builder_pull_secrets=root / "builderPullSecrets",
        project_metadata=root / "metadata",
        certificates=root / "certificates",
        termination_log=root / "log",
    )


def prepare(places: Places, git: GitHost, registry: RegistryHost, **environment: str) -> int:
    given = {
        "IMAGE_TAG": f"{registry.name}/app:1",
        "GIT_URL": git.url("app").replace("http:", "https:"),
        "GIT_REVISION": "main",
    }
    return main([f"-basic-docker=registry=https://{registry.name}"], {**given, **environment}, places)


def trust(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in trusting(COMPANY.pem).items():
        monkeypatch.setenv(name, value)


def test_prepare_reaches_the_companys_servers(
    places: Places, git: GitHost, registry: RegistryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registry and git are trusted; the authority and its variables are left for the steps after."""
    trust(monkeypatch)

    code = prepare(places, git, registry, KPACK_CERTIFICATES=COMPANY.pem)

    assert code == 0, places.termination_log.read_text()
    assert (places.workspace / "main.go").exists()
    assert (places.certificates / "all.pem").read_text() == COMPANY.pem
    assert {file.name: file.read_text() for file in (places.platform / "env").iterdir()} == {
        "SSL_CERT_DIR": "/etc/ssl/certs:/etc/pki/tls/certs:/certificates",
        "NODE_EXTRA_CA_CERTS": "/certificates/all.pem",
    }


def test_an_unknown_authority_of_the_registry_is_told(places: Places, git: GitHost, registry: RegistryHost) -> None:
    """The message names what to give; nothing is fetched."""
    assert prepare(places, git, registry) != 0
    assert "(`certificates` of BuildService)" in places.termination_log.read_text()
    assert registry.name in places.termination_log.read_text()


def test_an_unknown_authority_of_the_git_server_is_told(
    places: Places, git: GitHost, registry: RegistryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git says that it does not trust it, we say what to do."""
    trust(monkeypatch)
    monkeypatch.delenv("GIT_SSL_CAINFO")

    assert prepare(places, git, registry) == 1
    said = places.termination_log.read_text()
    assert "unable to fetch git repository" in said
    assert "(`certificates` of BuildService)" in said


def test_an_unknown_authority_of_a_file_server_is_told(registry: RegistryHost, tmp_path: Path) -> None:
    """It is not tried again: only a change of the installation helps."""
    with pytest.raises(StepError, match=r"\(`certificates` of BuildService\)") as refused:
        fetch_blob(f"https://{registry.name}/app.zip", tmp_path / "workspace", credentials=None)

    assert refused.value.code == 1


def test_git_and_registry_are_reached_through_the_proxy(
    places: Places, git: GitHost, registry: RegistryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its login goes to the proxy and is printed nowhere; buildpacks are told of it, and the Build's word wins."""
    trust(monkeypatch)
    with proxy_host("joe:hunter2") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url("joe:hunter2"))
        variables = json.dumps([{"name": "NO_PROXY", "value": ".own"}])

        code = prepare(
            places,
            git,
            registry,
            HTTPS_PROXY=proxy.url("joe:hunter2"),
            NO_PROXY=".svc",
            PLATFORM_ENV_VARS=variables,
        )

    assert code == 0, places.termination_log.read_text()
    assert {target for _, target in proxy.asked} == {registry.name, f"127.0.0.1:{git.server_port}"}
    assert {file.name: file.read_text() for file in (places.platform / "env").iterdir()} == {
        "HTTPS_PROXY": proxy.url("joe:hunter2"),
        "https_proxy": proxy.url("joe:hunter2"),
        "NO_PROXY": ".own",
        "no_proxy": ".svc",
    }


def test_a_proxy_that_refuses_its_login_is_told_without_it(
    places: Places,
    git: GitHost,
    registry: RegistryHost,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither the log nor the termination message has it."""
    trust(monkeypatch)
    monkeypatch.setenv("no_proxy", registry.name)
    with proxy_host("joe:hunter2") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url("joe:wrong-secret"))

        code = prepare(places, git, registry, HTTPS_PROXY=proxy.url("joe:wrong-secret"))

    said = places.termination_log.read_text() + "".join(capfd.readouterr())
    assert code != 0
    assert "407" in said
    assert "wrong-secret" not in said


def test_an_open_network_leaves_no_variables() -> None:
    """Buildpacks see what they saw before."""
    assert platform_variables(Network()) == {}


def test_a_broken_list_is_told(places: Places, git: GitHost, registry: RegistryHost) -> None:
    """The controller has refused it already; the step says the same."""
    assert prepare(places, git, registry, KPACK_CERTIFICATES="ca.pem") == 1
    assert "KPACK_CERTIFICATES" in places.termination_log.read_text()


def test_openssl_trusts_the_folder(
    places: Places, git: GitHost, registry: RegistryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What prepare leaves is a folder of authorities for OpenSSL, too."""
    trust(monkeypatch)
    prepare(places, git, registry, KPACK_CERTIFICATES=COMPANY.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=str(places.certificates))

    with socket.create_connection(("127.0.0.1", registry.server_port)) as plain:
        context.wrap_socket(plain, server_hostname="127.0.0.1").close()
