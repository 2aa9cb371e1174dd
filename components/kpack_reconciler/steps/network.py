"""The company's network as buildpacks are told of it.

Rules:
- Buildpacks see little of a container's own environment (CNB buildpack specification), so the variables are left below
  /platform/env; those of the Build win.
- NODE_EXTRA_CA_CERTS adds to what Node.js trusts; a variable that would replace a tool's own authorities is not set.
"""

from collections.abc import Mapping

from kpack_api.network import Network
from kpack_api.process import ALL_CERTIFICATES, CERTIFICATE_FOLDERS, CERTIFICATES_PATH


def platform_variables(network: Network) -> Mapping[str, str]:
    """The variables for buildpacks, by name."""
    trust = {"SSL_CERT_DIR": CERTIFICATE_FOLDERS, "NODE_EXTRA_CA_CERTS": f"{CERTIFICATES_PATH}/{ALL_CERTIFICATES}"}
    proxies = {
        spelling: value for name, value in network.proxies.items() for spelling in (name.value, name.value.lower())
    }
    return {**(trust if network.certificates else {}), **proxies}
