"""What makes our own pods fit for the `restricted` Pod Security level (Kubernetes, Pod Security Standards)."""

from kpack_api.process import USER_ID
from pulumi_kpack.manifests import Manifest


def pod_security() -> Manifest:
    """The security context of a pod: nobody's user, the runtime's seccomp profile."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """The security context of a container: no more rights than it starts with, and a root that cannot be written."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
