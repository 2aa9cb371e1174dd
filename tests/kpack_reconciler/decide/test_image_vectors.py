"""Images and why their builds are due, as kpack v0.0.9 decides; the numbers are those of `docs/parity.md`."""

import dataclasses

import pytest
from msgspec.structs import replace

from kpack_api.core import ResourceRequirements
from kpack_api.names import ConditionType, build_name
from kpack_api.types import (
    BlobSource,
    BuilderStatus,
    BuildpackMetadata,
    Image,
    ImageSpec,
    ImageStatus,
    Source,
    SourceResolver,
)
from kpack_api.wire import Condition, find_condition
from kpack_reconciler.decide.changes import Inputs, build_reasons
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.model.actions import CreateBuild, DeleteBuild, PatchStatus, UpdateCacheClaim
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.worlds import ImageWorld
from tests import make

MOVED = make.resolver(resolved=make.git_source("2" * 40))


def patched(decision: Decision) -> ImageStatus:
    (status,) = (action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, ImageStatus)
    return status


def created(decision: Decision) -> CreateBuild:
    (create,) = (action for action in decision.actions if isinstance(action, CreateBuild))
    return create


def ready(decision: Decision) -> Condition:
    condition = find_condition(patched(decision).conditions, ConditionType.READY)
    assert condition is not None
    return condition


def latest(status: ImageStatus) -> tuple[str, str, int]:
    return status.latest_image, status.latest_stack, status.build_counter


def unready(subject: SourceResolver, *conditions: Condition) -> SourceResolver:
    return replace(subject, status=replace(subject.status, conditions=conditions))


def of_generation(subject: SourceResolver, generation: int) -> SourceResolver:
    return replace(subject, metadata=replace(subject.metadata, generation=generation))


@pytest.mark.parametrize(
    "resolver",
    [
        pytest.param(unready(MOVED, make.condition("Ready", "False")), id="R59 not ready"),
        pytest.param(unready(MOVED), id="R59 no conditions"),
        pytest.param(of_generation(MOVED, 2), id="R59 of an older generation"),
    ],
)
def test_a_source_that_is_not_ready_decides_nothing(resolver: SourceResolver) -> None:
    """No build is made of what a SourceResolver said before, though its revision has moved."""
    decision = decide_image(dataclasses.replace(make.image_world(), source_resolver=resolver), make.NOW)

    assert [action for action in decision.actions if isinstance(action, CreateBuild)] == []


def test_a_builder_that_is_not_ready_decides_nothing() -> None:
    """R60: another URL is no reason while the builder is not ready."""
    resolver = make.resolver(resolved=make.git_source("2" * 40, url="https://other"))
    world = dataclasses.replace(make.image_world(), builder=make.unready_builder(), source_resolver=resolver)

    decision = decide_image(world, make.NOW)

    assert [action for action in decision.actions if isinstance(action, CreateBuild)] == []


def test_buildpack_and_run_image_are_told_in_their_order() -> None:
    """R66: what a builder brings is told together."""
    builder: BuilderStatus = make.ready_builder(
        run_image=f"registry.example/run@{make.digest('9')}", buildpacks=(BuildpackMetadata(id="bp.a", version="2"),)
    ).status
    inputs = Inputs(spec=make.image_spec(), source=make.git_source(make.REVISION), builder=builder)

    assert build_reasons(inputs, make.succeeded_build()) == ("BUILDPACK", "STACK")


def test_absent_and_empty_settings_are_equal() -> None:
    """R11: neither empty lists nor a quantity in other words are a change."""
    settings = replace(make.image_spec().build, resources=ResourceRequirements(limits={"cpu": "1"}))
    inputs = Inputs(
        spec=replace(make.image_spec(), build=settings),
        source=make.git_source(make.REVISION),
        builder=make.ready_builder().status,
    )
    newest = make.succeeded_build()
    newest = replace(newest, spec=replace(newest.spec, env=(), resources=ResourceRequirements(limits={"cpu": "1000m"})))

    assert build_reasons(inputs, newest) == ()


def test_a_new_generation_is_observed() -> None:
    """R72: with a source that is not ready one write tells the generation, and nothing else is done."""
    image: Image = make.settled_image()
    image = replace(image, metadata=replace(image.metadata, generation=2))
    world = dataclasses.replace(make.image_world(), image=image, source_resolver=unready(make.resolver()))

    decision = decide_image(world, make.NOW)

    assert [type(action) for action in decision.actions] == [PatchStatus]
    assert patched(decision).observed_generation == 2


def test_growing_a_claim_takes_the_labels_along() -> None:
    """R81: the claim asks for the greater size, and its labels become the Image's."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2.5G"))
    image = replace(image, metadata=replace(image.metadata, labels={"l": "w"}))
    world = dataclasses.replace(make.image_world(), image=image, cache_claim=make.claim("1.5G"))

    (update,) = (a for a in decide_image(world, make.NOW).actions if isinstance(a, UpdateCacheClaim))

    assert update.claim.spec.resources.requests == {"storage": "2.5G"}
    assert update.claim.metadata.labels == {"l": "w"}


def test_a_builder_that_says_nothing_leaves_the_last_result() -> None:
    """R85: results of the last Build are told, whatever the builder's state."""
    silent = replace(make.ready_builder(), status=BuilderStatus())
    world = dataclasses.replace(make.image_world(), image=make.new_image(), builder=silent)

    decision = decide_image(world, make.NOW)

    assert (ready(decision).status, ready(decision).message) == ("Unknown", "Builder builder is not ready")
    assert latest(patched(decision)) == (make.APP_IMAGE, make.STACK_ID, 1)


