"""The network of one environment: a namespace for the node, linked and routed to the machine.

Owns the namespace, its link, addresses, routes, forwarding and the machine's two kinds of iptables rules.
Rules:
- everything the cluster does to a network (kube-proxy's and the kubelet's chains, pod links, addresses, open
  ports) happens inside the namespace and goes with it: environments cannot meet, and none touches the
  machine's own;
- on the machine there are the link, its address, one route, and rules that carry the environment's name as
  comment;
- forwarding is switched on; what it was is remembered by `sysctls`.
No dummy link is used: not every kernel has them.
"""

import json
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from dev.machine import sysctls
from dev.machine.addresses import Addresses
from dev.machine.commands import attempt, run, succeeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The network of an environment; `file` holds the namespace (a mount below the state)."""

    addresses: Addresses
    file: Path

    @property
    def entering(self) -> tuple[str, ...]:
        """Give the start of a command that runs in the node's network; the process keeps its pid."""
        return ("nsenter", f"--net={self.file}", "--")

    def is_complete(self) -> bool:
        """Tell whether namespace, link, routes and rules are all there."""
        network, link = str(self.addresses.network), self.addresses.link
        return (
            sysctls.is_forwarding()
            and self._has_namespace()
            and has_link(self.addresses)
            and _speaks(["ip", "-4", "route", "show", "exact", network, "dev", link])
            and _speaks([*self.entering, "ip", "-4", "route", "show", "default"])
            and all(succeeds(_iptables("-C", rule)) for rule in host_rules(self.addresses))
        )

    def create(self) -> None:
        """Make what is missing."""
        sysctls.forward()
        if not self._has_namespace():
            self.file.touch(mode=0o600)
            run(["unshare", f"--net={self.file}", "true"])
        if not has_link(self.addresses):
            peer = ("peer", "name", "eth0", "netns", str(self.file))
            run(["ip", "link", "add", self.addresses.link, "type", "veth", *peer])
        for command in self.link_commands():
            run(command)
        for rule in host_rules(self.addresses):
            if not succeeds(_iptables("-C", rule)):
                run(_iptables("-I", rule))

    def remove(self) -> None:
        """Take everything away but forwarding, which others may need; the namespace goes with its mount."""
        for rule in host_rules(self.addresses):
            while succeeds(_iptables("-D", rule)):
                pass
        if has_link(self.addresses):
            run(["ip", "link", "delete", self.addresses.link])

    def link_commands(self) -> tuple[tuple[str, ...], ...]:
        """Give the commands that address and route both ends of the link; each may be repeated."""
        inside = self.entering
        link, network = self.addresses.link, str(self.addresses.network)
        host, node = str(self.addresses.host), str(self.addresses.node)
        return (
            (*inside, "ip", "link", "set", "lo", "up"),
            (*inside, "ip", "address", "replace", f"{node}/30", "dev", "eth0"),
            (*inside, "ip", "link", "set", "eth0", "up"),
            ("ip", "address", "replace", f"{host}/30", "dev", link),
            ("ip", "link", "set", link, "up"),
            (*inside, "ip", "route", "replace", "default", "via", host),
            ("ip", "route", "replace", network, "via", node, "dev", link),
            (*inside, "sh", "-c", f"echo 1 >{sysctls.ROOT / sysctls.FORWARDING}"),
        )

    def _has_namespace(self) -> bool:
        return self.file.exists() and succeeds([*self.entering, "true"])


def read_routes() -> tuple[IPv4Network, ...]:
    """List the networks the machine routes, without the default route."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show"]) or "[]")
    return tuple(IPv4Network(route["dst"]) for route in routes if route["dst"] != "default")


def has_link(addresses: Addresses) -> bool:
    """Tell whether the machine's end of the link is there: something of these addresses may run."""
    return Path(f"/sys/class/net/{addresses.link}").exists()


def host_rules(addresses: Addresses) -> tuple[tuple[str, ...], ...]:
    """Give the machine's iptables rules as table, chain and match: pods reach the world, as the machine."""
    network, link = str(addresses.network), addresses.link
    comment = ("-m", "comment", "--comment", addresses.name)
    return (
        ("nat", "POSTROUTING", "-s", network, "!", "-o", link, *comment, "-j", "MASQUERADE"),
        ("filter", "FORWARD", "-i", link, *comment, "-j", "ACCEPT"),
        ("filter", "FORWARD", "-o", link, *comment, "-j", "ACCEPT"),
    )


def _iptables(action: str, rule: tuple[str, ...]) -> list[str]:
    table, chain, *match = rule
    return ["iptables", "--wait", "--table", table, action, chain, *match]


def _speaks(command: list[str]) -> bool:
    return attempt(command).stdout.strip() != ""
