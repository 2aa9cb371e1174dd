"""Kubernetes objects as plain data: what the components declare, readable and testable without Pulumi.

Owns every manifest. Leaves to the components how they are registered. Rules:
- never imports Pulumi; a leaf may be anything (a Pulumi output, too) and is passed through untouched;
- names, ports, paths and commands come from `kpack_api`, where the reconciler reads them as well;
- fields with a stable default of the API server are written out: what is live never differs from what is declared.
"""

from collections.abc import Mapping
from typing import TypeAlias

Manifest: TypeAlias = dict[str, object]
"""An object as Kubernetes takes it: apiVersion, kind, metadata and the rest."""

Labels: TypeAlias = Mapping[str, object]


def metadata(
    name: object,
    namespace: object = None,
    *,
    labels: Labels | None = None,
    annotations: Mapping[str, object] | None = None,
) -> Manifest:
    """An object's metadata; what is empty is left out."""
    fields = {
        "name": name,
        "namespace": namespace,
        "labels": dict(labels or {}),
        "annotations": dict(annotations or {}),
    }
    return present(fields)


def present(fields: Mapping[str, object]) -> Manifest:
    """The fields that say something: without None, empty text, empty lists and empty mappings."""
    return {name: value for name, value in fields.items() if not _empty(value)}


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)
