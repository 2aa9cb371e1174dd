"""The company's network, given once: what is refused, what is declared, what the processes are told."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc, set_mocks

from kpack_api.process import Proxy
from pulumi_kpack import BuildService, BuildServiceArgs, ProxyArgs
from pulumi_kpack.manifests.network import certificates_map, proxy_secret
from pulumi_kpack.rules import InvalidArgumentError, check_build_service
from tests.fakes.tls import Authority

IMAGE = "registry.example.com/kpack@sha256:1"
CERTIFICATES = Authority().pem
LOGIN = "http://joe:hunter2@proxy.example.com:3128"


class Recorder(Mocks):
    """Keeps what is registered, and chooses a name as the provider does."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared, with a name."""
        self.seen[args.name] = args
        metadata = {"name": f"{args.name}-1a2b3c", **args.inputs.get("metadata", {})}
        return args.name, {**args.inputs, "metadata": metadata}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")

    def content(self, name: str) -> Mapping[str, str]:
        """Give what a Secret holds; it is marked as secret."""
        held = self.seen[name].inputs["stringData"]
        assert rpc.is_rpc_secret(held)
        found: Mapping[str, str] = rpc.unwrap_rpc_secret(held)
        return found

    def environment(self, name: str) -> Mapping[str, Any]:
        """Give the variables of a process."""
        spec = self.seen[f"kpack-deployment-kpack-{name}"].inputs["spec"]
        (container,) = spec["template"]["spec"]["containers"]
        return {each["name"]: each.get("valueFrom", each.get("value")) for each in container["env"]}


def install(**network: Any) -> Recorder:
    recorder = Recorder()
    set_mocks(recorder, preview=False)
    args: BuildServiceArgs = {"image": IMAGE, **network}  # type: ignore[typeddict-item]

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        return BuildService("kpack", args).namespace

    program()
    return recorder


@pytest.mark.parametrize("process", ["controller", "webhook"])
def test_certificates_reach_both_processes(process: str) -> None:
    """They lie in one ConfigMap of the system namespace, to which both refer."""
    recorder = install(certificates=f"# ours\n{CERTIFICATES}")

    declared = recorder.seen["kpack-certificates"].inputs
    assert declared["data"] == {"certificates.pem": CERTIFICATES}
    assert declared["metadata"]["namespace"] == "kpack"
    name = declared["metadata"]["name"]
    assert recorder.environment(process)["KPACK_CERTIFICATES"] == {
        "configMapKeyRef": {"name": name, "key": "certificates.pem"}
    }


def test_other_certificates_have_another_name() -> None:
    """So the processes start anew with them; the same ones change nothing."""
    first, same, other = (
        certificates_map(text, "kpack")["metadata"] for text in (CERTIFICATES, CERTIFICATES, Authority().pem)
    )

    assert first == same != other


@pytest.mark.parametrize("process", ["controller", "webhook"])
def test_a_proxy_reaches_both_processes(process: str) -> None:
    """Through a Secret with a name of Pulumi's choice; the cluster's own services are reached without it."""
    proxy: ProxyArgs = {"http": "http://proxy:3128", "https": "http://proxy:3128", "no_proxy": [".example.com"]}

    recorder = install(proxy=proxy)

    declared = recorder.seen["kpack-proxy"].inputs
    assert "name" not in declared["metadata"]
    assert recorder.content("kpack-proxy")["HTTPS_PROXY"] == "http://proxy:3128"
    never = recorder.content("kpack-proxy")["NO_PROXY"].split(",")
    assert {".svc", "169.254.169.254", "127.0.0.1", ".example.com"} <= set(never)
    found = recorder.environment(process)
    for variable in Proxy:
        assert found[variable] == {"secretKeyRef": {"name": "kpack-proxy-1a2b3c", "key": variable.value}}


def test_only_the_given_proxy_is_told() -> None:
    """A proxy for https is none for http."""
    recorder = install(proxy={"https": "http://proxy:3128"})

    assert recorder.content("kpack-proxy").keys() == {"HTTPS_PROXY", "NO_PROXY"}
    assert "HTTP_PROXY" not in recorder.environment("controller")


