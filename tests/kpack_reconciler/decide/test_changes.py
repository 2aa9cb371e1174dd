"""The cases are facts of kpack v0.0.9 (`pkg/reconciler/image/build_needed_test.go`), written anew."""

import pytest
from msgspec.structs import replace

from kpack_api.core import EnvVar, ResourceRequirements
from kpack_api.names import BUILD_NEEDED_ANNOTATION, RUN_IMAGE_ANNOTATION
from kpack_api.types import (
    Binding,
    BlobSource,
    Build,
    BuilderStatus,
    BuildpackMetadata,
    BuildStack,
    RegistrySource,
    Source,
)
from kpack_reconciler.decide.changes import Inputs, build_reasons
from tests import make

OTHER_RUN_IMAGE = f"registry.example/run@{make.digest('9')}"


def inputs(source: Source | None = None, builder: BuilderStatus | None = None) -> Inputs:
    return Inputs(
        spec=make.image_spec(),
        source=source or make.git_source(make.REVISION),
        builder=builder or make.ready_builder().status,
    )


def built(**spec: object) -> Build:
    build = make.succeeded_build()
    return replace(build, spec=replace(build.spec, **spec))


def annotated(build: Build) -> Build:
    return replace(build, metadata=replace(build.metadata, annotations={BUILD_NEEDED_ANNOTATION: ""}))


def made_for(run_image: str) -> Build:
    """A Build that was made for this run image, and is on `make.RUN_IMAGE`."""
    build = make.succeeded_build()
    return replace(build, metadata=replace(build.metadata, annotations={RUN_IMAGE_ANNOTATION: run_image}))


def recorded_run_image(text: str) -> Build:
    build = make.succeeded_build()
    return replace(build, status=replace(build.status, stack=BuildStack(run_image=text, id=make.STACK_ID)))


CHANGED_BUILDER = make.ready_builder(
    run_image=OTHER_RUN_IMAGE, buildpacks=(BuildpackMetadata(id="bp.a", version="2"),)
).status


CHANGED_RUN_IMAGE = make.ready_builder(run_image=OTHER_RUN_IMAGE).status


