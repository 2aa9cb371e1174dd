"""The node: kubelet and kube-proxy.

Owns their configuration and start. Rules:
- pods live under the environment's own cgroup, logs and volumes under its state directory;
- OOM scores stay 0: not every machine lets us lower one;
- images are never collected and eviction begins late: the disk is a developer's;
- connection tracking keeps the machine's limits.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dev.cluster import containerd
from dev.cluster.certificates import AUTHORITY, NODE_NAME, pair
from dev.cluster.handle import Cluster
from dev.machine.files import remove_empty, write
from dev.machine.probes import listens_at
from dev.machine.processes import Daemon

KUBELET: Final = "kubelet"
KUBE_PROXY: Final = "kube-proxy"
CONTAINER_LOGS: Final = Path("/var/log/containers")
DEVICE_PLUGINS: Final = Path("/var/lib/kubelet/device-plugins")
RESOLVED: Final = Path("/run/systemd/resolve/resolv.conf")
EVICTION: Final = {
    "memory.available": "50Mi",
    "nodefs.available": "1%",
    "nodefs.inodesFree": "1%",
    "imagefs.available": "1%",
    "imagefs.inodesFree": "1%",
}


def kubelet_configuration(cluster: Cluster, *, resolv_conf: Path) -> Mapping[str, object]:
    """Give the kubelet's configuration object."""
    serving = pair(cluster.state.certificates, "kubelet-server")
    authority = pair(cluster.state.certificates, AUTHORITY).certificate
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": str(authority)}},
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cluster.addresses.name}",
        "containerRuntimeEndpoint": f"unix://{containerd.socket(cluster)}",
        "evictionHard": EVICTION,
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "maxParallelImagePulls": 4,
        "oomScoreAdj": 0,
        "podLogsDir": str(cluster.state.logs / "pods"),
        "resolvConf": str(resolv_conf),
        "serializeImagePulls": False,
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "volumePluginDir": str(cluster.state.kubelet / "volume-plugins"),
    }


def kube_proxy_configuration(cluster: Cluster) -> Mapping[str, object]:
    """Give kube-proxy's configuration object."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(cluster.state.certificates / f"{KUBE_PROXY}.kubeconfig")},
        "clusterCIDR": str(cluster.addresses.pods),
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpCloseWaitTimeout": "0s",
            "tcpEstablishedTimeout": "0s",
        },
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "oomScoreAdj": 0,
    }


def kubelet(cluster: Cluster) -> Daemon:
    """Write the kubelet's configuration and describe it."""
    config = cluster.state.kubelet / "config.json"
    content = kubelet_configuration(cluster, resolv_conf=_resolv_conf())
    write(config, json.dumps(content, indent=2))
    return Daemon(
        name=KUBELET,
        command=(
            cluster.tool(KUBELET),
            f"--config={config}",
            f"--kubeconfig={cluster.state.certificates / f'{KUBELET}.kubeconfig'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={cluster.addresses.node}",
            f"--root-dir={cluster.state.kubelet}",
            f"--cert-dir={cluster.state.kubelet / 'pki'}",
        ),
        configuration=(config, pair(cluster.state.certificates, "kubelet-server").certificate),
    )


def kube_proxy(cluster: Cluster) -> Daemon:
    """Write kube-proxy's configuration and describe it."""
    config = cluster.state.root / f"{KUBE_PROXY}.json"
    write(config, json.dumps(kube_proxy_configuration(cluster), indent=2))
    return Daemon(
        name=KUBE_PROXY,
        command=(cluster.tool(KUBE_PROXY), f"--config={config}"),
        configuration=(config, pair(cluster.state.certificates, AUTHORITY).certificate),
    )


def remove_traces(cluster: Cluster) -> None:
    """Remove the links to container logs that the kubelet keeps outside of the state."""
    if not CONTAINER_LOGS.is_dir():
        return
    for link in CONTAINER_LOGS.iterdir():
        if link.is_symlink() and link.readlink().is_relative_to(cluster.state.root):
            link.unlink(missing_ok=True)
    remove_empty(CONTAINER_LOGS)


def remove_shared_traces() -> None:
    """Remove the device plugin socket, whose place is fixed; call when no kubelet of ours is left."""
    if not listens_at(DEVICE_PLUGINS / "kubelet.sock"):
        (DEVICE_PLUGINS / "kubelet.sock").unlink(missing_ok=True)
    remove_empty(DEVICE_PLUGINS, DEVICE_PLUGINS.parent)


def _resolv_conf() -> Path:
    """Name the resolver configuration for pods: one that names no resolver on the machine's loopback."""
    return RESOLVED if RESOLVED.exists() else Path("/etc/resolv.conf")
