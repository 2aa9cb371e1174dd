"""One environment's cluster, as the other modules take it in hand.

Owns how state, slot, processes and cgroup belong together. Holds no connection and starts nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.machine import slots
from dev.machine.addresses import Addresses
from dev.machine.cgroups import ControlGroup, read_hierarchies
from dev.machine.network import Network, has_link, read_routes
from dev.machine.processes import Processes
from dev.state import MACHINE_DIRECTORY, State

SLOT_DIRECTORY: Final = MACHINE_DIRECTORY / "slots"
REMEMBERED: Final = MACHINE_DIRECTORY / "sysctls.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The cluster of one state; its slot is fixed until `down`."""

    state: State
    addresses: Addresses

    @property
    def processes(self) -> Processes:
        """Daemons inside the node's network and cgroup."""
        return Processes(
            records=self.state.processes,
            logs=self.state.logs,
            prefix=self.network.entering,
            group=self.cgroup.daemons,
        )

    @property
    def network(self) -> Network:
        """The node's network."""
        return Network(addresses=self.addresses, file=self.state.network)

    @property
    def cgroup(self) -> ControlGroup:
        """The cgroup of everything this cluster ever started."""
        return ControlGroup(name=self.addresses.name, hierarchies=read_hierarchies())

    def tool(self, name: str) -> str:
        """Give the path of a program of the toolchain; its name decides what the program does."""
        return str(self.state.tools / name)


def claim(state: State) -> Cluster:
    """Give a state its slot, the one it has or a free one."""
    slot = slots.claim(
        state.root,
        directory=SLOT_DIRECTORY,
        routes=read_routes(),
        in_use=lambda slot: has_link(Addresses(slot=slot)),
    )
    return Cluster(state=state, addresses=Addresses(slot=slot))


def find(state: State) -> Cluster | None:
    """Return the cluster of a state, None when it has no slot: nothing of it is up."""
    slot = slots.find(state.root, directory=SLOT_DIRECTORY)
    return None if slot is None else Cluster(state=state, addresses=Addresses(slot=slot))


def release(state: State) -> None:
    """Give the slot of a state back."""
    slots.release(state.root, directory=SLOT_DIRECTORY)


def is_last(path: Path = SLOT_DIRECTORY) -> bool:
    """Tell whether no environment is left on this machine."""
    return not path.exists()
