from ipaddress import IPv4Network
from itertools import combinations

import pytest

from dev.machine.addresses import SLOTS, Addresses


def test_slots_share_no_address() -> None:
    """Two environments never have an address in common."""
    networks = [Addresses(slot=slot).network for slot in range(SLOTS)]

    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


@pytest.mark.parametrize("slot", [0, SLOTS - 1])
def test_everything_of_a_slot_lies_in_its_private_network(slot: int) -> None:
    """The link, services and pods are apart from each other, inside the slot's network, and private."""
    addresses = Addresses(slot=slot)
    link = IPv4Network(f"{addresses.host}/30", strict=False)

    assert addresses.network.is_private
    assert all(part.subnet_of(addresses.network) for part in (link, addresses.services, addresses.pods))
    assert not any(one.overlaps(other) for one, other in combinations((link, addresses.services, addresses.pods), 2))
    assert addresses.node in link
    assert addresses.api_service in addresses.services


def test_the_plan_of_the_first_slot() -> None:
    """The addresses people see in the first environment of a machine."""
    addresses = Addresses(slot=0)

    assert addresses.registry == "10.201.0.2:5000"
    assert addresses.git_url == "http://10.201.0.2:5001"
    assert addresses.api_url == "https://10.201.0.2:6443"
    assert (str(addresses.services), str(addresses.pods)) == ("10.201.16.0/20", "10.201.128.0/17")


def test_link_names_fit_the_kernel() -> None:
    """A network device has 15 characters at most."""
    assert max(len(Addresses(slot=slot).link) for slot in range(SLOTS)) <= 15
