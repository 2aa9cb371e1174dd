"""The steps that bring up the machine's own cluster with registry and git server.

Owns their order and the names a person sees. Each step looks first, so that running them again after a crash
or a reboot starts what is missing and leaves the rest alone. What belongs to the build service comes after
these, in `dev.up`.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from dev.cluster import (
    api,
    certificates,
    containerd,
    control_plane,
    handle,
    kubeconfigs,
    node,
    storage,
    volume_recycler,
)
from dev.cluster.api import Api, ApiError, Object, tls_context
from dev.cluster.handle import Cluster
from dev.errors import DevError
from dev.machine import packages, sysctls
from dev.machine.addresses import API_PORT
from dev.machine.files import write
from dev.machine.probes import answers_http, wait_for
from dev.services import git, registry
from dev.steps import Note, Outcome, Step, changed

API_SECONDS: Final = 90.0
NODE_SECONDS: Final = 90.0
IDENTITIES: Final = (
    control_plane.CONTROLLER_MANAGER,
    control_plane.SCHEDULER,
    node.KUBELET,
    node.KUBE_PROXY,
)
NODE_PATH: Final = f"/api/v1/nodes/{certificates.NODE_NAME}"
API_PODS_PATH: Final = f"/api/v1/pods?fieldSelector=spec.nodeName={certificates.NODE_NAME},status.phase=Running"
KUBELET_PODS_PATH: Final = f"{NODE_PATH}/proxy/pods"
RUNTIME_PATH: Final = f"{NODE_PATH}/proxy/stats/summary?only_cpu_and_memory=true"
"""Answered by the kubelet out of the runtime, not out of a cache: both are reached then."""
SERVICE_ACCOUNT_PATH: Final = "/api/v1/namespaces/default/serviceaccounts/default"


def infrastructure_steps(cluster: Cluster) -> tuple[Step, ...]:
    """List the steps; the toolchain's programs must be there by then."""
    named: tuple[tuple[str, Callable[[Cluster], Outcome]], ...] = (
        ("Debian packages", install_packages),
        ("network", make_network),
        ("certificates", make_certificates),
        ("containerd", start_containerd),
        ("registry and git server", start_services),
        ("etcd and API server", start_api_server),
        ("controllers, kubelet, kube-proxy", start_node),
        ("storage", make_storage),
        ("node Ready", await_node),
    )
    return tuple(Step(name=name, run=_without_note(partial(run, cluster))) for name, run in named)


def install_packages(cluster: Cluster) -> Outcome:
    """Have the tools that Debian packages bring."""
    wanted = packages.missing(packages.CLUSTER_TOOLS)
    if wanted:
        packages.install(wanted, log=cluster.state.logs / "apt.log")
    return changed(it=bool(wanted))


def make_network(cluster: Cluster) -> Outcome:
    """Have the node's network and the cgroup of everything that will run."""
    if cluster.network.is_complete() and cluster.cgroup.exists():
        return Outcome.ALREADY
    sysctls.remember(handle.REMEMBERED)
    cluster.network.create()
    cluster.cgroup.ensure()
    return Outcome.DONE


def make_certificates(cluster: Cluster) -> Outcome:
    """Have all certificates and the kubeconfigs that carry them."""
    directory = cluster.state.certificates
    made = certificates.ensure(directory, wanted=certificates.leaves(cluster.addresses))
    server = cluster.addresses.api_url
    for identity in IDENTITIES:
        content = kubeconfigs.kubeconfig(directory, identity=identity, server=server)
        made |= write(directory / f"{identity}.kubeconfig", content)
    admin = kubeconfigs.kubeconfig(directory, identity="admin", server=server)
    return changed(it=write(cluster.state.kubeconfig, admin) or made)


def start_containerd(cluster: Cluster) -> Outcome:
    """Have the container runtime answer."""
    started = containerd.start(cluster)
    containerd.await_ready(cluster)
    return changed(it=started)


def start_services(cluster: Cluster) -> Outcome:
    """Have the registry and the git server answer."""
    started = [registry.start(cluster), git.start(cluster)]
    registry.await_ready(cluster)
    git.await_ready(cluster)
    return changed(it=any(started))


def start_api_server(cluster: Cluster) -> Outcome:
    """Have the store and the API server ready; the latter waits for the former by itself."""
    daemons = (control_plane.etcd(cluster), control_plane.api_server(cluster))
    started = [cluster.processes.ensure(daemon) for daemon in daemons]
    tls = tls_context(cluster.state)

    def alive() -> None:
        for daemon in daemons:
            cluster.processes.check(daemon.name)

    wait_for(
        lambda: answers_http(cluster.addresses.node, port=API_PORT, path="/readyz", tls=tls),
        what=f"a ready API server at {cluster.addresses.api_url}",
        seconds=API_SECONDS,
        alive=alive,
    )
    return changed(it=any(started))


def start_node(cluster: Cluster) -> Outcome:
    """Have everything else of Kubernetes run."""
    daemons = (
        node.kubelet(cluster),
        control_plane.controller_manager(cluster),
        control_plane.scheduler(cluster),
        node.kube_proxy(cluster),
        volume_recycler.daemon(cluster),
    )
    started = [cluster.processes.ensure(daemon) for daemon in daemons]
    return changed(it=any(started))


def make_storage(cluster: Cluster) -> Outcome:
    """Have the default StorageClass and its volumes."""
    return changed(it=storage.ensure(_api(cluster), directory=cluster.state.volumes))


def await_node(cluster: Cluster) -> Outcome:
    """Wait until pods can be run: the node takes them and the default service account exists."""
    client = _api(cluster)
    if _takes_pods(client):
        return Outcome.ALREADY

    def alive() -> None:
        for name in (containerd.NAME, control_plane.ETCD, control_plane.API_SERVER, *IDENTITIES):
            cluster.processes.check(name)

    try:
        wait_for(lambda: _takes_pods(client), what="a node that takes pods", seconds=NODE_SECONDS, alive=alive)
    except DevError as error:
        raise DevError(error.message, error.log or cluster.processes.log(node.KUBELET)) from error
    return Outcome.DONE


def _api(cluster: Cluster) -> Api:
    return api.connect(cluster.state, address=str(cluster.addresses.node))


def _takes_pods(client: Api) -> bool:
    try:
        return (
            _is_ready(client.get(NODE_PATH))
            and client.get(SERVICE_ACCOUNT_PATH) is not None
            and client.get(RUNTIME_PATH) is not None
            and _pods(client, API_PODS_PATH) <= _pods(client, KUBELET_PODS_PATH)
        )
    except ApiError:
        return False


def _is_ready(found: Object | None) -> bool:
    if found is None or found["spec"].get("taints"):
        return False
    conditions = {item["type"]: item["status"] for item in found["status"].get("conditions", ())}
    return conditions.get("Ready") == "True"


def _pods(client: Api, path: str) -> frozenset[str]:
    """List pods by the word of the API server or of the kubelet, which learns them at its start."""
    listed = client.get(path) or {"items": None}
    return frozenset(item["metadata"]["uid"] for item in listed["items"] or ())


def _without_note(run: Callable[[], Outcome]) -> Callable[[Note], Outcome]:
    return lambda _note: run()
