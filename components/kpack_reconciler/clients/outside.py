"""Connections that leave the cluster: whom they trust, and through which proxy they go.

Owns the session of every client but the Kubernetes API's, which keeps its own authority and takes no proxy. Leaves what
is asked to its users.

Rules:
- The company's authorities come in addition to the image's own; each certificate is checked, and for its host.
- Git, boto3 and OpenSSL are told by the variables that each of them documents, of this process and its children only.
- The file is made anew by every process, under a name that nobody else has: /tmp of a build pod is shared.
"""

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.request import getproxies

import aiohttp
from aiohttp import ClientHandlerType

_FILE_VARIABLES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE")
UNTRUSTED = "give it one of a public authority, or give its own to the installation (`certificates` of BuildService)"
"""What helps a server whose certificate is not trusted."""
_KNOWN_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=30)
"""aiohttp's own."""


def trusting(certificates: str) -> Mapping[str, str]:
    """The variables that make a process trust these authorities (PEM) as well; none for "".

    A file is written that holds the image's authorities and these.
    """
    if not certificates:
        return {}
    descriptor, name = tempfile.mkstemp(prefix="certificates-", suffix=".pem")
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{_own_authorities()}\n{certificates}")
    return dict.fromkeys(_FILE_VARIABLES, name)


def _own_authorities() -> str:
    """What the image trusts by itself, where it is one file; "" where it has none."""
    places = (ssl.get_default_verify_paths().cafile, *_KNOWN_FILES)
    return next((Path(place).read_text() for place in places if place and Path(place).exists()), "")


def outside_session(
    *, timeout: aiohttp.ClientTimeout = _TIMEOUT, auto_decompress: bool = True
) -> aiohttp.ClientSession:
    """A session that trusts what this process trusts and takes the proxy that its environment names."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),
        timeout=timeout,
        auto_decompress=auto_decompress,
        trust_env=True,
        middlewares=(_past_the_proxy,),
    )


async def _past_the_proxy(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
    """Ask an address directly that lies in a network of NO_PROXY, which Go and curl understand and Python does not."""
    if request.proxy is not None and _in_networks(request.url.host or "", getproxies().get("no", "")):
        request.update_proxy(None, None, None)
    return await handler(request)


def _in_networks(host: str, no_proxy: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in no_proxy.split(","):
        with suppress(ValueError):
            if "/" in entry and address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
    return False
