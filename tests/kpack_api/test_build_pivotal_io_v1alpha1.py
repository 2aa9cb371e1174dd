"""The dialect `build.pivotal.io/v1alpha1`: what is read, what is written, what is cleared."""

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from kpack_api.core import EnvVar, ResourceRequirements
from kpack_api.dialects.build_pivotal_io_v1alpha1 import PLURALS, decode, manifest, status_patch
from kpack_api.neutral import Neutral
from kpack_api.types import (
    Binding,
    BlobSource,
    Build,
    Builder,
    BuilderReference,
    BuilderSpec,
    BuilderStatus,
    BuildSettings,
    BuildSpec,
    BuildStack,
    BuildStatus,
    GitSource,
    GitType,
    Image,
    ImageSpec,
    ImageStatus,
    Kind,
    LastBuild,
    RegistrySource,
    Source,
    SourceResolver,
    SourceResolverSpec,
    SourceResolverStatus,
)
from kpack_api.wire import Condition, ConditionStatus, LocalObjectReference, ObjectMeta, OwnerReference

META = ObjectMeta(name="app", namespace="team")
READY = Condition(type="Ready", status=ConditionStatus.TRUE, last_transition_time="2020-01-17T16:16:36Z")
GIT = Source(git=GitSource(url="https://git.example/shop", revision="main"), sub_path="web")
BLOB = Source(blob=BlobSource(url="https://blobs.example/a.zip"))
REGISTRY = Source(
    registry=RegistrySource(image="reg.example/src", image_pull_secrets=(LocalObjectReference(name="s"),))
)

IMAGE = Image(
    metadata=ObjectMeta(
        name="app",
        namespace="team",
        labels={"a": "b"},
        owner_references=(OwnerReference(api_version="v1", kind="Team", name="t", uid="u", controller=True),),
    ),
    spec=ImageSpec(
        tag="reg.example/app",
        additional_tags=("reg.example/app:2",),
        builder=BuilderReference(kind="Builder", name="small"),
        service_account="robot",
        source=GIT,
        cache_size="1500Mi",
        failed_build_history_limit=3,
        success_build_history_limit=4,
        image_tagging_strategy="None",
        build=BuildSettings(
            env=(EnvVar(name="A", value="1"), EnvVar(name="B", value_from={"fieldRef": {"fieldPath": "x"}})),
            resources=ResourceRequirements(limits={"cpu": "1"}, requests={"memory": "1Gi"}),
            bindings=(
                Binding(
                    name="db",
                    metadata_ref=LocalObjectReference(name="db"),
                    secret_ref=LocalObjectReference(name="db-secret"),
                ),
            ),
        ),
    ),
)
BUILD = Build(
    metadata=META,
    spec=BuildSpec(
        tags=("reg.example/app", "reg.example/app:b1"),
        builder_image="reg.example/builder@sha256:1",
        builder_image_pull_secrets=(LocalObjectReference(name="pull"),),
        service_account="robot",
        source=REGISTRY,
        cache_name="app-cache",
        bindings=(Binding(name="db", metadata_ref=LocalObjectReference(name="db")),),
        env=(EnvVar(name="A", value="1"),),
        resources=ResourceRequirements(limits={"cpu": 1}),
        last_build=LastBuild(image="reg.example/app@sha256:2", stack_id="bionic"),
    ),
)
BUILDER = Builder(
    metadata=META,
    spec=BuilderSpec(
        image="reg.example/builder",
        update_policy="external",
        image_pull_secrets=(LocalObjectReference(name="pull"),),
    ),
)
CLUSTER_BUILDER = Builder(metadata=ObjectMeta(name="wide"), spec=BuilderSpec(image="reg.example/builder"))
RESOLVER = SourceResolver(metadata=META, spec=SourceResolverSpec(service_account="robot", source=BLOB))


def on_the_wire(body: dict[str, object]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(body))


def read(kind: Kind, **parts: Any) -> Any:
    return decode(kind, json.dumps({"metadata": {"name": "app", "namespace": "team"}, **parts}).encode())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.IMAGE, Image(metadata=META)),
        (Kind.BUILD, Build(metadata=META)),
        (Kind.BUILDER, Builder(metadata=META)),
        (Kind.CLUSTER_BUILDER, Builder(metadata=META)),
        (Kind.SOURCE_RESOLVER, SourceResolver(metadata=META)),
    ],
)
def test_an_empty_spec_is_read_with_kpacks_defaults(kind: Kind, expected: Neutral) -> None:
    """A missing webhook changes nothing: what it would fill in is filled in while reading."""
    assert (read(kind), read(kind, spec={})) == (expected, expected)


def test_the_defaults_are_the_webhooks() -> None:
    """Service account `default`, limits 10, BuildNumber, polling; and no cache."""
    image, build = read(Kind.IMAGE).spec, read(Kind.BUILD).spec
    builder, resolver = read(Kind.BUILDER).spec, read(Kind.SOURCE_RESOLVER).spec

    assert (image.service_account, build.service_account, resolver.service_account) == ("default",) * 3
    assert (image.failed_build_history_limit, image.success_build_history_limit) == (10, 10)
    assert (image.image_tagging_strategy, image.cache_size) == ("BuildNumber", None)
    assert builder.update_policy == "polling"


