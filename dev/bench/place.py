"""Where both controllers are measured: a control plane without a node, a registry and a git server.

Owns their start, the fresh start between two runs, and their end. Rules:
- everything is in a state, network and cgroup of its own, so that no other environment of the machine is touched;
- of the controller manager only what makes service accounts and namespaces runs: pods stay Pending, and nothing is
  collected;
- each run begins with an empty store; the registry stays, as registries do.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from dev import preflight
from dev.bench import git_memory
from dev.cluster import control_plane, handle, infrastructure
from dev.cluster.handle import Cluster
from dev.down import down
from dev.machine.addresses import GIT_PORT
from dev.machine.probes import answers_http, wait_for
from dev.machine.processes import Daemon, end
from dev.services import registry
from dev.state import CHECKOUT, MACHINE_DIRECTORY, State, locked
from dev.steps import Note, Outcome, Reporter, Step, run_steps
from dev.toolchain import BENCH
from dev.tools import tools_step

STATE: Final = State(root=MACHINE_DIRECTORY / "bench")
CONTROLLERS: Final = "serviceaccount-controller,root-ca-certificate-publisher-controller,namespace-controller"
PLANE: Final = (control_plane.CONTROLLER_MANAGER, control_plane.API_SERVER, control_plane.ETCD)
GIT: Final = "git-memory"
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A control plane that can be made anew, a registry and a git server."""

    cluster: Cluster

    @property
    def registry(self) -> str:
        """The registry, `host:port`."""
        return self.cluster.addresses.registry

    @property
    def git_url(self) -> str:
        """Root of the git server; a repository is `<git_url>/<name>.git`."""
        return self.cluster.addresses.git_url

    def fresh(self) -> None:
        """End what runs on the control plane, and start that with an empty store."""
        processes = self.cluster.processes
        processes.stop([record.name for record in processes.all() if record.name not in (registry.NAME, GIT)])
        shutil.rmtree(self.cluster.state.root / "etcd", ignore_errors=True)
        infrastructure.start_api_server(self.cluster)
        processes.ensure(controller_manager(self.cluster))

    def start(self, daemon: Daemon) -> None:
        """Start a controller."""
        self.cluster.processes.ensure(daemon)

    def stop(self, name: str) -> None:
        """End a controller politely."""
        self.cluster.processes.stop([name])

    def kill(self, name: str) -> None:
        """End a controller as a crash does."""
        record = self.cluster.processes.find(name)
        process = None if record is None else record.process()
        end([] if process is None else [process], term_seconds=0)
        self.cluster.processes.stop([name])

    def pid(self, name: str) -> int:
        """Give the process of a daemon; DevError with its log when it ended."""
        self.cluster.processes.check(name)
        record = self.cluster.processes.find(name)
        return 0 if record is None else record.pid


@contextmanager
def place(reporter: Reporter) -> Iterator[Place]:
    """Have a place while the context is open; a control plane comes with its first `fresh`."""
    down(STATE, reporter)
    preflight.check(STATE)
    try:
        with locked(STATE):
            STATE.create()
            cluster = handle.claim(STATE)
            run_steps(_steps(cluster), reporter)
            yield Place(cluster=cluster)
    finally:
        down(STATE, reporter)


def controller_manager(cluster: Cluster) -> Daemon:
    """Describe the controller manager with the few controllers that a namespace needs."""
    daemon = control_plane.controller_manager(cluster)
    return replace(daemon, command=(*daemon.command, f"--controllers={CONTROLLERS}"))


def _steps(cluster: Cluster) -> tuple[Step, ...]:
    return (
        tools_step(cluster.state, BENCH),
        Step(name="Debian packages", run=lambda _note: infrastructure.install_packages(cluster)),
        Step(name="network", run=lambda _note: infrastructure.make_network(cluster)),
        Step(name="certificates", run=lambda _note: infrastructure.make_certificates(cluster)),
        Step(name="registry and git server", run=lambda note: _start_services(cluster, note)),
    )


def _start_services(cluster: Cluster, _note: Note) -> Outcome:
    address = str(cluster.addresses.node)
    registry.start(cluster)
    command = (sys.executable, "-m", git_memory.__name__, f"--address={address}", f"--port={GIT_PORT}")
    cluster.processes.ensure(Daemon(name=GIT, command=command, environment={"PYTHONPATH": str(CHECKOUT)}))
    registry.await_ready(cluster)
    wait_for(
        lambda: answers_http(address, port=GIT_PORT, path="/-/requests"),
        what="an answer of the git server",
        seconds=_START_SECONDS,
        alive=lambda: cluster.processes.check(GIT),
    )
    return Outcome.DONE
