"""What differs between two builds."""

from typing import Any

import pytest
from msgspec.structs import replace

from kpack_api.core import EnvVar, ResourceRequirements
from kpack_api.names import RUN_IMAGE_ANNOTATION
from kpack_api.types import (
    Binding,
    BlobSource,
    Build,
    Builder,
    BuilderStatus,
    BuildpackMetadata,
    BuildSpec,
    BuildStack,
    BuildStatus,
    GitSource,
    RegistrySource,
    Source,
)
from kpack_api.wire import LocalObjectReference, ObjectMeta
from kpack_reconciler.cli.differences import Difference, differences

A, B, C = (f"reg/run@sha256:{digit * 64}" for digit in "abc")
GIT = GitSource(url="https://git.example/app", revision="abc")
SPEC = BuildSpec(tags=("reg/app", "reg/app:b1"), source=Source(git=GIT), builder_image="reg/builder@sha256:1")


def build(**spec: Any) -> Build:
    return Build(metadata=ObjectMeta(name="app-build-1"), spec=replace(SPEC, **spec))


def ended(*buildpacks: tuple[str, str], run_image: str = "") -> Build:
    status = BuildStatus(
        build_metadata=tuple(BuildpackMetadata(id=name, version=version) for name, version in buildpacks),
        stack=BuildStack(run_image=run_image),
    )
    return replace(build(), status=status)


def builder(*buildpacks: tuple[str, str], run_image: str = "") -> Builder:
    offered = tuple(BuildpackMetadata(id=name, version=version) for name, version in buildpacks)
    status = BuilderStatus(builder_metadata=offered, stack=BuildStack(run_image=run_image))
    return Builder(metadata=ObjectMeta(name="paketo", namespace="team"), status=status)


def made_for(run_image: str, subject: Build) -> Build:
    annotations = {RUN_IMAGE_ANNOTATION: run_image}
    return replace(subject, metadata=replace(subject.metadata, annotations=annotations))


def changed(reason: str, subject: str, old: str = "", new: str = "") -> Difference:
    return Difference(reason=reason, subject=subject, old=old, new=new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param({}, {"tags": ("reg/app", "reg/app:b2")}, [], id="the build's own tag"),
        pytest.param(
            {}, {"tags": ("reg/other",)}, [changed("CONFIG", "tag", "reg/app", "reg/other")], id="the image's tag"
        ),
        pytest.param(
            {},
            {"source": Source(git=replace(GIT, revision="def"))},
            [changed("COMMIT", "git revision", "abc", "def")],
            id="a commit",
        ),
        pytest.param(
            {},
            {"source": Source(git=replace(GIT, url="https://git.example/b"), sub_path="web")},
            [
                changed("CONFIG", "git repository", GIT.url, "https://git.example/b"),
                changed("CONFIG", "source directory", "", "web"),
            ],
            id="another repository and directory",
        ),
        pytest.param(
            {"source": Source(blob=BlobSource(url="https://blob.example/a.zip"))},
            {},
            [
                changed("CONFIG", "git repository", "", GIT.url),
                changed("CONFIG", "archive", "https://blob.example/a.zip"),
                changed("COMMIT", "git revision", "", "abc"),
            ],
            id="from an archive to git",
        ),
        pytest.param(
            {},
            {"source": Source(git=replace(GIT, initialize_submodules=True))},
            [changed("CONFIG", "git submodules", "", "fetched")],
            id="submodules",
        ),
        pytest.param(
            {"source": Source(blob=BlobSource(url="https://blob.example/a.zip"))},
            {"source": Source(blob=BlobSource(url="https://blob.example/a.zip", strip_components=1))},
            [changed("CONFIG", "stripped directories", "", "1")],
            id="stripped directories",
        ),
        pytest.param(
            {},
            {"source": Source(registry=RegistrySource(image="reg/source"))},
            [changed("CONFIG", "git repository", GIT.url), changed("CONFIG", "source image", "", "reg/source")],
            id="from git to an image",
        ),
        pytest.param(
            {"env": (EnvVar(name="GONE", value="1"), EnvVar(name="MODE", value="secret-a"))},
            {"env": (EnvVar(name="MODE", value="secret-b"), EnvVar(name="NEW", value="2"))},
            [
                changed("CONFIG", "environment variables", "GONE"),
                changed("CONFIG", "environment variable MODE"),
                changed("CONFIG", "environment variables", "", "NEW"),
            ],
            id="environment variables by name alone",
        ),
        pytest.param(
            {"env": (EnvVar(name="A"), EnvVar(name="B"))},
            {"env": (EnvVar(name="B"), EnvVar(name="A"))},
            [changed("CONFIG", "the order of environment variables")],
            id="their order",
        ),
        pytest.param(
            {"resources": ResourceRequirements(limits={"cpu": "1"})},
            {"resources": ResourceRequirements(limits={"cpu": "2"}, requests={"memory": "1Gi"})},
            [changed("CONFIG", "limit of cpu", "1", "2"), changed("CONFIG", "request of memory", "", "1Gi")],
            id="resources",
        ),
        pytest.param(
            {"bindings": (Binding(name="maven", metadata_ref=LocalObjectReference(name="a")),)},
            {"bindings": (Binding(name="maven", metadata_ref=LocalObjectReference(name="b")),)},
            [changed("CONFIG", "binding maven")],
            id="a binding",
        ),
        pytest.param(
            {},
            {"builder_image": "reg/builder@sha256:2", "service_account": "bot", "cache_name": "app-cache"},
            [
                changed("", "builder image", "reg/builder@sha256:1", "reg/builder@sha256:2"),
                changed("", "service account", "default", "bot"),
                changed("", "cache", "", "app-cache"),
            ],
            id="what is no reason for a build",
        ),
    ],
)
def test_specs_are_compared(old: dict[str, Any], new: dict[str, Any], expected: list[Difference]) -> None:
    """Each difference names its reason, and values where they are no secrets."""
    assert list(differences(build(**old), build(**new))) == expected