def test_an_empty_text_is_defaulted_like_a_missing_one() -> None:
    """Go clients write empty texts where they mean nothing."""
    image = read(Kind.IMAGE, spec={"serviceAccount": "", "imageTaggingStrategy": ""})

    assert image == Image(metadata=META)


def test_a_history_limit_of_nothing_is_kept() -> None:
    """Zero is a limit and no missing field, when read and when written."""
    image = read(Kind.IMAGE, spec={"failedBuildHistoryLimit": 0, "successBuildHistoryLimit": 0})
    written: Any = manifest(image)["spec"]

    assert (image.spec.failed_build_history_limit, image.spec.success_build_history_limit) == (0, 0)
    assert (written["failedBuildHistoryLimit"], written["successBuildHistoryLimit"]) == (0, 0)


@pytest.mark.parametrize(("size", "expected"), [("2G", "2G"), (2000000000, "2000000000")])
def test_a_cache_size_is_a_quantity_as_text_or_as_a_number(size: str | int, expected: str) -> None:
    """Kubernetes takes both, and inside it is always text."""
    assert read(Kind.IMAGE, spec={"cacheSize": size}).spec.cache_size == expected


def test_unknown_fields_are_skipped() -> None:
    """Fields of other versions and what API servers add are no error."""
    image = decode(
        Kind.IMAGE,
        b'{"apiVersion":"build.pivotal.io/v1alpha1","kind":"Image","more":1,'
        b'"metadata":{"name":"app","namespace":"team","managedFields":[{"manager":"kubectl"}]},'
        b'"spec":{"projectDescriptorPath":"x","build":{"tolerations":[]}},"status":{"later":true}}',
    )

    assert image == Image(metadata=META)


def test_a_builder_of_an_unknown_kind_is_carried_as_text() -> None:
    """Whether a kind of builder exists is not for the dialect to judge."""
    image = read(Kind.IMAGE, spec={"builder": {"kind": "CustomBuilder", "name": "x"}})

    assert image.spec.builder == BuilderReference(kind="CustomBuilder", name="x")


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"text",
        b'"text"',
        b"{",
        b'{"spec": {"tag": "\xff"}}',
        b'{"a": ' + DEEP + b"}",
        b'{"spec": "odd", "a": ' + DEEP + b"}",
    ],
)
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    """Only text that is no JSON object is an error, and always the same kind of error."""
    with pytest.raises(msgspec.DecodeError):
        decode(Kind.IMAGE, raw)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.IMAGE, IMAGE),
        (Kind.IMAGE, Image(metadata=META)),
        (Kind.BUILD, BUILD),
        (Kind.BUILD, Build(metadata=META)),
        (Kind.BUILDER, BUILDER),
        (Kind.CLUSTER_BUILDER, CLUSTER_BUILDER),
        (Kind.SOURCE_RESOLVER, RESOLVER),
    ],
)
def test_what_a_manifest_says_is_read_back_the_same(kind: Kind, value: Neutral) -> None:
    """Nothing of metadata and spec is lost on the way to the API server and back."""
    assert decode(kind, msgspec.json.encode(manifest(value))) == value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (IMAGE, "Image"),
        (BUILD, "Build"),
        (BUILDER, "Builder"),
        (CLUSTER_BUILDER, "ClusterBuilder"),
        (RESOLVER, "SourceResolver"),
    ],
)
def test_a_manifest_says_what_it_is_and_has_no_status(value: Neutral, kind: str) -> None:
    """It carries apiVersion and kind; the status is written on its own."""
    written = manifest(value)

    assert (written["apiVersion"], written["kind"]) == ("build.pivotal.io/v1alpha1", kind)
    assert set(written) == {"apiVersion", "kind", "metadata", "spec"}


def test_a_build_is_written_in_kpacks_words() -> None:
    """The wire form of a Build, field by field."""
    assert on_the_wire(manifest(BUILD)) == {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Build",
        "metadata": {"name": "app", "namespace": "team"},
        "spec": {
            "tags": ["reg.example/app", "reg.example/app:b1"],
            "builder": {"image": "reg.example/builder@sha256:1", "imagePullSecrets": [{"name": "pull"}]},
            "serviceAccount": "robot",
            "source": {"registry": {"image": "reg.example/src", "imagePullSecrets": [{"name": "s"}]}},
            "cacheName": "app-cache",
            "bindings": [{"name": "db", "metadataRef": {"name": "db"}}],
            "env": [{"name": "A", "value": "1"}],
            "resources": {"limits": {"cpu": 1}},
            "lastBuild": {"image": "reg.example/app@sha256:2", "stackId": "bionic"},
        },
    }


