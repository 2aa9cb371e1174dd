"""Whom connections to the outside trust, and through which proxy they go: real TLS, a real proxy."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import boto3
import pytest

from kpack_reconciler.clients.git.remote import ls_refs
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.clients.outside import outside_session, trusting
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.references import parse_image
from tests.fakes.git_host import git_host
from tests.fakes.proxy import ProxyHost, proxy_host
from tests.fakes.registry_host import RegistryHost, registry_host
from tests.fakes.tls import Authority

COMPANY = Authority()
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def open_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away this machine's own network, and keep files in the test's folder."""
    for name in (*PROXIES, "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    """Give a registry that shows a certificate of the company's authority."""
    with registry_host("joe:secret") as host:
        COMPANY.protect(host)
        host.put_image("app", {"is": "ours"})
        yield host


def trust(monkeypatch: pytest.MonkeyPatch, certificates: str) -> None:
    for name, value in trusting(certificates).items():
        monkeypatch.setenv(name, value)


async def look(registry: RegistryHost) -> object:
    async with outside_session() as http:
        client = RegistryClient(http, keychain_from_login(registry.name, username="joe", password="secret"))
        return await client.config(parse_image(f"{registry.name}/app@{registry.put_image('app', {'is': 'ours'})}"))


async def test_a_registry_of_the_company_is_trusted(registry: RegistryHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its authority, and not without: no plain http and no unchecked certificate instead."""
    with pytest.raises(TransientError, match="certificate that is not trusted"):
        await look(registry)

    trust(monkeypatch, COMPANY.pem)

    assert await look(registry)


async def test_another_host_with_its_certificate_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority says who a server is; that it is trusted does not make any server the right one."""
    trust(monkeypatch, COMPANY.pem)
    with registry_host("joe:secret") as host:
        COMPANY.protect(host, "10.1.2.3")

        with pytest.raises(TransientError, match="certificate that is not trusted"):
            await look(host)


async def test_a_git_server_of_the_company_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The poller of git uses the same session."""
    trust(monkeypatch, COMPANY.pem)
    with git_host(tmp_path / "git") as host:
        commit = host.create("app").commit({"a": "1"})
        COMPANY.protect(host)

        async with outside_session() as http:
            refs = await ls_refs(http, host.url("app").replace("http:", "https:"), ["main"])

    assert commit in {ref.object_id for ref in refs}


def test_the_public_authorities_stay_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file has what the image trusts, then the company's; OpenSSL, git and boto3 are told of it."""
    own, other = tmp_path / "own.pem", Authority("public").pem
    own.write_text(other)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))

    found = trusting(COMPANY.pem)

    assert found.keys() == {"SSL_CERT_FILE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"}
    (file,) = set(found.values())
    assert Path(file).read_text() == f"{other}\n{COMPANY.pem}"
    assert trusting(COMPANY.pem)["SSL_CERT_FILE"] != file


def test_an_image_without_authorities_trusts_the_companys(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no file to add them to."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setattr("kpack_reconciler.clients.outside._KNOWN_FILES", ())

    file = trusting(COMPANY.pem)["SSL_CERT_FILE"]

    assert ssl.create_default_context(cafile=file).get_ca_certs()[0]["subject"]


def test_nothing_is_said_where_nothing_is_given() -> None:
    """A process keeps its environment as it is."""
    assert trusting("") == {}


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProxyHost]:
    """Give a proxy that asks for a login, which the environment has."""
    with proxy_host("joe:hunter2") as host:
        monkeypatch.setenv("HTTPS_PROXY", host.url("joe:hunter2"))
        yield host


async def test_a_proxy_is_taken(registry: RegistryHost, proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its login, and the registry's certificate is still checked by us; a host of NO_PROXY is asked directly."""
    with pytest.raises(TransientError, match="certificate that is not trusted"):
        await look(registry)
    trust(monkeypatch, COMPANY.pem)

    await look(registry)
    through = list(proxy.asked)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    await look(registry)

    assert ("CONNECT", registry.name) in through
    assert proxy.asked == through


@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [
        ("127.0.0.0/8", True),
        ("fd00::/8, 127.0.0.1/32", True),
        (".127.0.0.1/nothing,10.0.0.0/8", False),
        ("other.example", False),
    ],
)
async def test_networks_are_asked_directly(
    registry: RegistryHost, proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch, *, no_proxy: str, is_direct: bool
) -> None:
    """NO_PROXY means for us what it means for Go, the lifecycle's language."""
    trust(monkeypatch, COMPANY.pem)
    monkeypatch.setenv("NO_PROXY", no_proxy)

    await look(registry)

    assert (proxy.asked == []) is is_direct


async def test_a_host_by_name_is_in_no_network(proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are not looked up for it: only the proxy may know them."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")

    async with outside_session() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get("https://localhost:1/")

    assert set(proxy.asked) == {("CONNECT", "localhost:1")}


async def test_a_proxys_login_is_not_told(
    registry: RegistryHost, proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy refuses becomes an error without the login."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url("joe:wrong-secret"))

    with pytest.raises(TransientError) as refused:
        await look(registry)

    assert "wrong-secret" not in str(refused.value)
    assert "(407" in str(refused.value)


@pytest.mark.parametrize("alive", [True, False], ids=["refuses", "is down"])
async def test_a_git_server_behind_a_bad_proxy_is_told_without_the_login(
    proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch, *, alive: bool
) -> None:
    """Whether the proxy refuses or does not answer."""
    place = proxy.url("joe:wrong-secret") if alive else "http://joe:wrong-secret@127.0.0.1:1"
    monkeypatch.setenv("HTTPS_PROXY", place)

    async with outside_session() as http:
        with pytest.raises(TransientError, match="does not answer") as refused:
            await ls_refs(http, "https://git.invalid/app", ["main"])

    assert "wrong-secret" not in str(refused.value)


async def test_the_api_server_is_asked_directly_and_by_its_own_authority(
    registry: RegistryHost, proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the proxy nor the company's authorities count for it, whatever NO_PROXY says."""
    trust(monkeypatch, COMPANY.pem)
    other = ssl.create_default_context(cadata=Authority("cluster").pem)

    async with KubeClient(ClusterConfig(server=f"https://{registry.name}", tls=other)) as kube:
        with pytest.raises(TransientError, match="certificate"):
            await kube.get("/version")

    assert proxy.asked == []


@pytest.mark.parametrize("command", ["controller", "webhook", "prepare"])
def test_a_broken_list_of_certificates_is_told_at_the_start(command: str) -> None:
    """The process names the variable and what to do, and ends."""
    environment = {
        **{name: os.environ[name] for name in ("PATH",)},
        "PYTHONPATH": str(Path(__file__).parents[3] / "components"),
        "KPACK_CERTIFICATES": "ca.pem",
        "BUILD_INIT_IMAGE": "registry.example/reconciler",
    }

    told = subprocess.run(
        [sys.executable, "-m", "kpack_reconciler", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 1
    said = told.stdout + told.stderr
    assert "environment variable KPACK_CERTIFICATES: the certificates hold no certificate: give PEM text" in said


def test_amazons_library_trusts_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 is told by its own variable; what stands before Amazon may have a certificate of the company's."""
    trust(monkeypatch, COMPANY.pem)

    found = boto3.session.Session()._session.get_config_variable("ca_bundle")

    assert COMPANY.pem in Path(found).read_text()
