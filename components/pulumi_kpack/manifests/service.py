"""The build service as a whole: its namespace and its CustomResourceDefinitions."""

from kpack_api.crds import custom_resource_definitions
from pulumi_kpack.manifests import Labels, Manifest, metadata

POD_SECURITY_LEVEL = "restricted"


def namespace(name: str, *, labels: Labels | None = None) -> Manifest:
    """The system namespace; nothing in it may run with more than the `restricted` Pod Security level."""
    levels = {f"pod-security.kubernetes.io/{mode}": POD_SECURITY_LEVEL for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name, labels={**(labels or {}), **levels})}


def definitions() -> tuple[Manifest, ...]:
    """The definitions of kpack's kinds; Pulumi waits until the API server serves them.

    They have no labels of the installation: it may leave them behind, and what Pulumi records of one that it finds is
    the metadata from before (pulumi-kubernetes 4.25), so that other labels would be a change at the next `up`.
    """
    return tuple(_awaited(definition) for definition in custom_resource_definitions())


def _awaited(definition: Manifest) -> Manifest:
    own = definition["metadata"]
    name = own["name"] if isinstance(own, dict) else ""
    annotations = {"pulumi.com/waitFor": "condition=Established"}
    return {**definition, "metadata": metadata(name, annotations=annotations)}
