"""The CustomResourceDefinitions of `build.pivotal.io` (kpack v0.0.9), as plain data.

Owns names, scope, printer columns, categories and short names, letter for letter kpack's. Leaves schemas to `schema`.
"""

from dataclasses import dataclass

from kpack_api.dialects import build_pivotal_io_v1alpha1_wire as wire
from kpack_api.dialects.build_pivotal_io_v1alpha1 import PLURALS
from kpack_api.names import BUILD_GROUP, V1ALPHA1
from kpack_api.schema import struct_schema
from kpack_api.types import Kind
from kpack_api.wire import Wire

_READY = ("Ready", '.status.conditions[?(@.type=="Ready")].status')
_SUCCEEDED = ("Succeeded", '.status.conditions[?(@.type=="Succeeded")].status')
_LATEST_IMAGE = ("LatestImage", ".status.latestImage")
_IMAGE = ("Image", ".status.latestImage")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    kind: Kind
    wire: type[Wire]
    short_names: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...]
    scope: str = "Namespaced"


_DEFINITIONS = (
    _Definition(
        kind=Kind.IMAGE,
        wire=wire.WireImage,
        short_names=("cnbimage", "cnbimages", "img", "imgs"),
        columns=(_LATEST_IMAGE, _READY),
    ),
    _Definition(
        kind=Kind.BUILD,
        wire=wire.WireBuild,
        short_names=("cnbbuild", "cnbbuilds", "bld", "blds"),
        columns=(_IMAGE, _SUCCEEDED),
    ),
    _Definition(
        kind=Kind.BUILDER,
        wire=wire.WireBuilder,
        short_names=("cnbbuilder", "cnbbuilders", "bldr", "bldrs"),
        columns=(_LATEST_IMAGE, _READY),
    ),
    _Definition(
        kind=Kind.CLUSTER_BUILDER,
        wire=wire.WireClusterBuilder,
        short_names=("clstbldr",),
        columns=(_LATEST_IMAGE, _READY),
        scope="Cluster",
    ),
    _Definition(kind=Kind.SOURCE_RESOLVER, wire=wire.WireSourceResolver, columns=(_READY,)),
)


def custom_resource_definitions() -> tuple[dict[str, object], ...]:
    """All five definitions, ready to be sent (`apiextensions.k8s.io/v1`)."""
    return tuple(_manifest(definition) for definition in _DEFINITIONS)


def _manifest(definition: _Definition) -> dict[str, object]:
    plural = PLURALS[definition.kind]
    names = {
        "plural": plural,
        "singular": definition.kind.lower(),
        "kind": str(definition.kind),
        "listKind": f"{definition.kind}List",
        "categories": ["kpack"],
    }
    if definition.short_names:
        names["shortNames"] = list(definition.short_names)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{BUILD_GROUP}"},
        "spec": {
            "group": BUILD_GROUP,
            "names": names,
            "scope": definition.scope,
            "conversion": {"strategy": "None"},
            "versions": [_version(definition)],
        },
    }


def _version(definition: _Definition) -> dict[str, object]:
    schema = struct_schema(definition.wire)
    properties = dict(schema["properties"] if isinstance(schema["properties"], dict) else {})
    own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return {
        "name": V1ALPHA1,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {**schema, "properties": {**properties, **own}}},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": name, "type": "string", "jsonPath": path} for name, path in definition.columns
        ],
    }
