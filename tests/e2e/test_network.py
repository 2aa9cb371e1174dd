"""A company's network on the real cluster: registry and git server of its own authority, a proxy that asks for a login.

All three run on this machine, at its address as pods see it. The stack that `up` made is told of them, and forgets them
at the end.
"""

import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.build_service import SAMPLE, STACK, configure, kubectl, pulumi, read_configuration
from dev.environment import Environment
from dev.machine.probes import listens, wait_for
from dev.services import registry
from tests.fakes.git_host import GitHost, git_host
from tests.fakes.proxy import ProxyHost, proxy_host
from tests.fakes.tls import Authority

pytestmark = pytest.mark.e2e

NAMESPACE = "company"
API = "build.pivotal.io/v1alpha1"
LOGIN = "joe:proxy-hunter2"
OPEN = {"certificatesFile": "", "httpsProxy": "", "noProxy": "", "buildNamespaces": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Its authority, and its servers: `registry` as `host:port`."""

    authority: Authority
    file: Path
    registry: str
    git: GitHost
    proxy: ProxyHost

    @property
    def git_url(self) -> str:
        """The sample application's repository."""
        return self.git.url("app").replace("http://", "https://")


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def apply(service: Environment, *objects: Mapping[str, object]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(listed))


def image(company: Company, name: str, builder: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    spec = {
        "tag": f"{company.registry}/team/{name}",
        "builder": builder,
        "serviceAccount": "company",
        "source": {"git": {"url": company.git_url, "revision": "main"}},
    }
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "company"}},
        {"apiVersion": API, "kind": "Image", "metadata": {"name": name}, "spec": spec},
    )


def await_built(service: Environment, name: str) -> None:
    in_namespace(service, "wait", "--for=jsonpath={.status.buildCounter}=1", f"image/{name}", "--timeout=120s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=240s")
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=5s")


def told(service: Environment, name: str) -> str:
    place = ("get", f"sourceresolver/{name}-source", "--ignore-not-found", "-o")
    return in_namespace(service, *place, "jsonpath={.status.conditions[0].message}")


def tags(company: Company, name: str) -> str:
    """Ask the registry, with its certificate checked, which tags an image has."""
    trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=company.authority.pem))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted)
    with opener.open(f"https://{company.registry}/v2/team/{name}/tags/list", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def company_registry(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Authority]]:
    """Give the address of a real registry that speaks https only, and who signed its certificate."""
    if not service.host:
        pytest.skip("pods of a named cluster do not reach this process")
    folder, authority = tmp_path_factory.mktemp("registry"), Authority()
    with socket.socket() as found:
        found.bind((service.host, 0))
        address = f"{service.host}:{found.getsockname()[1]}"
    certificate, file = folder / "certificate.pem", folder / "registry.json"
    certificate.write_bytes(authority.certify(service.host))
    content = dict(registry.configuration(address=address, data=folder / "data", users=None))
    tls = {"certificate": str(certificate), "key": str(certificate)}
    file.write_text(json.dumps({**content, "http": {**content["http"], "tls": tls}}))
    command = ["docker-registry", "serve", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        host, _, port = address.partition(":")
        wait_for(lambda: listens(host, port=int(port)), what="an answer of the registry", seconds=20)
        yield address, authority
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def company(
    service: Environment, company_registry: tuple[str, Authority], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Give the servers, and a namespace with a builder; the stack is told of nothing yet."""
    address, authority = company_registry
    folder = tmp_path_factory.mktemp("company")
    file = folder / "ca.pem"
    file.write_text(f"# the company's own\n{authority.pem}")
    with git_host(folder / "git", address=service.host) as git, proxy_host(LOGIN, address=service.host) as proxy:
        files = {path.name: path.read_text() for path in SAMPLE.iterdir() if path.is_file()}
        git.create("app").commit(files)
        authority.protect(git, service.host)
        kubectl(service, "create", "namespace", NAMESPACE)
        kubectl(service, "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        spec = {"image": read_configuration(service.state)["builderImage"]}
        apply(service, {"apiVersion": API, "kind": "Builder", "metadata": {"name": "sample"}, "spec": spec})
        try:
            yield Company(authority=authority, file=file, registry=address, git=git, proxy=proxy)
        finally:
            tell(service, OPEN)
            kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")
            shutil.rmtree(folder, ignore_errors=True)


def tell(service: Environment, values: Mapping[str, str]) -> None:
    """Tell the stack, which starts both processes anew."""
    configure(service.state, values)
    pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])


BUILDER = {"kind": "Builder", "name": "sample"}


def test_an_unknown_authority_is_told(service: Environment, company: Company) -> None:
    """Before the stack is told of it, the Image's source says what to give."""
    apply(service, *image(company, "trusting", BUILDER))

    wait_for(
        lambda: "(`certificates` of BuildService)" in told(service, "trusting"),
        what="word of the authority",
        seconds=60,
    )
    assert in_namespace(service, "get", "builds", "-o", "name") == ""


def controller_log(service: Environment) -> str:
    return kubectl(service, "-n", "kpack", "logs", "-l", "app=kpack-controller", "--tail=-1")


def test_every_hop_trusts_the_authority_that_is_given_once(service: Environment, company: Company) -> None:
    """Poller, prepare, each phase of the lifecycle and completion: the Image is built and pushed over https."""
    tell(service, {"certificatesFile": str(company.file)})
    apply(service, *image(company, "trusting", BUILDER))

    await_built(service, "trusting")

    assert '"tags":["' in tags(company, "trusting").replace(" ", "")


def test_the_second_up_changes_nothing(service: Environment, company: Company) -> None:
    """A network that stays the same is unchanged for Pulumi."""
    assert company.file.exists()

    assert "unchanged" in pulumi(service, ["up", "--yes", "--expect-no-changes", "--stack", STACK])


def test_every_hop_takes_the_proxy(service: Environment, company: Company) -> None:
    """Controller and build reach registry and git through it; its login is in Secrets only."""
    near = service.registry.rpartition(":")[0]
    values = {"httpsProxy": company.proxy.url(LOGIN), "noProxy": near, "buildNamespaces": NAMESPACE}
    tell(service, values)
    company.proxy.asked.clear()
    apply(service, *image(company, "proxied", BUILDER))

    await_built(service, "proxied")

    assert '"tags":["' in tags(company, "proxied").replace(" ", "")
    targets = {target for method, target in company.proxy.asked if method == "CONNECT"}
    assert {company.registry, f"{service.host}:{company.git.server_port}"} <= targets
    shown = kubectl(service, "get", "pods,deployments,configmaps,events,images,builds", "-A", "-o", "json")
    assert "proxy-hunter2" not in shown + controller_log(service)
    assert "unchanged" in pulumi(service, ["up", "--yes", "--expect-no-changes", "--stack", STACK])


def test_a_build_where_the_proxys_login_is_missing_is_told(service: Environment, company: Company) -> None:
    """A namespace that was not named has no Secret: the Build names it and does not wait for ever."""
    in_namespace(service, "delete", "secret", "kpack-proxy")
    apply(service, *image(company, "lonely", BUILDER))

    in_namespace(service, "wait", "--for=jsonpath={.status.buildCounter}=1", "image/lonely", "--timeout=120s")

    wait_for(
        lambda: "kpack-proxy" in in_namespace(service, "get", "builds", "-o", "jsonpath={.items[*].status.conditions}"),
        what="word of the missing Secret",
        seconds=120,
    )
