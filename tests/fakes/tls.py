"""https in tests: a certificate for a host, and a name resolution that leads every host to one local server."""

import socket
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from kpack_reconciler.webhook.certificate import make_certificate


def tls_contexts(host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for this host, and that of a client who trusts it."""
    service, _, namespace = host.partition(".")
    made = make_certificate(service, namespace, now=datetime.now(UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_bytes(made.certificate + made.key)
        server.load_cert_chain(chain)
    return server, ssl.create_default_context(cadata=made.authority.decode())


class ToOneServer(AbstractResolver):
    """Every name is the loopback address, at the port of one server whatever port is asked for."""

    def __init__(self) -> None:
        self.port = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The server's address."""
        del port
        found: Any = {
            "hostname": host,
            "host": "127.0.0.1",
            "port": self.port,
            "family": family,
            "proto": 0,
            "flags": 0,
        }
        return [found]

    async def close(self) -> None:
        """Close nothing."""