def test_the_sub_path_of_a_spec_lies_beside_its_source() -> None:
    """In a spec, `subPath` belongs to `source`."""
    resolver = SourceResolver(metadata=META, spec=SourceResolverSpec(source=GIT))
    written: Any = manifest(resolver)["spec"]

    assert written["source"] == {"git": {"url": "https://git.example/shop", "revision": "main"}, "subPath": "web"}


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (
            {"git": {"url": "u", "revision": "abc", "type": "Branch", "subPath": "web"}},
            Source(git=GitSource(url="u", revision="abc", type=GitType.BRANCH), sub_path="web"),
        ),
        ({"blob": {"url": "u", "subPath": "web"}}, Source(blob=BlobSource(url="u"), sub_path="web")),
        ({"registry": {"image": "i", "subPath": "web"}}, Source(registry=RegistrySource(image="i"), sub_path="web")),
        ({}, Source()),
    ],
)
def test_the_sub_path_of_a_resolved_source_lies_inside_it(part: dict[str, object], source: Source) -> None:
    """In a SourceResolver's status, `subPath` belongs to `git`, `blob` or `registry`, when read and when written."""
    resolver = read(Kind.SOURCE_RESOLVER, status={"source": part})
    written: Any = status_patch(SourceResolverStatus(source=source))["status"]
    said = {
        kind: {name: value for name, value in fields.items() if value is not None}
        for kind, fields in written["source"].items()
        if fields
    }

    assert resolver.status.source == source
    assert said == part


def test_a_git_source_whose_type_is_not_known_is_written_as_unknown() -> None:
    """Clients of kpack expect a word in `type`."""
    written: Any = status_patch(SourceResolverStatus(source=GIT))["status"]

    assert written["source"]["git"] == {
        "url": "https://git.example/shop",
        "revision": "main",
        "type": "Unknown",
        "subPath": "web",
        "initializeSubmodules": None,
    }
    assert (written["source"]["blob"], written["source"]["registry"]) == (None, None)


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (
            ImageStatus(),
            {
                "observedGeneration",
                "conditions",
                "latestBuildRef",
                "latestBuildImageGeneration",
                "latestImage",
                "latestStack",
                "buildCounter",
                "buildCacheName",
                "latestSuccess",
            },
        ),
        (
            BuildStatus(),
            {
                "observedGeneration",
                "conditions",
                "buildMetadata",
                "stack",
                "latestImage",
                "podName",
                "stepStates",
                "stepsCompleted",
            },
        ),
        (BuilderStatus(), {"observedGeneration", "conditions", "builderMetadata", "stack", "latestImage"}),
        (SourceResolverStatus(), {"observedGeneration", "conditions", "source"}),
    ],
)
def test_an_empty_status_clears_every_field_that_is_ours(status: Any, names: set[str]) -> None:
    """All our fields are named, with null; none of anybody else is."""
    patch: Any = status_patch(status)

    expected = dict.fromkeys(names) | ({"stack": {"runImage": None, "id": None}} if "stack" in names else {})
    assert patch == {"status": expected}


def test_a_status_says_what_is_and_clears_what_is_not() -> None:
    """Conditions are a whole list; an empty message is left out of a condition, not sent as null."""
    status = BuilderStatus(observed_generation=2, conditions=(READY,), stack=BuildStack(id="bionic"))

    assert on_the_wire(status_patch(status)) == {
        "status": {
            "observedGeneration": 2,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-17T16:16:36Z"}],
            "builderMetadata": None,
            "stack": {"runImage": None, "id": "bionic"},
            "latestImage": None,
        }
    }


def test_a_status_is_read_back_as_it_was_written() -> None:
    """What a status patch says is what the next look finds."""
    status = SourceResolverStatus(
        observed_generation=3,
        conditions=(READY,),
        source=Source(git=GitSource(url="u", revision="abc", type=GitType.TAG), sub_path="web"),
    )
    cleaned = _without_nulls(status_patch(status))

    found = decode(
        Kind.SOURCE_RESOLVER, msgspec.json.encode({"metadata": {"name": "app", "namespace": "team"}, **cleaned})
    )

    assert found == replace(SourceResolver(metadata=META), status=status)


def test_every_kind_has_its_plural() -> None:
    """Plurals are the paths of the API server."""
    assert {str(kind): plural for kind, plural in PLURALS.items()} == {
        "Image": "images",
        "Build": "builds",
        "Builder": "builders",
        "ClusterBuilder": "clusterbuilders",
        "SourceResolver": "sourceresolvers",
    }


def _without_nulls(value: Any) -> Any:
    """A merge patch applied to nothing (RFC 7386)."""
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(part) for name, part in value.items() if part is not None}


def test_a_variable_without_a_name_is_kept() -> None:
    """An Image that was accepted is never lost for a field: the nameless variable is refused where it is used."""
    raw = b'{"metadata": {"name": "app"}, "spec": {"build": {"env": [{"value": "x"}]}}}'

    image = decode(Kind.IMAGE, raw)

    assert isinstance(image, Image)
    assert image.spec.build.env == (EnvVar(name="", value="x"),)
