from pathlib import Path

import pytest

from dev.cluster import node
from dev.cluster.handle import Cluster
from dev.machine.addresses import Addresses
from dev.state import State


def test_the_kubelet_configuration(cluster: Cluster) -> None:
    """What the node needs on a machine with version 1 cgroups, swap, and no right to lower OOM scores."""
    config = node.kubelet_configuration(cluster, resolv_conf=Path("/etc/resolv.conf"))

    assert config == {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "x509": {"clientCAFile": "/state/certificates/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/pulumi-kpack-0",
        "containerRuntimeEndpoint": "unix:///state/containerd/containerd.sock",
        "evictionHard": node.EVICTION,
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "maxParallelImagePulls": 4,
        "oomScoreAdj": 0,
        "podLogsDir": "/state/logs/pods",
        "resolvConf": "/etc/resolv.conf",
        "serializeImagePulls": False,
        "tlsCertFile": "/state/certificates/kubelet-server.crt",
        "tlsPrivateKeyFile": "/state/certificates/kubelet-server.key",
        "volumePluginDir": "/state/kubelet/volume-plugins",
    }


def test_the_kube_proxy_configuration(cluster: Cluster) -> None:
    """Connection tracking keeps the machine's limits: they cannot be set everywhere."""
    assert node.kube_proxy_configuration(cluster) == {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": "/state/certificates/kube-proxy.kubeconfig"},
        "clusterCIDR": "10.201.128.0/17",
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpCloseWaitTimeout": "0s",
            "tcpEstablishedTimeout": "0s",
        },
        "hostnameOverride": "node",
        "mode": "iptables",
        "oomScoreAdj": 0,
    }


def test_only_our_links_to_container_logs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kubelet of the machine has its links at the same place."""
    cluster = Cluster(state=State(root=tmp_path / "state"), addresses=Addresses(slot=0))
    links = tmp_path / "containers"
    links.mkdir()
    (links / "ours.log").symlink_to(tmp_path / "state/logs/pods/a/0.log")
    (links / "theirs.log").symlink_to("/var/log/pods/b/0.log")
    monkeypatch.setattr(node, "CONTAINER_LOGS", links)

    node.remove_traces(cluster)

    assert [link.name for link in links.iterdir()] == ["theirs.log"]
