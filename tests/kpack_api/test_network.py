"""The words that describe a company's network."""

import pytest

from kpack_api.network import OPEN_NETWORK, Network, has_login, is_proxy


def test_only_what_is_given_becomes_a_variable() -> None:
    """An open network needs no words."""
    network = Network(https_proxy="http://proxy:3128", no_proxy=".example.com")

    assert OPEN_NETWORK.proxies == {}
    assert network.proxies == {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".example.com"}


def test_a_login_is_in_no_repr() -> None:
    """Settings and decisions may be shown; what a proxy's URL holds is not."""
    network = Network(http_proxy="http://joe:hunter2@proxy:3128")

    assert network.has_login
    assert "hunter2" not in repr(network)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://proxy:3128", False), ("http://joe:p@ss@proxy:3128/", True), ("http://proxy/a@b", False), ("", False)],
)
def test_a_login_stands_before_the_host(url: str, *, expected: bool) -> None:
    """An `@` elsewhere is none."""
    assert has_login(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy.example.com:3128", True),
        ("https://joe:hidden@10.0.0.1:8080/", True),
        ("proxy.example.com:3128", False),
        ("socks5://proxy:1080", False),
        ("http://", False),
        ("http://proxy:port", False),
        ("http://proxy:3128/path", False),
    ],
)
def test_a_proxy_is_a_host_behind_http(url: str, *, expected: bool) -> None:
    """What the processes cannot use is none."""
    assert is_proxy(url) is expected