def test_the_claim_is_the_build_s() -> None:
    """R88, R89: a Build names the claim, also one that is made in the same look (kpack: from the next Build on)."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    world = dataclasses.replace(make.image_world(), image=image, source_resolver=MOVED)

    for claim in (make.claim(), None):
        build = created(decide_image(dataclasses.replace(world, cache_claim=claim), make.NOW)).build
        assert build.spec.cache_name == "app-cache"


def test_a_build_without_a_condition_is_running() -> None:
    """R93: a Build that nobody has looked at yet is executing."""
    world = dataclasses.replace(make.image_world(), builds=(make.succeeded_build(), make.running_build(2)))

    decision = decide_image(world, make.NOW)

    assert (ready(decision).status, ready(decision).message) == (
        "Unknown",
        f"{build_name('app', 2, uid=make.IMAGE_UID)} is executing",
    )


def test_a_success_moves_the_latest_image() -> None:
    """R95: image and stack of the newest success are told."""
    image = make.settled_image()
    image = replace(image, status=replace(image.status, latest_image="registry.example/old", latest_stack=""))

    status = patched(decide_image(dataclasses.replace(make.image_world(), image=image), make.NOW))

    assert latest(status) == (make.APP_IMAGE, make.STACK_ID, 1)


def test_a_source_that_is_not_ready_hides_no_result() -> None:
    """R96: what the last Build came to is told although Ready is Unknown."""
    world = dataclasses.replace(
        make.image_world(), image=make.new_image(), source_resolver=unready(make.resolver(), make.condition("x"))
    )

    decision = decide_image(world, make.NOW)

    assert (ready(decision).status, ready(decision).reason) == ("Unknown", "ResolverNotReady")
    assert latest(patched(decision)) == (make.APP_IMAGE, make.STACK_ID, 1)


@pytest.mark.parametrize(
    ("numbers", "limit", "gone"),
    [
        pytest.param(5, 4, [1], id="R98 R99"),
        pytest.param(7, 4, [1, 2, 3], id="R100"),
    ],
)
def test_the_oldest_builds_go(numbers: int, limit: int, gone: list[int]) -> None:
    """Failed and successful Builds beyond their limit are deleted, all at once (kpack: one at a look)."""
    spec = replace(make.image_spec(), failed_build_history_limit=limit, success_build_history_limit=limit)
    for make_build in (make.failed_build, make.succeeded_build):
        builds = tuple(make_build(number) for number in range(1, numbers + 1))
        world = dataclasses.replace(make.image_world(), image=make.settled_image(spec), builds=builds)

        deleted = [a.name for a in decide_image(world, make.NOW).actions if isinstance(a, DeleteBuild)]

        assert deleted == [build_name("app", number, uid=make.IMAGE_UID) for number in gone]


def test_a_build_carries_the_image_s_words() -> None:
    """R106: annotations and labels of the Image, and the reconciler's own."""
    image = make.settled_image()
    metadata = replace(image.metadata, annotations={"k": "v"}, labels={"l": "w"}, generation=22)
    resolver = replace(MOVED, metadata=replace(MOVED.metadata, labels={"l": "w"}))
    world = ImageWorld(
        image=replace(image, metadata=metadata),
        builder=make.ready_builder(),
        builds=(make.succeeded_build(26),),
        source_resolver=resolver,
    )

    build = created(decide_image(world, make.NOW)).build

    assert build.metadata.annotations == {
        "k": "v",
        "image.build.pivotal.io/reason": "COMMIT",
        "image.build.pivotal.io/runImage": make.RUN_IMAGE,
    }
    assert build.metadata.labels == {
        "l": "w",
        "image.build.pivotal.io/image": "app",
        "image.build.pivotal.io/buildNumber": "27",
        "image.build.pivotal.io/imageGeneration": "22",
    }


def test_an_image_without_build_settings_builds_plainly() -> None:
    """R114: no variables, bindings or resources."""
    image = make.new_image(ImageSpec(tag=make.TAG, builder=make.image_spec().builder, source=make.git_source()))
    resolver = replace(make.resolver(), spec=replace(make.resolver().spec, service_account="default"))
    world = ImageWorld(image=image, builder=make.ready_builder(), source_resolver=resolver)

    spec = created(decide_image(world, make.NOW)).build.spec

    assert (spec.env, spec.bindings, spec.resources) == ((), (), ResourceRequirements())


def test_what_a_blob_loses_reaches_the_build() -> None:
    """C100: the resolved source is the Build's (kpack forgets `stripComponents` on the way)."""
    blob = Source(blob=BlobSource(url="https://blobs.example/a.zip", strip_components=1))
    image = make.new_image(replace(make.image_spec(), source=blob))
    world = ImageWorld(image=image, builder=make.ready_builder(), source_resolver=make.resolver(blob, blob))

    assert created(decide_image(world, make.NOW)).build.spec.source == blob
