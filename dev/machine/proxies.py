"""Proxies of the machine's environment: nothing of ours goes through them."""

import os
from collections.abc import Mapping

from dev.machine.addresses import Addresses

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


def daemon_environment(addresses: Addresses, *, environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Give the variables that keep an environment's own network away from a proxy; empty without a proxy."""
    if not any(environment.get(name) for name in PROXIES):
        return {}
    before = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    own = ("127.0.0.1", "localhost", str(addresses.network))
    listed = [part for part in before.split(",") if part and part not in own]
    value = ",".join((*listed, *own))
    return {"NO_PROXY": value, "no_proxy": value}
