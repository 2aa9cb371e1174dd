"""The relay through which both rebases are measured counts what passes, no more and no less."""

import http.client

from dev.bench.relay import relay
from tests.fakes.registry_host import registry_host


def test_requests_and_bytes_are_counted() -> None:
    """Each request once, also of several on one connection; bytes of both directions."""
    with registry_host("me:hidden") as host, relay(host.name) as (address, traffic):
        connection = http.client.HTTPConnection(address, timeout=10)
        for method in ("HEAD", "GET", "GET"):
            connection.request(method, "/v2/team/app/manifests/1")
            connection.getresponse().read()
        connection.close()

        assert traffic.requests == len(host.requests) == 3
        assert traffic.bytes > 300
