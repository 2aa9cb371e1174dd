"""`down`: end everything of an environment and leave nothing.

Owns the order of taking away. Works from what is there, not from what should be: after a crash, a half `up`,
or a reboot it does the same. Rules:
- processes end by their record, then by their membership of the environment's own cgroup; nobody else is in
  there;
- the state is removed only when no mount is left below it;
- the slot is given back last: until then nobody else gets these addresses.
"""

from collections.abc import Callable
from typing import Final

from dev.cluster import containerd, handle, node
from dev.cluster.handle import Cluster
from dev.machine import sysctls
from dev.machine.files import remove_empty
from dev.machine.mounts import remove_tree, unmount_below
from dev.machine.processes import end, identify
from dev.state import MACHINE_DIRECTORY, State, locked
from dev.steps import Outcome, Reporter, Step, run_steps

PATIENCE_SECONDS: Final = 1.0
"""What daemons get between SIGTERM and SIGKILL: their data goes anyway."""


def down(state: State, reporter: Reporter) -> bool:
    """Take an environment away; False when there was none."""
    cluster = handle.find(state)
    if cluster is None and not state.root.exists():
        return False
    with locked(state):
        run_steps(down_steps(state, cluster), reporter)
    return True


def down_steps(state: State, cluster: Cluster | None) -> tuple[Step, ...]:
    """List what is to be done; without a cluster only the state is removed."""
    own = () if cluster is None else _cluster_steps(cluster)
    return (*own, _step("state directory", lambda: _remove_state(state)))


def _cluster_steps(cluster: Cluster) -> tuple[Step, ...]:
    return (
        _step("processes and pods", lambda: _end_processes(cluster)),
        _step("network", cluster.network.remove),
        _step("mounts", lambda: unmount_below(cluster.state.root)),
        _step("cgroups", cluster.cgroup.remove),
        _step("traces", lambda: _remove_traces(cluster)),
    )


def _end_processes(cluster: Cluster) -> None:
    """End the daemons, so that nothing is started anew, then the pods and their shims."""
    records = cluster.processes.all()
    recorded = [process for process in (record.process() for record in records) if process is not None]
    end(recorded, term_seconds=PATIENCE_SECONDS)
    while members := identify(cluster.cgroup.processes()):
        end(members, term_seconds=0)


def _remove_traces(cluster: Cluster) -> None:
    containerd.remove_traces(cluster)
    node.remove_traces(cluster)


def _remove_state(state: State) -> None:
    remove_tree(state.root)
    handle.release(state)
    if handle.is_last():
        sysctls.restore(handle.REMEMBERED)
        node.remove_shared_traces()
        remove_empty(MACHINE_DIRECTORY)


def _step(name: str, run: Callable[[], None]) -> Step:
    def run_it(_note: object) -> Outcome:
        run()
        return Outcome.DONE

    return Step(name=name, run=run_it)
