"""Objects whose spec cannot be understood: each says so in a condition, and nothing else is done for it."""

import pytest
from msgspec.structs import replace

from kpack_api.types import BlobSource, BuilderStatus, GitSource, ImageStatus, RegistrySource, Source
from kpack_api.wire import Condition, find_condition
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.builder import decide_builder
from kpack_reconciler.decide.conditions import PATIENCE
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.decide.times import LONGEST_MESSAGE
from kpack_reconciler.model.actions import PatchStatus, RecordEvent
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.worlds import BuilderWorld, ImageWorld, SourceResolverWorld
from tests import make

ODD = ("spec.cacheSize: no quantity",)
SAID = "the spec cannot be understood, correct it: spec.cacheSize: no quantity"


def told(decision: Decision, kind: str) -> Condition:
    """The condition that is written; everything else that is done is an Event."""
    patches = [action for action in decision.actions if isinstance(action, PatchStatus)]
    assert len(patches) + sum(isinstance(action, RecordEvent) for action in decision.actions) == len(decision.actions)
    (patch,) = patches
    condition = find_condition(patch.status.conditions, kind)
    assert condition is not None
    return condition


def test_an_image_is_not_ready_and_settled() -> None:
    """Neither a child nor a Build is made; `Ready` and `Settled` name the part."""
    world = ImageWorld(image=replace(make.new_image(), unreadable=ODD), builder=make.ready_builder())

    decision = decide_image(world, make.NOW)

    ready, settled = told(decision, "Ready"), told(decision, "Settled")
    assert (ready.status, ready.reason, ready.message) == ("False", "InvalidSpec", SAID)
    assert (settled.status, settled.reason) == ("True", "InvalidSpec")


def test_a_build_fails() -> None:
    """A Build's spec cannot be mended, so the Build ends."""
    build = replace(make.running_build(), unreadable=ODD)

    condition = told(decide_build(make.build_world(build), make.NOW), "Succeeded")

    assert (condition.status, condition.reason, condition.message) == ("False", "InvalidSpec", SAID)


def test_a_builder_is_not_ready() -> None:
    """Whatever its image was seen to be, the status is emptied as for any definite fault."""
    builder = replace(make.ready_builder(), unreadable=ODD)

    decision = decide_builder(BuilderWorld(builder=builder), make.NOW)

    ready = told(decision, "Ready")
    assert (ready.status, ready.message) == ("False", SAID)
    (patch,) = decision.actions
    assert isinstance(patch, PatchStatus)
    assert replace(patch.status, conditions=()) == BuilderStatus(observed_generation=1)


def test_a_source_resolver_is_not_ready() -> None:
    """Its source is not resolved anew."""
    resolver = replace(make.resolver(), unreadable=ODD)

    ready = told(decide_source_resolver(SourceResolverWorld(source_resolver=resolver), make.NOW), "Ready")

    assert (ready.status, ready.reason, ready.message) == ("False", "InvalidSpec", SAID)


def test_a_build_that_the_webhook_would_refuse_fails() -> None:
    """Without the webhook it was stored; it has no pod, and says why in the webhook's words."""
    build = make.running_build()
    build = replace(build, spec=replace(build.spec, tags=(), builder_image="!"))

    condition = told(decide_build(make.build_world(build), make.NOW), "Succeeded")

    assert (condition.status, condition.reason) == ("False", "InvalidSpec")
    assert condition.message == (
        "build failed: validation failed: invalid value: !: spec.builder.image\nmissing field(s): spec.tags"
    )


@pytest.mark.parametrize(
    "source",
    [
        Source(),
        Source(git=GitSource(url="u", revision="r"), blob=BlobSource(url="u")),
        Source(blob=BlobSource(url="u"), registry=RegistrySource(image="i")),
    ],
)
def test_a_source_that_is_not_exactly_one_is_not_resolved(source: Source) -> None:
    """What the status could not hold is not written again and again."""
    resolver = make.resolver()
    resolver = replace(resolver, spec=replace(resolver.spec, source=source))

    ready = told(decide_source_resolver(SourceResolverWorld(source_resolver=resolver), make.NOW), "Ready")

    assert (ready.status, ready.reason) == ("False", "InvalidSource")
    assert ready.message == "invalid source type: set one of git, blob and registry"


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59Z", "2030-01-01T00:00:00Z"])
def test_a_time_in_the_future_holds_up_no_patience(since: str) -> None:
    """A clock that ran ahead, or somebody's joke: the wait for a builder begins now, and ends."""
    said = replace(make.condition("Settled", "False", "BuilderNotFound"), last_transition_time=since)
    image = replace(make.new_image(), status=ImageStatus(observed_generation=1, conditions=(said,)))

    decision = decide_image(ImageWorld(image=image), make.NOW)

    assert decision.look_again == PATIENCE


def test_what_is_told_is_bounded() -> None:
    """Ten parts are named, and no message is longer than a condition may be."""
    many = tuple(f"spec.tags[{number}]: {'x' * 1000}" for number in range(100))
    image = replace(make.new_image(), unreadable=many)

    few = told(decide_image(ImageWorld(image=replace(image, unreadable=("a",) * 12)), make.NOW), "Ready")
    cut = told(decide_image(ImageWorld(image=image), make.NOW), "Ready")

    assert few.message.endswith("a; and 2 more")
    assert len(cut.message) == LONGEST_MESSAGE
    assert cut.message.endswith("x…")
