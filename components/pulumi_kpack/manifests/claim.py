"""The claim on a cluster: one object that a second build service cannot write.

Rules:
- it grants nothing: a ClusterRole without rules is what every installer may make;
- its owner is the manager of its fields (server-side apply), so the API server itself refuses a second owner and names
  the first;
- everything else is declared after it: who is refused has touched nothing.
"""

from pulumi_kpack.manifests import Labels, Manifest, metadata
from pulumi_kpack.manifests.rbac import RBAC_GROUP

CLAIM_NAME = "kpack-build-service"
CLAIM_ANNOTATION = "pulumi-kpack/one-build-service-per-cluster"
"""Holds the owner; its name is what the API server's refusal shows."""

_LONGEST_MANAGER = 128
"""Characters that the API server takes as a field manager's name."""


def claim(owner: str, *, labels: Labels | None = None) -> Manifest:
    """The claim of `owner`, a text that tells a person who it is."""
    manager = owner[:_LONGEST_MANAGER]
    annotations = {"pulumi.com/patchFieldManager": manager, CLAIM_ANNOTATION: manager}
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": metadata(CLAIM_NAME, labels=labels, annotations=annotations),
    }
