from dev.machine.addresses import Addresses
from dev.machine.proxies import daemon_environment


def test_without_a_proxy_nothing_is_set() -> None:
    """A machine without a proxy keeps its environment as it is."""
    assert daemon_environment(Addresses(slot=0), environment={"NO_PROXY": "x"}) == {}


def test_the_own_network_goes_around_the_proxy() -> None:
    """Pulls from our registry stay on the machine; exceptions that exist are kept."""
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "corp.example,localhost"}

    variables = daemon_environment(Addresses(slot=1), environment=environment)

    assert variables["NO_PROXY"] == "corp.example,127.0.0.1,localhost,10.202.0.0/16"
    assert variables["no_proxy"] == variables["NO_PROXY"]