@pytest.mark.parametrize(
    ("old", "new", "known", "expected"),
    [
        pytest.param(
            ended(("go", "1"), ("npm", "1")),
            ended(("go", "2"), ("yarn", "1")),
            None,
            [
                changed("BUILDPACK", "buildpack go", "1", "2"),
                changed("BUILDPACK", "buildpack npm", "1"),
                changed("BUILDPACK", "buildpack yarn", "", "1"),
            ],
            id="both builds say what they used",
        ),
        pytest.param(
            ended(("go", "1"), ("npm", "1")),
            build(),
            builder(("go", "2"), ("go", "3"), ("npm", "1"), ("yarn", "1")),
            [changed("BUILDPACK", "buildpack go", "1", "2, 3")],
            id="the builder says what a running build has",
        ),
        pytest.param(ended(("go", "1")), build(), None, [], id="nothing is known of a running build"),
        pytest.param(
            ended(run_image=A), ended(run_image=B), None, [changed("STACK", "run image", A, B)], id="another run image"
        ),
        pytest.param(
            ended(run_image=A),
            build(),
            builder(run_image=B),
            [changed("STACK", "run image", A, B)],
            id="the builder's run image",
        ),
        pytest.param(
            ended(run_image=A),
            ended(run_image=A.replace("reg", "mirror")),
            None,
            [],
            id="the same digest in another repository",
        ),
        pytest.param(
            made_for(A, ended(run_image=C)),
            made_for(B, ended(run_image=C)),
            None,
            [changed("STACK", "run image", A, B)],
            id="what both were made for",
        ),
        pytest.param(
            ended(run_image=A), made_for(B, build()), None, [changed("STACK", "run image", A, B)], id="one of them only"
        ),
        pytest.param(
            ended(run_image="???"),
            ended(run_image=A),
            None,
            [changed("STACK", "run image", "???", A)],
            id="an unreadable one",
        ),
    ],
)
def test_results_are_compared(old: Build, new: Build, known: Builder | None, expected: list[Difference]) -> None:
    """Buildpacks are compared by version, run images by digest."""
    assert list(differences(old, new, known)) == expected
