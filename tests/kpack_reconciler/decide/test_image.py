"""Cases of kpack v0.0.9 (`pkg/reconciler/image/image_test.go`) as facts, written anew, and our own on `Settled`."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from kpack_api.core import VolumeResourceRequirements
from kpack_api.names import BUILD_NEEDED_ANNOTATION, ConditionType, build_name
from kpack_api.types import Build, GitType, Image, ImageStatus, Kind, LastBuild, SourceResolverStatus
from kpack_api.wire import Condition, find_condition
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.model.actions import (
    CreateBuild,
    CreateCacheClaim,
    CreateSourceResolver,
    DeleteBuild,
    DeleteCacheClaim,
    PatchStatus,
    RecordEvent,
    UpdateCacheClaim,
    UpdateSourceResolver,
)
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.worlds import ImageWorld
from tests import make

MOVED = make.resolver(resolved=make.git_source("2" * 40, GitType.BRANCH))


def kinds(decision: Decision) -> list[type]:
    return [type(action) for action in decision.actions]


def patched(decision: Decision) -> ImageStatus:
    status = next(action.status for action in decision.actions if isinstance(action, PatchStatus))
    assert isinstance(status, ImageStatus)
    return status


def shown(status: ImageStatus, kind: str) -> tuple[str, str, str]:
    condition = find_condition(status.conditions, kind) or Condition(type=kind, status="")  # type: ignore[arg-type]
    return condition.status, condition.reason, condition.message


def after(world: ImageWorld, decision: Decision) -> ImageWorld:
    """The world once the decision's status is seen."""
    return dataclasses.replace(world, image=replace(world.image, status=patched(decision)))


def test_a_settled_image_is_left_alone_for_an_hour() -> None:
    """However often one looks, nothing is written while nothing changes."""
    world = make.image_world()

    decisions = [decide_image(world, make.NOW + timedelta(seconds=second)) for second in range(0, 3600, 5)]

    assert {decision.actions for decision in decisions} == {()}
    assert {decision.look_again for decision in decisions} == {None}


def test_a_new_image_gets_resolver_and_cache_first() -> None:
    """Before the source is resolved there is no Build; the Image says what it waits for."""
    spec = replace(make.image_spec(), cache_size="2G")
    world = ImageWorld(image=make.new_image(spec), builder=make.ready_builder())

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [CreateCacheClaim, CreateSourceResolver, PatchStatus]
    status = patched(decision)
    assert shown(status, "Ready") == ("Unknown", "ResolverNotReady", "SourceResolver app-source is not ready")
    assert shown(status, "BuilderReady") == ("True", "", "")
    assert shown(status, "Settled")[:2] == ("False", "ResolverNotReady")
    assert (status.build_counter, status.latest_build_ref, status.build_cache_name) == (0, "", "app-cache")
    created = decision.actions[1]
    assert isinstance(created, CreateSourceResolver)
    assert created.source_resolver.spec == make.resolver().spec
    assert created.source_resolver.metadata.owner_references == (make.image_owner(),)


def test_a_new_image_s_source_may_take_its_time_before_that_is_told() -> None:
    """For twenty seconds no status says all there is to say; what the server says meanwhile is told at once."""
    world = ImageWorld(image=make.new_image(), builder=make.ready_builder())
    fresh = make.NOW - timedelta(minutes=5, seconds=6)
    refused = make.condition("Ready", "False", message="no such repository")
    resolver = replace(make.resolver(), status=SourceResolverStatus(observed_generation=1, conditions=(refused,)))

    quiet = decide_image(world, fresh + timedelta(seconds=5))
    late = decide_image(world, fresh + timedelta(seconds=20))
    told = decide_image(dataclasses.replace(world, source_resolver=resolver), fresh + timedelta(seconds=5))

    assert (kinds(quiet), quiet.look_again) == ([CreateSourceResolver], timedelta(seconds=15))
    assert kinds(late) == [CreateSourceResolver, PatchStatus]
    assert shown(patched(told), "Ready") == ("False", "ResolverNotReady", "no such repository")


def test_an_image_that_was_told_of_goes_on_being_told_of() -> None:
    """A SourceResolver that was deleted is no secret, however young the Image."""
    settled = make.settled_image()
    young = replace(settled, metadata=replace(settled.metadata, creation_timestamp="2026-06-09T04:05:06Z"))
    world = dataclasses.replace(make.image_world(), image=young, source_resolver=None)

    assert kinds(decide_image(world, make.NOW)) == [CreateSourceResolver, PatchStatus]


