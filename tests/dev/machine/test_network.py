from pathlib import Path

from dev.machine.addresses import Addresses
from dev.machine.network import Network, host_rules


def test_rules_carry_the_name_of_their_environment() -> None:
    """Every rule on the machine can be told from everybody else's."""
    rules = host_rules(Addresses(slot=3))

    assert all(rule[rule.index("--comment") + 1] == "pulumi-kpack-3" for rule in rules)


def test_rules_let_pods_out_as_the_machine() -> None:
    """Pods reach the world, and the world's answers reach them, whatever a firewall's default is."""
    comment = ("-m", "comment", "--comment", "pulumi-kpack-0")

    assert host_rules(Addresses(slot=0)) == (
        ("nat", "POSTROUTING", "-s", "10.201.0.0/16", "!", "-o", "kpack0", *comment, "-j", "MASQUERADE"),
        ("filter", "FORWARD", "-i", "kpack0", *comment, "-j", "ACCEPT"),
        ("filter", "FORWARD", "-o", "kpack0", *comment, "-j", "ACCEPT"),
    )


def test_both_ends_of_the_link_are_addressed_and_routed() -> None:
    """The machine routes the whole network to the node, the node everything else to the machine."""
    network = Network(addresses=Addresses(slot=0), file=Path("/state/network"))

    commands = network.link_commands()

    assert ("ip", "route", "replace", "10.201.0.0/16", "via", "10.201.0.2", "dev", "kpack0") in commands
    inside = ("nsenter", "--net=/state/network", "--")
    assert (*inside, "ip", "route", "replace", "default", "via", "10.201.0.1") in commands
