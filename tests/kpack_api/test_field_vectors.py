"""Every field of `build.pivotal.io/v1alpha1` (kpack v0.0.9): it is in the schema, and it is read and written."""

import json
from typing import Any

import pytest

from kpack_api.crds import custom_resource_definitions
from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode, manifest, status_patch
from kpack_api.types import Kind

CONDITION = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-17T16:16:36Z"}
BUILDPACKS = [{"id": "bp.a", "version": "1"}]
SOURCE = (
    ("git.url", "https://git.example/shop"),
    ("git.revision", "main"),
    ("git.initializeSubmodules", True),
    ("blob.url", "https://blobs.example/a.zip"),
    ("blob.stripComponents", 1),
    ("registry.image", "reg.example/src"),
    ("registry.imagePullSecrets", [{"name": "pull"}]),
    ("subPath", "web"),
)
BINDING = (
    ("name", "db"),
    ("metadataRef.name", "db-metadata"),
    ("secretRef.name", "db-secret"),
)
ENVIRONMENT = [{"name": "A", "value": "1"}]
RESOURCES = {"limits": {"cpu": "1"}, "requests": {"memory": "1Gi"}}
BUILDER_STATUS = (
    ("status.observedGeneration", 3),
    ("status.conditions", [CONDITION]),
    ("status.builderMetadata", BUILDPACKS),
    ("status.stack.runImage", "reg.example/run@sha256:1"),
    ("status.stack.id", "bionic"),
    ("status.latestImage", "reg.example/builder@sha256:2"),
)
IMAGE = (
    ("spec.tag", "reg.example/app"),
    ("spec.additionalTags", ["reg.example/app:2"]),
    ("spec.builder.kind", "ClusterBuilder"),
    ("spec.builder.name", "small"),
    ("spec.serviceAccount", "bot"),
    *((f"spec.source.{path}", value) for path, value in SOURCE),
    ("spec.cacheSize", "2G"),
    ("spec.failedBuildHistoryLimit", 0),
    ("spec.successBuildHistoryLimit", 4),
    ("spec.imageTaggingStrategy", "None"),
    *((f"spec.build.bindings[].{path}", value) for path, value in BINDING),
    ("spec.build.env", ENVIRONMENT),
    ("spec.build.resources", RESOURCES),
    ("status.observedGeneration", 3),
    ("status.conditions", [CONDITION]),
    ("status.latestBuildRef", "app-build-2-x"),
    ("status.latestBuildImageGeneration", 3),
    ("status.latestImage", "reg.example/app@sha256:1"),
    ("status.latestStack", "bionic"),
    ("status.buildCounter", 2),
    ("status.buildCacheName", "app-cache"),
    ("status.latestSuccess.buildRef", "app-build-2-x"),
    ("status.latestSuccess.revision", "0a1b2c3d"),
    ("status.latestSuccess.buildMetadata", BUILDPACKS),
    ("status.latestSuccess.stack.runImage", "reg.example/run@sha256:1"),
    ("status.latestSuccess.stack.id", "bionic"),
    ("status.latestSuccess.completionTime", "2026-01-01T00:00:00Z"),
)
BUILD = (
    ("spec.tags", ["reg.example/app", "reg.example/app:b1"]),
    ("spec.builder.image", "reg.example/builder@sha256:2"),
    ("spec.builder.imagePullSecrets", [{"name": "pull"}]),
    ("spec.serviceAccount", "bot"),
    *((f"spec.source.{path}", value) for path, value in SOURCE),
    ("spec.cacheName", "app-cache"),
    *((f"spec.bindings[].{path}", value) for path, value in BINDING),
    ("spec.env", ENVIRONMENT),
    ("spec.resources", RESOURCES),
    ("spec.lastBuild.image", "reg.example/app@sha256:1"),
    ("spec.lastBuild.stackId", "bionic"),
    ("status.observedGeneration", 3),
    ("status.conditions", [CONDITION]),
    ("status.buildMetadata", BUILDPACKS),
    ("status.stack.runImage", "reg.example/run@sha256:1"),
    ("status.stack.id", "bionic"),
    ("status.latestImage", "reg.example/app@sha256:1"),
    ("status.podName", "app-build-2-x-build-pod"),
    ("status.stepStates", [{"terminated": {"exitCode": 0}}, {"waiting": {"reason": "PodInitializing"}}]),
    ("status.stepsCompleted", ["prepare"]),
)
BUILDER = (
    ("spec.image", "reg.example/builder"),
    ("spec.updatePolicy", "external"),
    ("spec.imagePullSecrets", [{"name": "pull"}]),
    *BUILDER_STATUS,
)
CLUSTER_BUILDER = (("spec.image", "reg.example/builder"), ("spec.updatePolicy", "external"), *BUILDER_STATUS)
SOURCE_RESOLVER = (
    ("spec.serviceAccount", "bot"),
    *((f"spec.source.{path}", value) for path, value in SOURCE),
    ("status.observedGeneration", 3),
    ("status.conditions", [CONDITION]),
    ("status.source.git.url", "https://git.example/shop"),
    ("status.source.git.revision", "1" * 40),
    ("status.source.git.subPath", "web"),
    ("status.source.git.type", "Branch"),
    ("status.source.git.initializeSubmodules", True),
    ("status.source.blob.url", "https://blobs.example/a.zip"),
    ("status.source.blob.stripComponents", 1),
    ("status.source.blob.subPath", "web"),
    ("status.source.registry.image", "reg.example/src"),
    ("status.source.registry.subPath", "web"),
    ("status.source.registry.imagePullSecrets", [{"name": "pull"}]),
)
FIELDS = (
    (Kind.IMAGE, IMAGE),
    (Kind.BUILD, BUILD),
    (Kind.BUILDER, BUILDER),
    (Kind.CLUSTER_BUILDER, CLUSTER_BUILDER),
    (Kind.SOURCE_RESOLVER, SOURCE_RESOLVER),
)
CASES = [pytest.param(kind, path, value, id=f"{kind}.{path}") for kind, fields in FIELDS for path, value in fields]
ACCEPTED_WITHOUT_EFFECT = [
    "ClusterBuilder.spec.imagePullSecrets.name",
    "Image.spec.builder.apiVersion",
    "Image.spec.builder.namespace",
    "Image.spec.builder.uid",
]
"""A builder is named by kind and name (kpack v0.0.9); a ClusterBuilder has no namespace to read Secrets from."""