def test_a_proxys_login_is_told_to_secrets_only() -> None:
    """Builds find it in their own namespaces; nothing else that is declared has it."""
    recorder = install(proxy={"https": pulumi.Output.secret(LOGIN), "namespaces": ["apps", "web"]})

    holders = {name for name, args in recorder.seen.items() if "hunter2" in json.dumps(args.inputs)}
    assert holders == {"kpack-proxy", "kpack-proxy-apps", "kpack-proxy-web"}
    for namespace in ("apps", "web"):
        metadata = recorder.seen[f"kpack-proxy-{namespace}"].inputs["metadata"]
        assert metadata == {"name": "kpack-proxy", "namespace": namespace}


def test_pull_secrets_reach_build_pods_through_the_controller() -> None:
    """The processes' pods pull with them, and the controller is told their names."""
    recorder = install(image_pull_secrets=["company", pulumi.Output.from_input("own")])

    pod = recorder.seen["kpack-deployment-kpack-controller"].inputs["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "company"}, {"name": "own"}]
    assert recorder.environment("controller")["IMAGE_PULL_SECRETS"] == "company,own"


def test_an_open_network_declares_nothing() -> None:
    """Without arguments there are no further objects and variables."""
    recorder = install()

    assert not {"kpack-proxy", "kpack-certificates"} & recorder.seen.keys()
    assert not {"KPACK_CERTIFICATES", *Proxy} & recorder.environment("controller").keys()


def test_a_secret_holds_values_that_are_known_later() -> None:
    """The manifest passes outputs through."""
    later = pulumi.Output.from_input(LOGIN)

    assert proxy_secret({Proxy.HTTPS_PROXY: later}, "kpack")["stringData"] == {"HTTPS_PROXY": later}


@pytest.mark.parametrize(
    ("network", "path", "next_step"),
    [
        pytest.param({"certificates": "/etc/ca.pem"}, "certificates", "give PEM text", id="a path"),
        pytest.param({"certificates": CERTIFICATES[:-9]}, "certificates", "cut off", id="cut off"),
        pytest.param({"certificates": 7}, "certificates", "read_text()", id="a number"),
        pytest.param(
            {"certificates": pulumi.Output.from_input(CERTIFICATES)}, "certificates", "plain value", id="known later"
        ),
        pytest.param({"proxy": {"https": "hunter2:3128"}}, "proxy.https", "http://<host>:<port>", id="no URL"),
        pytest.param({"proxy": {"http": "socks5://hunter2"}}, "proxy.http", "http://<host>:<port>", id="socks"),
        pytest.param({"proxy": {"https": LOGIN}}, "proxy.namespaces", "name the namespaces", id="a login nowhere"),
        pytest.param({"proxy": {"no_proxy": [".x"]}}, "proxy", "give http or https", id="no proxy"),
        pytest.param(
            {"proxy": {"https": "http://p:1", "no_proxy": ["https://x"]}}, "proxy.no_proxy[0]", "a name", id="no host"
        ),
        pytest.param(
            {"proxy": {"https": "http://p:1", "namespaces": ["Apps"]}},
            "proxy.namespaces[0]",
            "lower-case",
            id="capitals",
        ),
        pytest.param({"proxy": "http://hunter2:1"}, "proxy", "give a dict", id="text"),
        pytest.param({"proxy": {"htps": "x", "https": "http://p:1"}}, "proxy.htps", "'https'?", id="misspelt"),
    ],
)
def test_a_wrong_network_is_refused(network: Mapping[str, Any], path: str, next_step: str) -> None:
    """With its path and the next step; what may be a secret is not quoted."""
    with pytest.raises(InvalidArgumentError) as refused:
        check_build_service("kpack", {"image": IMAGE, **network})

    (problem,) = refused.value.problems
    assert problem.path == path
    assert next_step in problem.message
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "network",
    [
        {"certificates": CERTIFICATES * 3},
        {"certificates": "", "proxy": {}},
        {"proxy": {"https": LOGIN, "namespaces": ["apps"]}},
        {"proxy": {"https": pulumi.Output.from_input(LOGIN)}},
        {"proxy": {"http": "http://p:1", "no_proxy": ["10.0.0.1", "10.0.0.0/8", ".example.com", "h:5000", "fd00::1"]}},
    ],
    ids=["certificates", "empty", "a login", "known later", "hosts"],
)
def test_a_right_network_passes(network: Mapping[str, Any]) -> None:
    """What keeps the rules passes in silence."""
    check_build_service("kpack", {"image": IMAGE, **network})
