"""The machine's own cloud, for real: up, use, second up, crash, reboot, down.

An environment of its own, beside whatever else is up on the machine; needs root. The tests run in order and
build on each other; the last one takes the environment down and looks for what it left.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from dev.build_service import STACK, outputs, pulumi, seed_repository
from dev.cluster import containerd, node, sandbox_image, volume_recycler
from dev.cluster.api import connect
from dev.cluster.handle import Cluster
from dev.cluster.storage import VOLUMES_PATH
from dev.environment import Environment, load_environment
from dev.machine import processes
from dev.machine.addresses import FIRST_FREE_PORT, GIT_PORT
from dev.machine.commands import attempt, run
from dev.machine.mounts import mounts_below, unmount_below
from dev.machine.probes import answers_http, listens, wait_for
from dev.machine.processes import Daemon, identify
from dev.services import registry
from dev.services.credentials import Credentials
from dev.state import CHECKOUT, MACHINE_DIRECTORY, State

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="a cluster of our own needs root"),
]

STATE = State(root=MACHINE_DIRECTORY / "test-dev")
WARM_SECONDS = 30.0
POD_SECONDS = 60.0
WEB_PORT = 8080
DAEMONS = (
    "containerd",
    "etcd",
    "git-server",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
    "registry",
    "volume-recycler",
)
OBJECTS = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: cache}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}}
  containers:
  - name: web
    image: {image}
    command: [sh, -c, "echo started; echo visit >>/cache/page; exec httpd -f -p {port} -h /cache"]
    volumeMounts: [{{name: cache, mountPath: /cache}}]
    readinessProbe: {{tcpSocket: {{port: {port}}}, periodSeconds: 1}}
  volumes: [{{name: cache, persistentVolumeClaim: {{claimName: cache}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: {port}}}]}}
"""