def nested(path: str, value: object) -> dict[str, Any]:
    """An object that holds nothing but this value at this path; `[]` is a list of one."""
    first, _, rest = path.partition(".")
    inner = nested(rest, value) if rest else value
    return {first.removesuffix("[]"): [inner] if first.endswith("[]") else inner}


def found(path: str, data: Any) -> Any:
    """What an object holds at this path."""
    for part in path.split("."):
        data = data[part.removesuffix("[]")]
        if part.endswith("[]"):
            (data,) = data
    return data


def schema(kind: Kind) -> dict[str, Any]:
    definitions: tuple[dict[str, Any], ...] = custom_resource_definitions()
    (definition,) = (one for one in definitions if one["spec"]["names"]["kind"] == kind)
    root: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return root


@pytest.mark.parametrize(("kind", "path", "value"), CASES)
def test_a_field_is_in_the_schema(kind: Kind, path: str, value: object) -> None:
    """The API server would prune a field that its schema does not name."""
    node = schema(kind)
    for part in path.split("."):
        node = node["properties"][part.removesuffix("[]")]
        node = node["items"] if part.endswith("[]") else node

    kinds = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}
    assert node.get("type") == kinds[type(value)] or node.get("x-kubernetes-int-or-string")


@pytest.mark.parametrize(("kind", "path", "value"), CASES)
def test_a_field_is_read_and_written(kind: Kind, path: str, value: object) -> None:
    """What a client of kpack writes is understood, and stands where that client looks for it."""
    raw = json.dumps({"metadata": {"name": "app", "namespace": "team"}, **nested(path, value)}).encode()

    value_read = decode(kind, raw)
    written = manifest(value_read) if path.startswith("spec.") else status_patch(value_read.status)

    assert found(path, json.loads(json.dumps(written))) == value


def test_the_fields_are_all_that_the_schema_names() -> None:
    """A field that is added to the API is added to the table above."""
    ends = {(kind, path.replace("[]", "")) for kind, fields in FIELDS for path, _ in fields}

    def missing(kind: Kind, node: dict[str, Any], path: str) -> list[str]:
        if (kind, path) in ends:
            return []
        inner = node.get("items", node).get("properties", {})
        if not inner:
            return [f"{kind}.{path}"]
        return [name for child in inner for name in missing(kind, inner[child], f"{path}.{child}")]

    names = [
        name
        for kind, _ in FIELDS
        for part in ("spec", "status")
        for name in missing(kind, schema(kind)["properties"][part], part)
    ]
    assert sorted(names) == ACCEPTED_WITHOUT_EFFECT
