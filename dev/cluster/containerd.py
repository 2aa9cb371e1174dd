"""The container runtime: containerd with runc, CNI `ptp`, registries over plain http.

Owns its configuration and start, and the traces it leaves at places of the machine that cannot be configured.
Rules:
- root, state, socket and pod network namespaces all lie in the state directory;
- `restrict_oom_score_adj`: not every machine lets us lower an OOM score;
- after a reboot its running state describes containers that are gone: it is removed before the start.
"""

import json
from pathlib import Path
from typing import Final

from dev.cluster.handle import Cluster
from dev.cluster.sandbox_image import SANDBOX_IMAGE, write_archive
from dev.errors import DevError
from dev.machine.commands import attempt, run
from dev.machine.files import remove_empty, write
from dev.machine.mounts import unmount_below
from dev.machine.packages import CNI_DIRECTORIES
from dev.machine.probes import wait_for
from dev.machine.processes import Daemon, read_boot
from dev.machine.proxies import daemon_environment

NAME: Final = "containerd"
START_SECONDS: Final = 30.0
NAMESPACE: Final = "k8s.io"
SHIM_SOCKETS: Final = Path("/run/containerd/s")
CNI_RESULTS: Final = Path("/var/lib/cni/results")

CONFIGURATION: Final = """\
version = 2
root = "{home}/root"
state = "{home}/run"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
]

[grpc]
  address = "{socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{home}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{cni_bin}"
  conf_dir = "{home}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = "runc"
  Root = "{home}/runc"
  SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{home}/hosts"
"""


def socket(cluster: Cluster) -> Path:
    """Name the socket of the runtime."""
    return cluster.state.containerd / "containerd.sock"


def configuration(cluster: Cluster, *, cni_bin: Path) -> str:
    """Write containerd's configuration file."""
    return CONFIGURATION.format(
        home=cluster.state.containerd, socket=socket(cluster), sandbox=SANDBOX_IMAGE, cni_bin=cni_bin
    )


def pod_network(cluster: Cluster) -> str:
    """Write the CNI network list: routed links, which need no bridge filter; host ports by `portmap`."""
    ptp = {
        "type": "ptp",
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(cluster.state.containerd / "addresses"),
            "ranges": [[{"subnet": str(cluster.addresses.pods)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": cluster.addresses.name, "plugins": [ptp, portmap]}, indent=2)


def registry_hosts(registry: str) -> str:
    """Write the `hosts.toml` of a registry that is spoken to over plain http."""
    return f'server = "http://{registry}"\n\n[host."http://{registry}"]\n  capabilities = ["pull", "resolve"]\n'


def allow_plain_http(cluster: Cluster, registry: str) -> None:
    """Let containerd pull from `address:port` over plain http; read at each pull, so it works at once."""
    write(cluster.state.containerd / "hosts" / registry / "hosts.toml", registry_hosts(registry))


def start(cluster: Cluster) -> bool:
    """Have containerd run; True when it had to be started."""
    home = cluster.state.containerd
    home.mkdir(mode=0o711, exist_ok=True)
    config = home / "config.toml"
    write(config, configuration(cluster, cni_bin=_cni_directory()))
    write(home / "cni" / "10-pods.conflist", pod_network(cluster))
    _forget_other_boot(home)
    daemon = Daemon(
        name=NAME,
        command=("containerd", "--config", str(config), "--log-level", "warn"),
        environment=daemon_environment(cluster.addresses),
        configuration=(config,),
        outlived_by="containerd-shim",
    )
    return cluster.processes.ensure(daemon)


def await_ready(cluster: Cluster) -> None:
    """Wait until the runtime answers and has its sandbox image."""
    client = _client(cluster)
    wait_for(
        lambda: attempt([*client, "version"]).returncode == 0,
        what="an answer of containerd",
        seconds=START_SECONDS,
        alive=lambda: cluster.processes.check(NAME),
    )
    if SANDBOX_IMAGE not in run([*client, "images", "list", "--quiet"]).split():
        archive = cluster.state.containerd / "sandbox.tar"
        write_archive(archive)
        run([*client, "images", "import", str(archive)])
        archive.unlink()


def push(cluster: Cluster, image: str, *, reference: str) -> None:
    """Push an image the runtime has to a plain http registry; what is pulled again comes from there."""
    client = _client(cluster)
    run([*client, "images", "tag", "--force", image, reference])
    run([*client, "images", "push", "--plain-http", reference])
    run([*client, "images", "remove", reference])


def remove_traces(cluster: Cluster, *, results: Path = CNI_RESULTS, sockets: Path = SHIM_SOCKETS) -> None:
    """Remove what containerd and CNI left outside of the state; call when nothing of them runs."""
    for address in cluster.state.containerd.glob("run/io.containerd.runtime.v2.task/*/*/address"):
        shim = Path(address.read_text().removeprefix("unix://"))
        if shim.is_relative_to(sockets):
            shim.unlink(missing_ok=True)
    for result in results.glob("*"):
        if str(cluster.state.containerd) in result.read_text(errors="replace"):
            result.unlink(missing_ok=True)
    remove_empty(sockets, sockets.parent, results, results.parent)


def _client(cluster: Cluster) -> list[str]:
    return ["ctr", "--address", str(socket(cluster)), "--namespace", NAMESPACE]


def _cni_directory() -> Path:
    for directory in CNI_DIRECTORIES:
        if (directory / "ptp").exists():
            return directory
    raise DevError("the CNI plugins are missing; `apt-get install containernetworking-plugins` and start again")


def _forget_other_boot(home: Path) -> None:
    """Remove the running state of another boot."""
    boot = home / "boot"
    if write(boot, read_boot()):
        for directory in (home / "run", home / "runc"):
            unmount_below(directory)
            run(["rm", "-rf", str(directory)])