@pytest.mark.parametrize(
    ("wanted", "newest", "reasons"),
    [
        pytest.param(inputs(), make.succeeded_build(), "", id="nothing changed: no build"),
        pytest.param(inputs(), None, "CONFIG", id="the first build"),
        pytest.param(
            inputs(builder=CHANGED_RUN_IMAGE),
            made_for(OTHER_RUN_IMAGE),
            "",
            id="the builder shows what the Build was made for already: a rebuild would come to the same",
        ),
        pytest.param(
            inputs(builder=CHANGED_RUN_IMAGE), made_for(make.RUN_IMAGE), "STACK", id="the builder shows another since"
        ),
        pytest.param(inputs(), built(tags=("other/tag",)), "CONFIG", id="another tag is CONFIG alone"),
        pytest.param(inputs(), built(env=(EnvVar(name="A", value="1"),)), "CONFIG", id="environment"),
        pytest.param(inputs(), built(bindings=(Binding(name="x"),)), "CONFIG", id="bindings"),
        pytest.param(
            inputs(), built(resources=ResourceRequirements(limits={"cpu": "1"})), "CONFIG", id="a resource limit"
        ),
        pytest.param(inputs(), built(service_account="other"), "", id="another service account is no reason"),
        pytest.param(
            inputs(make.git_source(make.REVISION, url="https://other")), make.succeeded_build(), "CONFIG", id="URL"
        ),
        pytest.param(
            inputs(make.git_source(make.REVISION, sub_path="web")), make.succeeded_build(), "CONFIG", id="sub path"
        ),
        pytest.param(inputs(make.git_source("2" * 40)), make.succeeded_build(), "COMMIT", id="the branch moved"),
        pytest.param(
            inputs(make.git_source("2" * 40, url="https://other")), make.succeeded_build(), "CONFIG,COMMIT", id="both"
        ),
        pytest.param(inputs(), built(source=Source(blob=BlobSource(url="x"))), "CONFIG,COMMIT", id="from blob to git"),
        pytest.param(
            inputs(Source(registry=RegistrySource(image="b"))),
            built(source=Source(registry=RegistrySource(image="a"))),
            "CONFIG",
            id="another registry source",
        ),
        pytest.param(inputs(), make.failed_build(), "", id="a failed build is not retried"),
        pytest.param(inputs(builder=CHANGED_BUILDER), make.failed_build(), "", id="nor for another builder"),
        pytest.param(inputs(make.git_source("2" * 40)), make.failed_build(), "COMMIT", id="but for a commit"),
        pytest.param(inputs(), annotated(make.failed_build()), "TRIGGER", id="or when asked for"),
        pytest.param(inputs(), annotated(make.succeeded_build()), "TRIGGER", id="asked for, with an empty value"),
        pytest.param(
            inputs(builder=make.ready_builder(buildpacks=(*make.BUILDPACKS, BuildpackMetadata(id="b"))).status),
            make.succeeded_build(),
            "",
            id="one more buildpack in the builder",
        ),
        pytest.param(
            inputs(builder=make.ready_builder(buildpacks=(BuildpackMetadata(id="bp.a", version="2"),)).status),
            make.succeeded_build(),
            "BUILDPACK",
            id="a buildpack of another version",
        ),
        pytest.param(
            inputs(builder=make.ready_builder(buildpacks=()).status),
            make.succeeded_build(),
            "BUILDPACK",
            id="it is gone",
        ),
        pytest.param(
            inputs(builder=make.ready_builder(run_image=OTHER_RUN_IMAGE).status),
            make.succeeded_build(),
            "STACK",
            id="a run image of another digest",
        ),
        pytest.param(
            inputs(builder=make.ready_builder(run_image=f"elsewhere.example/run@{make.digest('c')}").status),
            make.succeeded_build(),
            "",
            id="the same digest from elsewhere",
        ),
        pytest.param(
            inputs(builder=CHANGED_BUILDER), make.succeeded_build(), "BUILDPACK,STACK", id="both halves of the builder"
        ),
        pytest.param(inputs(), recorded_run_image(""), "STACK", id="no run image was recorded"),
        pytest.param(
            inputs(builder=make.ready_builder(run_image=OTHER_RUN_IMAGE).status),
            annotated(make.succeeded_build()),
            "STACK,TRIGGER",
            id="two reasons in order",
        ),
        pytest.param(
            inputs(make.git_source("2" * 40, url="https://other"), CHANGED_BUILDER),
            annotated(make.succeeded_build()),
            "CONFIG,COMMIT,BUILDPACK,STACK,TRIGGER",
            id="all reasons in order",
        ),
    ],
)
def test_a_build_is_due_exactly_for_these_reasons(wanted: Inputs, newest: Build | None, reasons: str) -> None:
    """Each reason has its cause, and they are listed in kpack's order."""
    assert ",".join(build_reasons(wanted, newest)) == reasons


def test_the_order_of_variables_counts() -> None:
    """Environment variables may refer to each other, so swapping them is a change."""
    variables = (EnvVar(name="A", value="1"), EnvVar(name="B", value="2"))
    spec = replace(make.image_spec(), build=replace(make.image_spec().build, env=variables))
    wanted = Inputs(spec=spec, source=make.git_source(make.REVISION), builder=make.ready_builder().status)

    assert build_reasons(wanted, built(env=variables)) == ()
    assert build_reasons(wanted, built(env=variables[::-1])) == ("CONFIG",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("2G", "2Gi", False),
        ("1", 1, True),
        ("0.25", "250m", True),
        ("x", "y", False),
    ],
)
def test_quantities_are_compared_by_value(one: str, other: str, *, same: bool) -> None:
    """Writing a quantity differently, as the API server does, is no change."""
    spec = replace(
        make.image_spec(),
        build=replace(make.image_spec().build, resources=ResourceRequirements(requests={"cpu": one})),
    )
    wanted = Inputs(spec=spec, source=make.git_source(make.REVISION), builder=make.ready_builder().status)

    reasons = build_reasons(wanted, built(resources=ResourceRequirements(requests={"cpu": other})))

    assert (reasons == ()) is same
