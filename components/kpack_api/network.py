"""The company's network as an installation describes it: its own authorities and its proxies.

Owns the value and the words of its parts in an environment. The same words are used for the controller, the webhook and
every container of a build pod.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kpack_api.process import Proxy

NEVER_PROXIED = (
    *("localhost", "127.0.0.1", ".svc", ".cluster.local"),
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "metadata.google.internal"),
)
"""What no proxy can reach: the pod itself, the cluster's services, and what clouds tell their nodes and pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Authorities (PEM) and proxies (URLs); "" for none. A URL may hold a login and so is in no repr."""

    certificates: str = field(default="", repr=False)
    http_proxy: str = field(default="", repr=False)
    https_proxy: str = field(default="", repr=False)
    no_proxy: str = ""

    @property
    def proxies(self) -> Mapping[Proxy, str]:
        """The variables that have a value."""
        given = {
            Proxy.HTTP_PROXY: self.http_proxy,
            Proxy.HTTPS_PROXY: self.https_proxy,
            Proxy.NO_PROXY: self.no_proxy,
        }
        return {name: value for name, value in given.items() if value}

    @property
    def has_login(self) -> bool:
        """Whether a proxy is given with a user."""
        return any(has_login(url) for url in (self.http_proxy, self.https_proxy))


OPEN_NETWORK = Network()
"""No authorities, no proxies: nothing needs to be said."""


def has_login(url: str) -> bool:
    """Whether a URL names a user."""
    return "@" in url.partition("://")[2].partition("/")[0]


def is_proxy(url: str) -> bool:
    """Whether a URL is a proxy's: http or https, a host, and nothing behind it."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and parts.path in {"", "/"}
        )
    except ValueError:
        return False
