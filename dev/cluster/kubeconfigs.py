"""Kubeconfig files: one per identity, self-contained.

Owns their content. Certificates and keys are embedded, so that a file can be copied anywhere.
"""

import base64
import json
from pathlib import Path

from dev.cluster.certificates import AUTHORITY, pair

CONTEXT_NAME = "pulumi-kpack-dev"


def kubeconfig(certificates: Path, *, identity: str, server: str) -> str:
    """Write the kubeconfig of the certificate `identity` for the API server `server`, as JSON."""
    files = pair(certificates, identity)
    cluster = {
        "server": server,
        "certificate-authority-data": _encoded(pair(certificates, AUTHORITY).certificate),
    }
    user = {
        "client-certificate-data": _encoded(files.certificate),
        "client-key-data": _encoded(files.key),
    }
    context = {"cluster": CONTEXT_NAME, "user": identity}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT_NAME, "cluster": cluster}],
            "users": [{"name": identity, "user": user}],
            "contexts": [{"name": CONTEXT_NAME, "context": context}],
            "current-context": CONTEXT_NAME,
        },
        indent=2,
    )


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
