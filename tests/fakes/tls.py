"""https in tests: certificates for hosts and addresses, and a name resolution that leads every host to one server."""

import ipaddress
import socket
import ssl
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kpack_reconciler.webhook.certificate import make_certificate


def tls_contexts(host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for this host, and that of a client who trusts it."""
    service, _, namespace = host.partition(".")
    made = make_certificate(service, namespace, now=datetime.now(UTC))
    return _serving(made.certificate + made.key), ssl.create_default_context(cadata=made.authority.decode())


_GOODBYE_SECONDS = 1.0


class Authority:
    """A company's own certificate authority; `pem` is what must be trusted."""

    def __init__(self, name: str = "Some  Company's Root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        own = x509.BasicConstraints(ca=True, path_length=None)
        made = _unsigned(self._name, self._name, self._key.public_key()).add_extension(own, critical=True)
        self.pem = made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def certify(self, address: str) -> bytes:
        """Make certificate and key (PEM) of a server at an IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = _unsigned(_named(address), self._name, key.public_key()).add_extension(names, critical=False)
        content = made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return content + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def protect(self, server: HTTPServer, address: str = "127.0.0.1") -> None:
        """Have a server that listens already speak https, and end its connections as TLS asks for."""
        server.socket = _serving(self.certify(address)).wrap_socket(server.socket, server_side=True)
        shutdown: Any = server.shutdown_request

        def end(request: Any) -> None:
            with suppress(OSError):
                request.settimeout(_GOODBYE_SECONDS)
                request.unwrap()
            shutdown(request)

        server.shutdown_request = end  # type: ignore[method-assign]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _serving(chain_and_key: bytes) -> ssl.SSLContext:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_bytes(chain_and_key)
        server.load_cert_chain(chain)
    return server


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
