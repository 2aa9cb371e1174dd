"""Where a registry answers: over https or http, and what it asks for at its door (`GET /v2/`).

Rules (distribution spec; go-containerregistry `pkg/v1/remote/transport`):
- https comes first. http is tried where https does not answer, and only with loopback and private addresses and names
  that end in `.local` or `.localhost`. (go-containerregistry tries both at nearly the same time; here the slow https
  server of a private address is not passed over.)
- A door that answers anything but 200 or 401 is no registry's, or not now.
- What is asked for counts only where the registry itself asks, not a host that it sends us to.
"""

import ipaddress
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from kpack_reconciler.clients.outside import UNTRUSTED
from kpack_reconciler.clients.registry.answers import UnauthorizedError
from kpack_reconciler.clients.registry.challenges import Challenge, read_challenge
from kpack_reconciler.clients.waits import retry_after
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.references import DEFAULT_REGISTRY

_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
_PRIVATE = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A registry's address, e.g. `https://registry.example`, and what it asks for; None for nothing."""

    base: str
    challenge: Challenge | None

    @property
    def is_plain(self) -> bool:
        """Whether it is spoken to over http."""
        return self.base.startswith("http:")


async def find_endpoint(http: aiohttp.ClientSession, registry: str) -> Endpoint:
    """Knock at a registry's door. Raises TransientError, and PermanentError where it lets nobody in."""
    try:
        return await _knock(http, "https", registry)
    except aiohttp.ClientConnectorCertificateError as error:
        raise TransientError(
            f"registry {registry} shows a certificate that is not trusted ({error.certificate_error}): {UNTRUSTED}"
        ) from error
    except aiohttp.ClientHttpProxyError as error:
        raise TransientError(
            f"the proxy lets nobody to registry {registry} ({error.status} {error.message}): correct `proxy` of"
            " BuildService"
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        if not may_speak_http(registry):
            raise TransientError(f"registry {registry} does not answer: {str(error) or 'timeout'}") from error
    try:
        return await _knock(http, "http", registry)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"registry {registry} does not answer: {str(error) or 'timeout'}") from error


def may_speak_http(registry: str) -> bool:
    """Whether a registry is near enough for plain http (go-containerregistry `pkg/name.Registry.Scheme`)."""
    if registry == DEFAULT_REGISTRY:
        return False
    host = registry.rsplit(":", 1)[0].strip("[]") if registry.count(":") == 1 or "]" in registry else registry
    if host == "localhost" or host.endswith((".local", ".localhost")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in _PRIVATE)


async def _knock(http: aiohttp.ClientSession, scheme: str, registry: str) -> Endpoint:
    base = f"{scheme}://{registry}"
    async with http.get(f"{base}/v2/", timeout=_TIMEOUT) as response:
        if response.status == HTTPStatus.OK or (response.status == HTTPStatus.UNAUTHORIZED and response.history):
            return Endpoint(base=base, challenge=None)
        if response.status == HTTPStatus.UNAUTHORIZED:
            return Endpoint(base=base, challenge=read_challenge(response.headers.getall("WWW-Authenticate", [])))
        said = f"GET {base}/v2/: unexpected status code {response.status} {response.reason or ''}".rstrip()
        if response.status == HTTPStatus.FORBIDDEN:
            raise UnauthorizedError(f"registry {registry} lets nobody in ({said})", registry=registry)
        wait = retry_after(response)
        if wait is not None or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientError(f"registry {registry} answered {response.status} ({said})", retry_after=wait)
        raise TransientError(f"{registry} does not answer as a registry ({said}): check the name of the image")
