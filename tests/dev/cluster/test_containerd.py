import json
import tomllib
from pathlib import Path

from dev.cluster import containerd
from dev.cluster.handle import Cluster
from dev.machine.addresses import Addresses
from dev.state import State


def make_cluster(root: Path) -> Cluster:
    return Cluster(state=State(root=root), addresses=Addresses(slot=0))


def test_everything_of_containerd_lies_in_the_state(cluster: Cluster) -> None:
    """`down` removes the state, and with it whatever containerd ever wrote."""
    config = tomllib.loads(containerd.configuration(cluster, cni_bin=Path("/usr/lib/cni")))

    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    runc = cri["containerd"]["runtimes"]["runc"]
    assert config["root"] == "/state/containerd/root"
    assert config["state"] == "/state/containerd/run"
    assert config["grpc"]["address"] == "/state/containerd/containerd.sock"
    assert config["plugins"]["io.containerd.internal.v1.opt"]["path"] == "/state/containerd/opt"
    assert runc["options"]["Root"] == "/state/containerd/runc"
    assert cri["netns_mounts_under_state_dir"] is True
    assert cri["cni"] == {"bin_dir": "/usr/lib/cni", "conf_dir": "/state/containerd/cni"}
    assert cri["registry"]["config_path"] == "/state/containerd/hosts"


def test_containerd_runs_without_sys_resource(cluster: Cluster) -> None:
    """A machine may not let us lower an OOM score."""
    config = tomllib.loads(containerd.configuration(cluster, cni_bin=Path("/usr/lib/cni")))

    assert config["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True


def test_the_pod_network(cluster: Cluster) -> None:
    """Routed links in the slot's pod range; their bookkeeping lies in the state."""
    assert json.loads(containerd.pod_network(cluster)) == {
        "cniVersion": "0.4.0",
        "name": "pulumi-kpack-0",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/state/containerd/addresses",
                    "ranges": [[{"subnet": "10.201.128.0/17"}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def test_a_plain_http_registry_is_pulled_from_over_http(tmp_path: Path) -> None:
    """Without its `hosts.toml` containerd would speak TLS to it."""
    containerd.allow_plain_http(make_cluster(tmp_path), "10.201.0.2:5000")

    hosts = tomllib.loads((tmp_path / "containerd/hosts/10.201.0.2:5000/hosts.toml").read_text())
    assert hosts == {
        "server": "http://10.201.0.2:5000",
        "host": {"http://10.201.0.2:5000": {"capabilities": ["pull", "resolve"]}},
    }


def test_traces_outside_of_the_state_are_removed(tmp_path: Path) -> None:
    """CNI keeps results and shims keep sockets at fixed places: ours go, others' stay."""
    cluster = make_cluster(tmp_path / "state")
    results, sockets = tmp_path / "cni" / "results", tmp_path / "containerd" / "s"
    for folder in (results, sockets):
        folder.mkdir(parents=True)
    (results / "ours").write_text(json.dumps({"netns": f"{cluster.state.containerd}/run/netns/cni-1"}))
    (results / "theirs").write_text(json.dumps({"netns": "/run/netns/cni-2"}))
    task = cluster.state.containerd / "run/io.containerd.runtime.v2.task/k8s.io/c1"
    task.mkdir(parents=True)
    (task / "address").write_text(f"unix://{sockets}/ours")
    for name in ("ours", "theirs"):
        (sockets / name).touch()

    containerd.remove_traces(cluster, results=results, sockets=sockets)

    assert [file.name for file in results.iterdir()] == ["theirs"]
    assert [file.name for file in sockets.iterdir()] == ["theirs"]