def run_dev(*arguments: str, state: State = STATE, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m dev` on a state of the tests' own."""
    command = [sys.executable, "-m", "dev", *arguments]
    environment = {**os.environ, "PULUMI_KPACK_STATE": str(state.root), **variables}
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def bring_up() -> subprocess.CompletedProcess[str]:
    """Bring the environment up, which must work."""
    result = run_dev("cluster", "up")
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl on the environment's cluster."""
    command = [str(STATE.tools / "kubectl"), f"--kubeconfig={STATE.kubeconfig}", *arguments]
    return run(command, stdin=stdin).strip()


def await_web() -> None:
    """Wait until the web pod answers to its probe."""
    kubectl("wait", "--for=condition=Ready", "pod/web", f"--timeout={POD_SECONDS:.0f}s")


def records(cluster: Cluster) -> Mapping[str, int]:
    """Return the pids of the daemons that run."""
    return {record.name: record.pid for record in cluster.processes.all() if record.process() is not None}


def traces(cluster: Cluster) -> Mapping[str, tuple[str, ...]]:
    """List what on this machine belongs to the environment, by what carries its name, addresses or paths."""
    addresses, root = cluster.addresses, str(cluster.state.root)
    prefix = str(addresses.network).removesuffix("0.0/16")
    command_lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
    listed = {
        "mounts": map(str, mounts_below(cluster.state.root)),
        "links": (line for line in run(["ip", "-br", "link"]).splitlines() if line.startswith(addresses.link)),
        "addresses": (line for line in run(["ip", "-o", "address"]).splitlines() if prefix in line),
        "routes": (line for line in run(["ip", "route"]).splitlines() if prefix in line),
        "rules": (line for line in run(["iptables-save"]).splitlines() if addresses.name in line),
        "cgroups": map(str, Path("/sys/fs/cgroup").rglob(addresses.name)),
        "processes": (line.decode() for line in command_lines if root.encode() in line),
        "network results": (str(file) for file in containerd.CNI_RESULTS.glob("*") if root in file.read_text()),
        "container logs": (str(link) for link in node.CONTAINER_LOGS.glob("*") if root in str(link.readlink())),
        "state": map(str, cluster.state.root.parent.glob(cluster.state.root.name)),
    }
    return {kind: tuple(found) for kind, found in listed.items()}


def shim_sockets(cluster: Cluster) -> tuple[Path, ...]:
    """List the sockets of the shims, which lie outside of the state."""
    files = cluster.state.containerd.glob("run/io.containerd.runtime.v2.task/*/*/address")
    return tuple(Path(file.read_text().removeprefix("unix://")) for file in files)


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    """Bring up an environment of the tests' own, and take it down in the end."""
    run_dev("down")
    bring_up()
    yield load_environment(STATE)
    result = run_dev("down")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def cluster(environment: Environment) -> Cluster:
    """Give the environment's cluster."""
    assert environment.cluster is not None
    return environment.cluster


@pytest.fixture(scope="module")
def web(environment: Environment, cluster: Cluster) -> str:
    """Run a web server from an image of the registry, with a volume and a service; give its ClusterIP."""
    image = f"{environment.registry}/dev/busybox:1"
    containerd.push(cluster, sandbox_image.SANDBOX_IMAGE, reference=image)
    kubectl("apply", "--filename=-", stdin=OBJECTS.format(image=image, port=WEB_PORT))
    await_web()
    return kubectl("get", "service", "web", "--output=jsonpath={.spec.clusterIP}")


def test_the_node_is_ready(environment: Environment) -> None:
    """A real Kubernetes 1.34 node takes pods as soon as `up` has ended."""
    wanted = "jsonpath={.items[*].status.nodeInfo.kubeletVersion} {.items[*].spec.taints}"

    assert environment.kubeconfig.exists()
    assert kubectl("get", "nodes", f"--output={wanted}") == "v1.34.4"
    assert "node condition met" in kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=1s")


def test_a_pod_runs_from_the_registry(web: str) -> None:
    """Its image was pulled over plain http, its claim is bound to a volume it may write to as non-root."""
    assert web.startswith("10.")
    assert kubectl("get", "pvc", "cache", "--output=jsonpath={.status.phase}") == "Bound"
    assert "Successfully pulled image" in kubectl("get", "events", "--field-selector=reason=Pulled")


@pytest.mark.usefixtures("web")
def test_logs_and_exec_work() -> None:
    """The API server reaches the kubelet."""
    assert kubectl("logs", "web") == "started"
    assert kubectl("exec", "web", "--", "id", "-u") == "1000"


def test_a_cluster_ip_answers_on_the_machine_and_in_pods(web: str) -> None:
    """The API server calls webhooks, and pods each other, through services."""
    request = f"printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | nc {web} 80"

    wait_for(lambda: answers_http(web, port=80, path="/page"), what="an answer", seconds=10)
    assert kubectl("exec", "web", "--", "sh", "-c", request).endswith("visit")


@pytest.mark.usefixtures("web")
def test_pods_reach_registry_git_and_the_api(environment: Environment) -> None:
    """Everything a build and an operator need is reached from inside of a pod."""
    targets = (
        environment.registry,
        environment.git_url.removeprefix("http://"),
        "$KUBERNETES_SERVICE_HOST:443",
    )

    for target in targets:
        address, _, port = target.partition(":")
        kubectl("exec", "web", "--", "sh", "-c", f"nc -w 5 {address} {port} </dev/null")


def test_a_second_up_does_nothing(cluster: Cluster) -> None:
    """Every step finds its work done, and no process is another one."""
    before = records(cluster)

    output = bring_up().stdout

    assert records(cluster) == before
    assert sorted(before) == list(DAEMONS)
    assert ": done" not in output
    assert output.count(": already") == 10


@pytest.mark.parametrize("name", DAEMONS)
@pytest.mark.usefixtures("web")
def test_up_recovers_a_killed_daemon(cluster: Cluster, name: str) -> None:
    """The killed daemon is started again, the others are left alone, and pods run on and can be reached."""
    before = records(cluster)
    processes.end(identify([before[name]]), term_seconds=0)

    bring_up()

    after = records(cluster)
    assert after.keys() == before.keys()
    assert {daemon for daemon in DAEMONS if after[daemon] != before[daemon]} == {name}
    assert kubectl("exec", "web", "--", "cat", "/cache/page") == "visit"


@pytest.mark.usefixtures("web")
def test_up_recovers_when_all_daemons_were_killed(cluster: Cluster) -> None:
    """Pods survive even that."""
    before = records(cluster)
    processes.end(identify(before.values()), term_seconds=0)

    bring_up()

    assert not set(records(cluster).values()) & set(before.values())
    assert kubectl("exec", "web", "--", "cat", "/cache/page") == "visit"


@pytest.mark.usefixtures("web")
def test_up_recovers_a_lost_record(cluster: Cluster) -> None:
    """A daemon that runs without a record, as after a crash of `dev`, gives way to its successor."""
    lost = identify([records(cluster)["kube-scheduler"]])
    (cluster.state.processes / "kube-scheduler.json").unlink()

    bring_up()

    assert [processes.read_start(process.pid) for process in lost] == [None]
    assert "kube-scheduler" in records(cluster)


def test_up_recovers_after_a_reboot(cluster: Cluster, web: str) -> None:
    """Processes, mounts, network, cgroups are gone, records are of another boot: all comes back."""
    processes.end(identify(cluster.cgroup.processes()), term_seconds=0)
    cluster.network.remove()
    unmount_below(cluster.state.root)
    cluster.cgroup.remove()
    for record in cluster.processes.all():
        other = msgspec.structs.replace(record, boot="another")
        (cluster.state.processes / f"{record.name}.json").write_bytes(msgspec.json.encode(other))
    (cluster.state.containerd / "boot").write_text("another")

    bring_up()

    wait_for(lambda: answers_http(web, port=80, path="/page"), what="an answer of the pod", seconds=POD_SECONDS)
    assert kubectl("exec", "web", "--", "cat", "/cache/page") == "visit\nvisit"


@pytest.mark.usefixtures("web")
def test_a_released_volume_is_given_back_empty(cluster: Cluster) -> None:
    """Volumes do not run out: one whose claim is deleted is available again."""
    api = connect(cluster.state, address=str(cluster.addresses.node))
    name = kubectl("get", "pvc", "cache", "--output=jsonpath={.spec.volumeName}")
    kubectl("delete", "pod/web", "pvc/cache", "service/web")

    def is_available() -> bool:
        volume = api.get(f"{VOLUMES_PATH}/{name}")
        return volume is not None and volume["status"]["phase"] == "Available"

    wait_for(
        is_available,
        what="an available volume",
        seconds=POD_SECONDS,
        alive=lambda: cluster.processes.check(volume_recycler.NAME),
    )
    assert list((cluster.state.volumes / name).iterdir()) == []


def test_a_closed_registry_beside_the_open_one(cluster: Cluster) -> None:
    """Tests of credentials start a registry that asks for them."""
    port, node_address = FIRST_FREE_PORT, str(cluster.addresses.node)
    owner = Credentials(username="bot", password="hunter2")
    registry.start(cluster, "closed", port=port, credentials=owner)
    registry.await_ready(cluster, "closed", port=port)

    asked = attempt(["curl", "-s", "-w", "%{http_code}", "-o", "/dev/null", f"http://{node_address}:{port}/v2/"])
    login = "http://bot:hunter2@"
    told = attempt(["curl", "-s", "-w", "%{http_code}", "-o", "/dev/null", f"{login}{node_address}:{port}/v2/"])
    cluster.processes.stop(["closed"])

    assert (asked.stdout, told.stdout) == ("401", "200")


def test_an_existing_cluster_is_used_instead(environment: Environment, cluster: Cluster, tmp_path: Path) -> None:
    """With a context nothing is started, a registry that does not answer is named, and `down` touches no cluster."""
    named = State(root=tmp_path / "state")
    choice = ("--context=pulumi-kpack-dev", "--registry=registry.example/team")
    before = records(cluster)

    result = run_dev("up", *choice, state=named, KUBECONFIG=str(environment.kubeconfig))
    used = load_environment(named)
    nodes = run(["kubectl", f"--kubeconfig={used.kubeconfig}", "get", "nodes", "--output=name"])
    ended = run_dev("down", state=named)

    assert (result.returncode, ended.returncode) == (1, 0), result.stdout + result.stderr + ended.stderr
    assert "error: step 'sample images' failed: registry.example/team" in result.stderr
    assert (used.registry, nodes) == ("registry.example/team", "node/node\n")
    assert not named.root.exists()
    assert records(cluster) == before


def test_up_on_an_existing_cluster_builds_there(environment: Environment, tmp_path: Path) -> None:
    """With context, registry and git server everything is installed and built there, and can be destroyed again."""
    named = State(root=tmp_path / "named")
    seed_repository(STATE, lambda _text: None)
    choice = (f"--registry={environment.registry}/theirs", f"--git-url={environment.git_url}")

    result = run_dev("up", "--context=pulumi-kpack-dev", *choice, state=named, KUBECONFIG=str(environment.kubeconfig))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "application answers: done" in result.stdout
    used = load_environment(named)
    assert outputs(used)["image"].startswith(f"{environment.registry}/theirs/go-sample-app@sha256:")
    pulumi(used, ["destroy", "--yes", "--skip-preview", "--stack", STACK])
    assert run_dev("down", state=named).returncode == 0


def test_a_port_in_use_is_told(cluster: Cluster) -> None:
    """`up` names the port, whose it should be and the way out; once it is free the next `up` is well again."""
    cluster.processes.stop(["git-server"])
    address = (str(cluster.addresses.node), GIT_PORT)
    squatter = Daemon(
        name="squatter",
        command=(sys.executable, "-m", "http.server", f"--bind={address[0]}", str(GIT_PORT)),
    )
    cluster.processes.ensure(squatter)
    wait_for(lambda: listens(address[0], port=GIT_PORT), what="the other process", seconds=POD_SECONDS)

    refused = run_dev("cluster", "up")
    cluster.processes.stop(["squatter"])

    assert refused.returncode == 1
    assert f"port {GIT_PORT} of {address[0]} is in use by another process, so git-server cannot start" in refused.stderr
    bring_up()


def test_a_daemon_that_cannot_start_is_told_with_its_log(cluster: Cluster) -> None:
    """`up` tells step, last lines of the right log, and the path to it; the next `up` is well again."""
    cluster.processes.stop(["etcd", "kube-apiserver"])
    data, kept = cluster.state.root / "etcd", cluster.state.root / "etcd.kept"
    data.rename(kept)
    data.write_text("no directory")

    failed = run_dev("cluster", "up")
    data.unlink()
    kept.rename(data)

    log = cluster.state.logs / "etcd.log"
    assert failed.returncode == 1
    assert "error: step 'etcd and API server' failed: etcd ended by itself" in failed.stderr
    assert f"last lines of {log}:\n  " in failed.stderr
    bring_up()


def test_a_warm_start_takes_less_than_half_a_minute(cluster: Cluster) -> None:
    """With the toolchain built and the packages there, the node is Ready within 30 s of nothing."""
    assert cluster.state.root.exists()
    assert run_dev("down").returncode == 0

    start = time.monotonic()
    bring_up()

    assert time.monotonic() - start < WARM_SECONDS


def test_down_leaves_nothing(environment: Environment, cluster: Cluster) -> None:
    """Mounts, devices, routes, rules, cgroups, processes, sockets, state: all were there, none is left."""
    image = f"{environment.registry}/dev/busybox:1"
    containerd.push(cluster, sandbox_image.SANDBOX_IMAGE, reference=image)
    kubectl("apply", "--filename=-", stdin=OBJECTS.format(image=image, port=WEB_PORT))
    await_web()
    before, sockets = traces(cluster), shim_sockets(cluster)
    members = identify(cluster.cgroup.processes())

    result = run_dev("down")

    assert result.returncode == 0, result.stdout + result.stderr
    assert {kind for kind, found in before.items() if not found} == set()
    assert {kind: found for kind, found in traces(cluster).items() if found} == {}
    assert [process.pid for process in members if processes.read_start(process.pid) == process.started] == []
    assert len(sockets) > 0
    assert [socket for socket in sockets if socket.exists()] == []
    assert run_dev("down").stdout == "nothing is up\n"