def test_the_first_build_is_made_when_everything_is_ready() -> None:
    """Number one, reason CONFIG, no last build; labels, its own annotations, and the claim are passed on."""
    spec = replace(make.image_spec(), cache_size="2G")
    image = make.new_image(spec)
    annotations = {"k": "v", BUILD_NEEDED_ANNOTATION: "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    image = replace(image, metadata=replace(image.metadata, labels={"l": "w"}, generation=22, annotations=annotations))
    resolver = make.resolver()
    resolver = replace(resolver, metadata=replace(resolver.metadata, labels={"l": "w"}))
    world = ImageWorld(image=image, builder=make.ready_builder(), source_resolver=resolver)

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [CreateCacheClaim, CreateBuild, PatchStatus]
    create = decision.actions[1]
    assert isinstance(create, CreateBuild)
    build = create.build
    name = build_name("app", 1, uid=make.IMAGE_UID)
    assert build.metadata.name == name
    assert build.metadata.labels == {
        "l": "w",
        "image.build.pivotal.io/image": "app",
        "image.build.pivotal.io/buildNumber": "1",
        "image.build.pivotal.io/imageGeneration": "22",
    }
    assert build.metadata.annotations == {
        "k": "v",
        "image.build.pivotal.io/reason": "CONFIG",
        "image.build.pivotal.io/runImage": make.RUN_IMAGE,
    }
    assert build.metadata.owner_references == (make.image_owner(),)
    assert build.spec.tags == (make.TAG, "registry.example/team/app:b1.20260609.040506")
    assert (build.spec.builder_image, build.spec.cache_name) == (make.BUILDER_IMAGE, "app-cache")
    assert build.spec.source == make.git_source(make.REVISION)
    assert build.spec.last_build is None
    status = patched(decision)
    assert (status.build_counter, status.latest_build_ref, status.latest_build_image_generation) == (1, name, 22)
    assert shown(status, "Ready") == ("Unknown", "", f"{name} is executing")
    assert shown(status, "Settled")[:2] == ("False", "BuildRunning")


def test_a_moved_branch_makes_the_next_build() -> None:
    """It knows the last result; `latestImage` stays, `latestStack` is empty until the Build succeeds."""
    world = dataclasses.replace(make.image_world(), source_resolver=MOVED)

    decision = decide_image(world, make.NOW)

    create = decision.actions[0]
    assert isinstance(create, CreateBuild)
    assert create.reason == "COMMIT"
    assert kinds(decision) == [CreateBuild, RecordEvent, PatchStatus]
    assert create.build.metadata.name == build_name("app", 2, uid=make.IMAGE_UID)
    assert create.build.spec.last_build == LastBuild(image=make.APP_IMAGE, stack_id=make.STACK_ID)
    status = patched(decision)
    assert (status.latest_image, status.latest_stack, status.build_counter) == (make.APP_IMAGE, "", 2)


def test_two_looks_at_stale_data_ask_for_the_same_build() -> None:
    """A Build's name is computed, so that the API server refuses the second one, also when the status was written."""
    world = dataclasses.replace(make.image_world(), source_resolver=MOVED)

    first = decide_image(world, make.NOW)
    second = decide_image(after(world, first), make.later(3))

    actions = (*first.actions, *second.actions)
    names = [action.build.metadata.name for action in actions if isinstance(action, CreateBuild)]
    assert names == [build_name("app", 2, uid=make.IMAGE_UID)] * 2


@pytest.mark.parametrize(
    ("builds", "counter", "seen"),
    [
        pytest.param((), 0, None, id="the first Build"),
        pytest.param((1,), 1, None, id="the next one"),
        pytest.param((), 1, (), id="all were deleted"),
        pytest.param((1,), 2, (1,), id="the newest was deleted, or is not seen yet"),
    ],
)
def test_a_number_that_was_given_is_given_again_only_where_all_builds_were_seen(
    builds: tuple[int, ...], counter: int, seen: tuple[int, ...] | None
) -> None:
    """The status tells of more Builds than the cache: the API server is asked whether any were not seen."""
    known = {number: make.succeeded_build(number) for number in builds}
    world = make.image_world()
    image = replace(world.image, status=replace(world.image.status, build_counter=counter))
    world = dataclasses.replace(world, image=image, builds=tuple(known.values()), source_resolver=MOVED)

    (create,) = (action for action in decide_image(world, make.NOW).actions if isinstance(action, CreateBuild))

    assert create.seen == (None if seen is None else frozenset(known[number].metadata.uid for number in seen))


def test_after_a_failure_the_last_success_is_carried_on() -> None:
    """The failed Build's own last build goes into the next one, and `latestImage` is kept."""
    last = LastBuild(image=make.APP_IMAGE, stack_id=make.STACK_ID)
    failed = make.failed_build(2)
    failed = replace(failed, spec=replace(failed.spec, last_build=last))
    world = dataclasses.replace(make.image_world(), builds=(failed,), source_resolver=MOVED)

    decision = decide_image(world, make.NOW)

    create = decision.actions[0]
    assert isinstance(create, CreateBuild)
    assert create.build.spec.last_build == last
    assert patched(decision).latest_image == make.APP_IMAGE


def test_while_a_build_runs_nothing_else_happens() -> None:
    """No resolver, cache or history work; what the pod waits for is told."""
    running = make.running_build(2)
    stuck = make.condition(ConditionType.SUCCEEDED, "Unknown", "ImagePullBackOff", "step analyze: no such image")
    running = replace(running, status=replace(running.status, conditions=(stuck,)))
    changed = replace(
        make.image_spec(), cache_size="9G", source=make.git_source("other"), success_build_history_limit=1
    )
    image = make.settled_image(changed)
    image = replace(image, metadata=replace(image.metadata, generation=2))
    builds = (make.succeeded_build(), running)
    world = dataclasses.replace(make.image_world(), image=image, builds=builds)

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [PatchStatus]
    status = patched(decision)
    assert status.observed_generation == 2
    assert status.latest_image == make.APP_IMAGE
    assert shown(status, "Settled") == (
        "False",
        "BuildRunning",
        f"{running.metadata.name} is executing: step analyze: no such image",
    )
    assert decide_image(after(world, decision), make.later(60)).actions == ()


def test_a_changed_source_is_resolved_anew_before_a_build() -> None:
    """The SourceResolver is brought up to date; its old answer does not count any more."""
    image = make.settled_image(replace(make.image_spec(), source=make.git_source("other")))
    world = dataclasses.replace(make.image_world(), image=image)

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [UpdateSourceResolver, PatchStatus]
    update = decision.actions[0]
    assert isinstance(update, UpdateSourceResolver)
    assert update.source_resolver.metadata.resource_version == "7"
    assert update.source_resolver.spec.source == make.git_source("other")
    assert shown(patched(decision), "Ready")[:2] == ("Unknown", "ResolverNotReady")


def test_new_labels_are_passed_on_without_a_build() -> None:
    """SourceResolver and claim carry the Image's labels."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    image = replace(image, metadata=replace(image.metadata, labels={"l": "w"}))
    world = dataclasses.replace(make.image_world(), image=image, cache_claim=make.claim())

    decision = decide_image(world, make.NOW)

    assert [kind for kind in kinds(decision) if kind is not PatchStatus] == [UpdateSourceResolver, UpdateCacheClaim]


@pytest.mark.parametrize(
    ("size", "exists", "expected"),
    [
        pytest.param(None, False, [], id="not wanted, absent"),
        pytest.param(None, True, [DeleteCacheClaim], id="not wanted, present"),
        pytest.param("2G", False, [CreateCacheClaim], id="wanted, absent"),
        pytest.param("2G", True, [], id="wanted, present"),
        pytest.param("2000M", True, [], id="the same size in other words"),
        pytest.param("3G", True, [UpdateCacheClaim], id="more"),
        pytest.param("1G", True, [], id="less, which Kubernetes would refuse"),
    ],
)
def test_the_cache_follows_its_size(size: str | None, expected: list[type], *, exists: bool) -> None:
    """A claim exists exactly while `cacheSize` is set, and asks for at least that size."""
    image = make.settled_image(replace(make.image_spec(), cache_size=size))
    world = dataclasses.replace(make.image_world(), image=image, cache_claim=make.claim() if exists else None)

    decision = decide_image(world, make.NOW)

    assert [kind for kind in kinds(decision) if kind is not PatchStatus] == expected


def test_a_claim_that_names_no_size_gets_one() -> None:
    """Whoever took it away."""
    image = make.settled_image(replace(make.image_spec(), cache_size="2G"))
    claim = replace(make.claim(), spec=replace(make.claim().spec, resources=VolumeResourceRequirements()))

    decision = decide_image(dataclasses.replace(make.image_world(), image=image, cache_claim=claim), make.NOW)

    assert UpdateCacheClaim in kinds(decision)


def test_a_foreign_or_dying_claim_is_not_deleted() -> None:
    """Only what the Image controls is deleted, and only once."""
    foreign = replace(make.claim(), metadata=replace(make.claim().metadata, owner_references=()))
    dying = replace(make.claim(), metadata=replace(make.claim().metadata, deletion_timestamp=make.CREATED))

    decisions = [
        decide_image(dataclasses.replace(make.image_world(), cache_claim=c), make.NOW) for c in (foreign, dying)
    ]

    assert [decision.actions for decision in decisions] == [(), ()]


def test_a_missing_builder_is_waited_for_then_settles() -> None:
    """At first it may still come; after ten seconds the Image says that nothing more will happen by itself."""
    world = dataclasses.replace(make.image_world(), builder=None)

    first = decide_image(world, make.NOW)
    still = decide_image(after(world, first), make.later(4))
    settled = decide_image(after(world, first), make.later(10))

    assert kinds(first) == [PatchStatus]
    assert shown(patched(first), "Ready") == ("False", "BuilderNotFound", "Unable to find builder builder.")
    assert find_condition(patched(first).conditions, "BuilderReady") is None
    assert shown(patched(first), "Settled")[0] == "False"
    assert patched(first).latest_image == make.APP_IMAGE
    assert (first.look_again, still.look_again) == (timedelta(seconds=10), timedelta(seconds=6))
    assert still.actions == ()
    assert shown(patched(settled), "Settled") == ("True", "BuilderNotFound", "Unable to find builder builder.")
    assert decide_image(after(world, settled), make.later(3600)) == Decision(reason=settled.reason)


def test_a_new_generation_is_waited_for_anew() -> None:
    """A changed Image names another builder, perhaps, so the old patience does not count."""
    world = dataclasses.replace(make.image_world(), builder=None)
    settled = after(world, decide_image(after(world, decide_image(world, make.NOW)), make.later(10)))
    image = replace(settled.image, metadata=replace(settled.image.metadata, generation=2))

    decision = decide_image(dataclasses.replace(settled, image=image), make.later(20))

    assert shown(patched(decision), "Settled")[0] == "False"
    assert decision.look_again == timedelta(seconds=10)


def test_a_builder_that_is_not_ready_holds_builds_up() -> None:
    """Ready is Unknown as in kpack until the Image settles; the builder's own words are passed on."""
    world = dataclasses.replace(make.image_world(), builder=make.unready_builder("boom"), source_resolver=MOVED)

    first = decide_image(world, make.NOW)
    settled = decide_image(after(world, first), make.later(10))

    assert shown(patched(first), "Ready") == ("Unknown", "BuilderNotReady", "Builder builder is not ready: boom")
    assert shown(patched(first), "BuilderReady") == ("False", "BuilderNotReady", "Builder builder is not ready")
    assert shown(patched(settled), "Settled")[:2] == ("True", "BuilderNotReady")
    assert shown(patched(settled), "Ready")[0] == "False"


def test_a_builder_that_was_read_for_an_older_generation_is_not_ready() -> None:
    """What `Ready` says of an older generation is not heard."""
    builder = make.ready_builder()
    builder = replace(builder, metadata=replace(builder.metadata, generation=2))

    decision = decide_image(dataclasses.replace(make.image_world(), builder=builder), make.NOW)

    assert shown(patched(decision), "BuilderReady")[0] == "False"


def test_a_resolver_without_a_source_is_not_ready() -> None:
    """Whatever its conditions say."""
    resolver = make.resolver()
    resolver = replace(resolver, status=replace(resolver.status, source=None))

    decision = decide_image(dataclasses.replace(make.image_world(), source_resolver=resolver), make.NOW)

    assert shown(patched(decision), "Ready")[:2] == ("Unknown", "ResolverNotReady")


def test_a_source_that_is_refused_settles_at_once() -> None:
    """The git server's words become the Image's."""
    resolver = make.resolver()
    refused = make.condition("Ready", "False", "RepositoryNotFound", "https://git.example/app: 404")
    resolver = replace(resolver, status=replace(resolver.status, conditions=(refused,)))

    decision = decide_image(dataclasses.replace(make.image_world(), source_resolver=resolver), make.NOW)

    expected = ("False", "ResolverNotReady", "https://git.example/app: 404")
    assert shown(patched(decision), "Ready") == expected
    assert shown(patched(decision), "Settled") == ("True", *expected[1:])


@pytest.mark.parametrize(
    ("build", "ready", "settled"),
    [
        pytest.param(make.succeeded_build(), ("True", "", ""), ("True", "UpToDate", ""), id="success"),
        pytest.param(
            make.failed_build(message="build failed: step build exit 51: oops"),
            ("False", "BuildFailed", "build failed: step build exit 51: oops"),
            ("True", "BuildFailed", "build failed: step build exit 51: oops"),
            id="failure, in the build's own words",
        ),
    ],
)
def test_an_ended_build_settles_the_image(
    build: Build, ready: tuple[str, str, str], settled: tuple[str, str, str]
) -> None:
    """When the newest Build has ended and nothing is due, the Image is what the Build came to."""
    image = make.new_image()
    world = dataclasses.replace(make.image_world(), image=image, builds=(build,))

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [PatchStatus]
    assert shown(patched(decision), "Ready") == ready
    assert shown(patched(decision), "Settled") == settled
    assert decide_image(after(world, decision), make.later(1)).actions == ()


def test_only_the_image_s_own_builds_count() -> None:
    """A Build of another Image of that name, or without a number, is not the newest."""
    other = make.running_build(9)
    other = replace(other, metadata=replace(other.metadata, owner_references=(make.owner(Kind.IMAGE, "app", "x"),)))
    unnumbered = make.running_build(8)
    unnumbered = replace(unnumbered, metadata=replace(unnumbered.metadata, labels={}))
    world = dataclasses.replace(make.image_world(), builds=(other, make.succeeded_build(), unnumbered))

    assert decide_image(world, make.NOW).actions == ()


@pytest.mark.parametrize(
    ("failed", "succeeded", "expected"),
    [
        pytest.param([1, 2, 3], [4], [1], id="the oldest failed one"),
        pytest.param([5], [1, 2, 3, 4], [1, 2], id="the oldest successful ones, by number"),
        pytest.param([1, 2], [3, 4], [], id="none beyond the limits"),
    ],
)
def test_history_is_kept_to_its_limits(failed: list[int], succeeded: list[int], expected: list[int]) -> None:
    """Failed and successful Builds are counted apart; deletions come last."""
    spec = replace(make.image_spec(), failed_build_history_limit=2, success_build_history_limit=2)
    builds = (*map(make.succeeded_build, succeeded[::-1]), *map(make.failed_build, failed))
    world = dataclasses.replace(make.image_world(), image=make.settled_image(spec), builds=builds)

    decision = decide_image(world, make.NOW)

    deleted = [action.name for action in decision.actions if isinstance(action, DeleteBuild)]
    assert deleted == [build_name("app", number, uid=make.IMAGE_UID) for number in expected]
    assert not expected or isinstance(decision.actions[-1], DeleteBuild)


def test_a_limit_of_zero_keeps_the_newest() -> None:
    """Without it the Image would have no last Build and build for ever (kpack v0.0.9 does)."""
    spec = replace(make.image_spec(), success_build_history_limit=0)
    world = dataclasses.replace(make.image_world(), image=make.settled_image(spec))

    assert decide_image(world, make.NOW).actions == ()


def test_a_tag_that_is_none_settles_with_its_text() -> None:
    """Without the admission webhook such an Image can exist; it gets no Build."""
    image = make.new_image(replace(make.image_spec(), tag="Not A Tag"))
    world = ImageWorld(image=image, builder=make.ready_builder(), source_resolver=make.resolver())

    decision = decide_image(world, make.NOW)

    assert kinds(decision) == [PatchStatus]
    assert shown(patched(decision), "Settled")[:2] == ("True", "InvalidTag")


def test_an_image_that_is_going_away_is_left_alone() -> None:
    """Its children go with it."""
    image: Image = make.settled_image()
    image = replace(image, metadata=replace(image.metadata, deletion_timestamp=make.CREATED))

    decision = decide_image(dataclasses.replace(make.image_world(), image=image, source_resolver=MOVED), make.NOW)

    assert decision.actions == ()


def test_a_time_moves_only_when_a_status_flips() -> None:
    """A change of words keeps `lastTransitionTime`."""
    world = dataclasses.replace(make.image_world(), builds=(make.failed_build(),))
    first = decide_image(world, make.NOW)
    reworded = dataclasses.replace(after(world, first), builds=(make.failed_build(message="otherwise"),))

    second = decide_image(reworded, make.later(60))

    assert [c.last_transition_time for c in patched(second).conditions] == [
        c.last_transition_time for c in patched(first).conditions
    ]


def test_a_failed_build_leaves_what_the_newest_image_was_made_of() -> None:
    """`latestSuccess` tells of the Build behind `latestImage`: a failure or a trimmed history changes nothing."""
    world = make.image_world()
    failed = replace(make.failed_build(2), spec=world.builds[0].spec)

    decided = decide_image(dataclasses.replace(world, builds=(failed,)), make.NOW)

    (patch,) = (action for action in decided.actions if isinstance(action, PatchStatus))
    assert isinstance(patch.status, ImageStatus)
    assert patch.status.latest_success == make.first_success()
