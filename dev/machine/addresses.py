"""Addresses of one environment, all computed from its slot.

Owns the plan: slot n has the network 10.(201+n).0.0/16, private so that plain http is accepted by the
lifecycle. The node lives in a network namespace of its own, so ports are the same in every environment.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

SLOTS: Final = 32
FIRST_OCTET: Final = 201

API_PORT: Final = 6443
REGISTRY_PORT: Final = 5000
GIT_PORT: Final = 5001
FIRST_FREE_PORT: Final = 5002
"""The first port of the node that tests may give to further registries and servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The address plan of one slot (0 to SLOTS - 1)."""

    slot: int

    @property
    def name(self) -> str:
        """Name of the network namespace, the cgroup and the CNI network: `pulumi-kpack-<slot>`."""
        return f"pulumi-kpack-{self.slot}"

    @property
    def link(self) -> str:
        """Name of the machine's end of the link to the node; 15 characters at most."""
        return f"kpack{self.slot}"

    @property
    def network(self) -> IPv4Network:
        """Everything of this slot; the machine routes it to the node."""
        return IPv4Network(f"10.{FIRST_OCTET + self.slot}.0.0/16")

    @property
    def host(self) -> IPv4Address:
        """The machine, as pods and the node see it."""
        return self.network[1]

    @property
    def node(self) -> IPv4Address:
        """The node: API server, registries, git server."""
        return self.network[2]

    @property
    def services(self) -> IPv4Network:
        """ClusterIPs: 4096 addresses."""
        return IPv4Network(f"{self.network[16 * 256]}/20")

    @property
    def api_service(self) -> IPv4Address:
        """ClusterIP of the service `kubernetes`."""
        return self.services[1]

    @property
    def pods(self) -> IPv4Network:
        """Pod addresses: the upper half."""
        return IPv4Network(f"{self.network[128 * 256]}/17")

    @property
    def registry(self) -> str:
        """The registry that takes anything from anyone, `address:port`."""
        return f"{self.node}:{REGISTRY_PORT}"

    @property
    def git_url(self) -> str:
        """Root of the git server; a repository is `<git_url>/<name>.git`."""
        return f"http://{self.node}:{GIT_PORT}"

    @property
    def api_url(self) -> str:
        """The API server, as reached from the machine and from pods."""
        return f"https://{self.node}:{API_PORT}"
