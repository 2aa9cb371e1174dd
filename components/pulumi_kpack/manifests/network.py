"""The company's network in the cluster: a ConfigMap with its authorities, Secrets with its proxies.

Owns the objects and how a process's environment refers to them. Rules:
- proxies lie in Secrets, with a login in them or without: a Deployment's environment shows nothing;
- the objects of the system namespace have another name for other content, so that the processes start anew with it:
  that of the ConfigMap is made of its content, that of the Secret is Pulumi's to choose, since a hash of a short
  password can be turned back.
"""

import hashlib
from collections.abc import Mapping

from kpack_api.process import Environment, Proxy
from pulumi_kpack.manifests import Labels, Manifest, metadata

CERTIFICATES_KEY = "certificates.pem"
_HASH_LETTERS = 10


def certificates_map(certificates: str, namespace: str, *, labels: Labels | None = None) -> Manifest:
    """The authorities (PEM) that the service's processes trust as well."""
    name = f"kpack-certificates-{hashlib.sha256(certificates.encode()).hexdigest()[:_HASH_LETTERS]}"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, labels=labels),
        "data": {CERTIFICATES_KEY: certificates},
    }


def proxy_secret(
    proxies: Mapping[Proxy, object], namespace: str, *, name: str | None = None, labels: Labels | None = None
) -> Manifest:
    """The proxies; without a name, Pulumi chooses one. Build pods look for `PROXY_SECRET` in their own namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(name, namespace, labels=labels),
        "type": "Opaque",
        "stringData": {variable.value: value for variable, value in proxies.items()},
    }


def certificates_source(name: object) -> Mapping[Environment | Proxy, Manifest]:
    """The variable that holds what the ConfigMap of this name has."""
    return {Environment.CERTIFICATES: {"configMapKeyRef": {"name": name, "key": CERTIFICATES_KEY}}}


def proxy_sources(name: object, proxies: Mapping[Proxy, object]) -> Mapping[Environment | Proxy, Manifest]:
    """The variables that hold what the Secret of this name has."""
    return {variable: {"secretKeyRef": {"name": name, "key": variable.value}} for variable in proxies}
