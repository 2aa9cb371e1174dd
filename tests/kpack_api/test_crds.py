"""The CustomResourceDefinitions, against kpack v0.0.9's names and the rules of apiextensions v1."""

from collections.abc import Iterator
from typing import Any

import pytest

from kpack_api.crds import custom_resource_definitions

READY = '.status.conditions[?(@.type=="Ready")].status'
SUCCEEDED = '.status.conditions[?(@.type=="Succeeded")].status'
LATEST = ".status.latestImage"


def crd(kind: str) -> dict[str, Any]:
    definitions: tuple[dict[str, Any], ...] = custom_resource_definitions()
    return {definition["spec"]["names"]["kind"]: definition for definition in definitions}[kind]


def schema(kind: str) -> dict[str, Any]:
    (version,) = crd(kind)["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def below(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from below(child, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if part in node:
            yield from below(node[part], f"{path}[]")


@pytest.mark.parametrize(
    ("kind", "plural", "short_names", "scope"),
    [
        ("Image", "images", ["cnbimage", "cnbimages", "img", "imgs"], "Namespaced"),
        ("Build", "builds", ["cnbbuild", "cnbbuilds", "bld", "blds"], "Namespaced"),
        ("Builder", "builders", ["cnbbuilder", "cnbbuilders", "bldr", "bldrs"], "Namespaced"),
        ("ClusterBuilder", "clusterbuilders", ["clstbldr"], "Cluster"),
        ("SourceResolver", "sourceresolvers", None, "Namespaced"),
    ],
)
def test_kinds_are_named_as_in_kpack(kind: str, plural: str, short_names: list[str] | None, scope: str) -> None:
    """Plural, singular, list kind, short names, category and scope are kpack's."""
    definition = crd(kind)
    expected = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    expected_short = {} if short_names is None else {"shortNames": short_names}

    assert definition["metadata"] == {"name": f"{plural}.build.pivotal.io"}
    assert definition["spec"]["names"] == {**expected, **expected_short, "categories": ["kpack"]}
    assert (definition["spec"]["group"], definition["spec"]["scope"]) == ("build.pivotal.io", scope)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("Image", [("LatestImage", LATEST), ("Ready", READY)]),
        ("Build", [("Image", LATEST), ("Succeeded", SUCCEEDED)]),
        ("Builder", [("LatestImage", LATEST), ("Ready", READY)]),
        ("ClusterBuilder", [("LatestImage", LATEST), ("Ready", READY)]),
        ("SourceResolver", [("Ready", READY)]),
    ],
)
def test_kubectl_prints_kpacks_columns(kind: str, columns: list[tuple[str, str]]) -> None:
    """Columns are text without priority, and there is no Age column."""
    (version,) = crd(kind)["spec"]["versions"]

    expected = [{"name": name, "type": "string", "jsonPath": path} for name, path in columns]
    assert version["additionalPrinterColumns"] == expected


@pytest.mark.parametrize("kind", ["Image", "Build", "Builder", "ClusterBuilder", "SourceResolver"])
def test_v1alpha1_is_served_and_stored_with_a_status_of_its_own(kind: str) -> None:
    """There is one version, and a status is written only through the subresource."""
    (version,) = crd(kind)["spec"]["versions"]

    kept = {name: version[name] for name in ("name", "served", "storage", "subresources")}
    assert kept == {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}}


@pytest.mark.parametrize("kind", ["Image", "Build", "Builder", "ClusterBuilder", "SourceResolver"])
def test_the_schema_is_structural(kind: str) -> None:
    """Every node has a type, is int-or-string or open, and nothing is said about metadata (apiextensions v1)."""
    found = schema(kind)
    open_words = ("type", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    untyped = [path for path, node in below(found) if not any(node.get(word) for word in open_words)]

    assert untyped == []
    assert set(found["properties"]) == {"apiVersion", "kind", "metadata", "spec", "status"}
    assert found["properties"]["metadata"] == {"type": "object"}


@pytest.mark.parametrize("kind", ["Image", "Build", "Builder", "ClusterBuilder", "SourceResolver"])
def test_the_schema_leaves_judging_to_the_webhook(kind: str) -> None:
    """Nothing is required, enumerated or defaulted by the schema."""
    words = {"required", "enum", "default", "pattern", "minimum", "maximum"}

    assert [path for path, node in below(schema(kind)) if words & set(node)] == []


def test_an_images_fields_are_kpacks_and_additional_tags() -> None:
    """The fields of an Image's spec, under kpack's names."""
    assert set(schema("Image")["properties"]["spec"]["properties"]) == {
        "tag",
        "additionalTags",
        "builder",
        "serviceAccount",
        "source",
        "cacheSize",
        "failedBuildHistoryLimit",
        "successBuildHistoryLimit",
        "imageTaggingStrategy",
        "build",
    }


def test_a_resolvers_sub_path_lies_inside_the_resolved_git_source() -> None:
    """`status.source.git.subPath` survives the API server's pruning."""
    status = schema("SourceResolver")["properties"]["status"]["properties"]

    fields = {"url", "revision", "type", "subPath", "initializeSubmodules"}
    assert set(status["source"]["properties"]["git"]["properties"]) == fields


@pytest.mark.parametrize("kind", ["Image", "Build", "Builder", "ClusterBuilder", "SourceResolver"])
def test_kubectl_explains_a_spec(kind: str) -> None:
    """Each object in a spec and each field that a user writes there has a description."""
    spec = schema(kind)["properties"]["spec"]
    silent = [name for name, node in spec["properties"].items() if not node.get("description")]

    assert spec["description"]
    assert silent == []
