"""The admission rules of kpack v0.0.9, one case for each row that its API tells: defaults, then errors."""

from collections.abc import Iterator
from typing import Any

import pytest

from kpack_reconciler.decide.admission import default, validate

GIT: dict[str, Any] = {"git": {"url": "https://git.example/shop", "revision": "main"}}
BINDING: dict[str, Any] = {"name": "db", "metadataRef": {"name": "db"}}
SPECS: dict[str, dict[str, Any]] = {
    "Image": {"tag": "reg.example/app", "builder": {"kind": "Builder", "name": "small"}, "source": GIT},
    "Build": {"tags": ["reg.example/app"], "builder": {"image": "reg.example/builder"}, "source": GIT},
    "Builder": {"image": "reg.example/builder"},
    "ClusterBuilder": {"image": "reg.example/builder"},
}
DEFAULTS = [
    pytest.param("Image", "serviceAccount", "default", id="Image.serviceAccount"),
    pytest.param("Image", "imageTaggingStrategy", "BuildNumber", id="Image.imageTaggingStrategy"),
    pytest.param("Image", "failedBuildHistoryLimit", 10, id="Image.failedBuildHistoryLimit"),
    pytest.param("Image", "successBuildHistoryLimit", 10, id="Image.successBuildHistoryLimit"),
    pytest.param("Image", "cacheSize", "2G", id="Image.cacheSize"),
    pytest.param("Build", "serviceAccount", "default", id="Build.serviceAccount"),
    pytest.param("Builder", "updatePolicy", "polling", id="Builder.updatePolicy"),
    pytest.param("ClusterBuilder", "updatePolicy", "polling", id="ClusterBuilder.updatePolicy"),
]
ON_CREATE = [
    ("Image", {"tag": ""}, "missing field(s): spec.tag", "tag missing"),
    ("Image", {"tag": "reg.example/app@1"}, "invalid value: reg.example/app@1: spec.tag", "tag invalid"),
]
ALWAYS = [
    ("Image", {"builder": {"kind": "Nonsense"}}, "missing field(s): spec.builder.name", "builder name missing"),
    (
        "Image",
        {"builder": {"kind": "Nonsense", "name": "small"}},
        "invalid value: Nonsense: spec.builder.kind",
        "builder kind invalid",
    ),
    ("Build", {"tags": []}, "missing field(s): spec.tags", "tags missing"),
    ("Build", {"tags": ["reg.example/app", "!"]}, "invalid value: !: spec.tags[1]", "tags invalid"),
    ("Build", {"builder": {"image": ""}}, "missing field(s): spec.builder.image", "builder image missing"),
    ("Build", {"builder": {"image": "!"}}, "invalid value: !: spec.builder.image", "builder image invalid"),
    ("Build", {"lastBuild": {"image": "!"}}, "invalid value: !: spec.lastBuild.image", "last image invalid"),
    ("Builder", {"image": ""}, "missing field(s): spec.image", "image missing"),
    ("Builder", {"image": "builder@bad"}, "invalid value: builder@bad: spec.image", "image invalid"),
    ("ClusterBuilder", {"image": ""}, "missing field(s): spec.image", "image missing"),
    ("ClusterBuilder", {"image": "builder@bad"}, "invalid value: builder@bad: spec.image", "image invalid"),
]
SOURCES = [
    (
        {},
        "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry",
        "no source",
    ),
    (
        {**GIT, "blob": {"url": ""}},
        "expected exactly one, got both: spec.source.blob, spec.source.git",
        "several sources",
    ),
    (
        {"git": {"url": "", "revision": ""}},
        "missing field(s): spec.source.git.revision, spec.source.git.url",
        "git incomplete",
    ),
    ({"blob": {"url": ""}}, "missing field(s): spec.source.blob.url", "blob without URL"),
    ({"registry": {"image": ""}}, "missing field(s): spec.source.registry.image", "registry image missing"),
    ({"registry": {"image": "!"}}, "invalid value: !: spec.source.registry.image", "registry image invalid"),
]
BINDINGS = [
    ([BINDING, BINDING], 'duplicate binding name "db": <B>[0].name, <B>[1].name', "binding name twice"),
    ([{**BINDING, "name": ""}], "missing field(s): <B>[0].name", "binding name missing"),
    ([{**BINDING, "name": "&"}], "invalid value: &: <B>[0].name", "binding name invalid"),
    ([{"name": "db"}], "missing field(s): <B>[0].metadataRef", "binding metadata missing"),
    (
        [{"name": "db", "metadataRef": {"name": ""}}],
        "missing field(s): <B>[0].metadataRef.name",
        "binding metadata nameless",
    ),
    ([{**BINDING, "secretRef": {"name": ""}}], "missing field(s): <B>[0].secretRef.name", "binding secret nameless"),
]


def with_bindings(kind: str, bindings: list[dict[str, Any]]) -> dict[str, Any]:
    return {"build": {"bindings": bindings}} if kind == "Image" else {"bindings": bindings}


def errors() -> Iterator[Any]:
    """Kind, operation, what differs from a valid spec, and the message."""
    for kind, change, message, name in ON_CREATE:
        yield pytest.param(kind, "CREATE", change, message, id=f"{kind} {name} CREATE")
    shared = [
        *(
            (kind, {"source": source}, message, name)
            for kind in ("Image", "Build")
            for source, message, name in SOURCES
        ),
        *(
            (kind, with_bindings(kind, bindings), message.replace("<B>", place), name)
            for kind, place in (("Image", "spec.build.bindings"), ("Build", "spec.bindings"))
            for bindings, message, name in BINDINGS
        ),
    ]
    for kind, change, message, name in [*ALWAYS, *shared]:
        for operation in ("CREATE", "UPDATE"):
            yield pytest.param(kind, operation, change, message, id=f"{kind} {name} {operation}")


@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
@pytest.mark.parametrize(("kind", "field", "value"), DEFAULTS)
def test_a_field_has_its_default(kind: str, field: str, value: object, operation: str) -> None:
    """What is left open is filled in with kpack's value; the cache only where there is a default StorageClass."""
    new = {"spec": SPECS[kind]}

    patch = default(kind, operation, new, default_storage_class=field == "cacheSize")

    assert {"op": "add", "path": f"/spec/{field}", "value": value} in patch


@pytest.mark.parametrize(("kind", "operation", "change", "message"), list(errors()))
def test_an_error_has_its_words(kind: str, operation: str, change: dict[str, Any], message: str) -> None:
    """Each rule has kpack's message with its path, on the operations for which it holds."""
    new = {"spec": {**SPECS[kind], **change}}

    assert validate(kind, operation, new, new if operation == "UPDATE" else None) == message


def test_the_tag_of_an_image_is_immutable() -> None:
    """Another notation of the same tag is a change; both are told."""
    new, old = ({"spec": {**SPECS["Image"], "tag": tag}} for tag in ("app", "index.docker.io/library/app"))

    assert validate("Image", "UPDATE", new, old) == (
        "Immutable field changed: spec.tag\ngot: app, want: index.docker.io/library/app"
    )


def test_the_spec_of_a_build_is_immutable() -> None:
    """Any difference is an error; its details are for people, and their form is free."""
    old = {"spec": SPECS["Build"]}
    new = {"spec": {**SPECS["Build"], "cacheName": "other"}}

    assert str(validate("Build", "UPDATE", new, old)).startswith("Immutable fields changed (-old +new): spec")
