"""Paths of the Kubernetes API.

Owns the grammar of resource paths (Kubernetes API concepts, "Resource URIs"). An empty namespace gives the path of a
cluster-scoped object or of a list over all namespaces; an empty name gives the path of the collection.
"""

from kpack_api.dialects.build_pivotal_io_v1alpha1 import PLURALS
from kpack_api.names import BUILD_API_VERSION
from kpack_api.types import Kind


def resource_path(api_version: str, plural: str, namespace: str, name: str = "", *, subresource: str = "") -> str:
    """The path of any resource; `api_version` is `v1` or `group/version`."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    parts = [root, *(("namespaces", namespace) if namespace else ()), plural]
    parts += [part for part in (name, subresource) if part]
    return "/".join(parts)


def object_path(kind: Kind, namespace: str, name: str = "", *, subresource: str = "") -> str:
    """The path of one of kpack's kinds, e.g. `/apis/build.pivotal.io/v1alpha1/namespaces/team/images/app/status`."""
    return resource_path(BUILD_API_VERSION, PLURALS[kind], namespace, name, subresource=subresource)


def core_path(plural: str, namespace: str, name: str = "", *, subresource: str = "") -> str:
    """The path of a core/v1 resource, e.g. `/api/v1/namespaces/team/pods/app-build-1-build-pod/log`."""
    return resource_path("v1", plural, namespace, name, subresource=subresource)
