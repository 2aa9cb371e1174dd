"""etcd, API server, controller manager and scheduler.

Owns their arguments and start. Rules:
- etcd without fsync: a crash of a process loses nothing, a crash of the machine may, and a lost cluster is
  made anew;
- the API server reaches the kubelet by the node's address: the node's name resolves nowhere;
- no leader election: there is one of each.
"""

from typing import Final

from dev.cluster.certificates import AUTHORITY, SERVICE_ACCOUNTS, pair
from dev.cluster.handle import Cluster
from dev.machine.addresses import API_PORT
from dev.machine.processes import Daemon

ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
ETCD_PORT: Final = 2379
ETCD_URL: Final = f"http://127.0.0.1:{ETCD_PORT}"
ETCD_PEER_URL: Final = "http://127.0.0.1:2380"


def etcd(cluster: Cluster) -> Daemon:
    """Describe the store."""
    return Daemon(
        name=ETCD,
        command=(
            cluster.tool(ETCD),
            "--name=node",
            f"--data-dir={cluster.state.root / 'etcd'}",
            f"--listen-client-urls={ETCD_URL}",
            f"--advertise-client-urls={ETCD_URL}",
            f"--listen-peer-urls={ETCD_PEER_URL}",
            f"--initial-advertise-peer-urls={ETCD_PEER_URL}",
            f"--initial-cluster=node={ETCD_PEER_URL}",
            "--unsafe-no-fsync",
            "--auto-compaction-retention=1h",
            "--log-level=warn",
        ),
    )


def api_server(cluster: Cluster) -> Daemon:
    """Describe the API server."""
    directory = cluster.state.certificates
    serving, client = pair(directory, "api-server"), pair(directory, "api-server-client")
    authority = pair(directory, AUTHORITY).certificate
    return Daemon(
        name=API_SERVER,
        command=(
            cluster.tool(API_SERVER),
            f"--etcd-servers={ETCD_URL}",
            f"--advertise-address={cluster.addresses.node}",
            f"--secure-port={API_PORT}",
            f"--service-cluster-ip-range={cluster.addresses.services}",
            "--allow-privileged=true",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--cert-dir={directory}",
            f"--client-ca-file={authority}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--kubelet-certificate-authority={authority}",
            f"--kubelet-client-certificate={client.certificate}",
            f"--kubelet-client-key={client.key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={directory / f'{SERVICE_ACCOUNTS}.pub'}",
            f"--service-account-signing-key-file={directory / f'{SERVICE_ACCOUNTS}.key'}",
            "--profiling=false",
        ),
        configuration=(serving.certificate, authority),
        address=(str(cluster.addresses.node), API_PORT),
    )


def controller_manager(cluster: Cluster) -> Daemon:
    """Describe the controller manager."""
    directory = cluster.state.certificates
    authority = pair(directory, AUTHORITY)
    return Daemon(
        name=CONTROLLER_MANAGER,
        command=(
            cluster.tool(CONTROLLER_MANAGER),
            *_client_arguments(cluster, CONTROLLER_MANAGER),
            f"--service-cluster-ip-range={cluster.addresses.services}",
            f"--service-account-private-key-file={directory / f'{SERVICE_ACCOUNTS}.key'}",
            f"--root-ca-file={authority.certificate}",
            f"--cluster-signing-cert-file={authority.certificate}",
            f"--cluster-signing-key-file={authority.key}",
            "--use-service-account-credentials",
            f"--flex-volume-plugin-dir={cluster.state.kubelet / 'volume-plugins'}",
            "--kube-api-qps=100",
            "--kube-api-burst=200",
        ),
        configuration=(authority.certificate,),
    )


def scheduler(cluster: Cluster) -> Daemon:
    """Describe the scheduler."""
    return Daemon(
        name=SCHEDULER,
        command=(cluster.tool(SCHEDULER), *_client_arguments(cluster, SCHEDULER)),
        configuration=(pair(cluster.state.certificates, AUTHORITY).certificate,),
    )


def _client_arguments(cluster: Cluster, identity: str) -> tuple[str, ...]:
    kubeconfig = cluster.state.certificates / f"{identity}.kubeconfig"
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--profiling=false",
    )
