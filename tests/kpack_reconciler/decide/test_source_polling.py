"""An Image's own interval of polling: how it reaches its SourceResolver, and what that shows."""

import pytest
from msgspec.structs import replace

from kpack_api.names import SOURCE_POLLING_ANNOTATION, ConditionType
from kpack_api.types import GitType, Image, SourceResolver
from kpack_api.wire import Condition, find_condition
from kpack_reconciler.decide.children import resolver_actions
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.model.actions import CreateSourceResolver, PatchStatus, UpdateSourceResolver
from kpack_reconciler.model.facts import Fault, Revision
from kpack_reconciler.model.worlds import SourceResolverWorld
from tests import make

FAULT = Fault(reason="GitUnavailable", message="no answer", permanent=True)
COMMIT = Revision(revision="a" * 40, type=GitType.BRANCH)


def paced_image(pace: str) -> Image:
    image = make.new_image()
    return replace(image, metadata=replace(image.metadata, annotations={SOURCE_POLLING_ANNOTATION: pace}))


def resolver(annotations: dict[str, str]) -> SourceResolver:
    plain = make.resolver()
    return replace(plain, metadata=replace(plain.metadata, annotations=annotations))


def test_a_new_source_resolver_has_the_images_interval() -> None:
    """Other annotations of the Image stay with it."""
    image = paced_image("10m")
    other = {**image.metadata.annotations, "example.com/owner": "team"}
    (action,) = resolver_actions(replace(image, metadata=replace(image.metadata, annotations=other)), None)

    assert isinstance(action, CreateSourceResolver)
    assert action.source_resolver.metadata.annotations == {SOURCE_POLLING_ANNOTATION: "10m"}


@pytest.mark.parametrize(
    ("pace", "before", "after"),
    [
        ("off", {}, {SOURCE_POLLING_ANNOTATION: "off"}),
        ("1h", {SOURCE_POLLING_ANNOTATION: "off", "a": "b"}, {SOURCE_POLLING_ANNOTATION: "1h", "a": "b"}),
        ("", {SOURCE_POLLING_ANNOTATION: "off", "a": "b"}, {"a": "b"}),
    ],
)
def test_a_changed_interval_is_brought_over(pace: str, before: dict[str, str], after: dict[str, str]) -> None:
    """The SourceResolver's other annotations stay."""
    image = paced_image(pace) if pace else make.new_image()
    (action,) = resolver_actions(image, resolver(before))

    assert isinstance(action, UpdateSourceResolver)
    assert action.source_resolver.metadata.annotations == after


def test_an_interval_that_is_there_is_written_no_more() -> None:
    """Nor are annotations of others touched."""
    current = resolver({SOURCE_POLLING_ANNOTATION: "10m", "a": "b"})

    assert resolver_actions(paced_image("10m"), current) == ()


def active_polling(pace: str, answer: Revision | Fault) -> Condition:
    current = resolver({SOURCE_POLLING_ANNOTATION: pace})
    decision = decide_source_resolver(
        SourceResolverWorld(source_resolver=current, resolved=make.revision_seen(current, answer)), make.NOW
    )
    (action,) = decision.actions
    assert isinstance(action, PatchStatus)
    found = find_condition(action.status.conditions, ConditionType.ACTIVE_POLLING)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pace", "answer", "status", "reason"),
    [
        ("10m", COMMIT, "True", ""),
        ("off", COMMIT, "False", "SourcePollingOff"),
        ("off", FAULT, "True", ""),
        ("weekly", COMMIT, "True", "InvalidSourcePolling"),
        ("weekly", FAULT, "True", "InvalidSourcePolling"),
        ("off", Revision(revision="a" * 40, type=GitType.COMMIT), "False", ""),
    ],
)
def test_what_active_polling_shows(pace: str, answer: Revision | Fault, status: str, reason: str) -> None:
    """False for `off` once there is an answer; what cannot be read is told, with what to write."""
    condition = active_polling(pace, answer)

    assert (condition.status, condition.reason) == (status, reason)


def test_a_wrong_interval_is_told_with_a_right_one() -> None:
    """The message has the annotation's name and examples."""
    message = active_polling("weekly", COMMIT).message

    assert "'weekly'" in message
    assert f"{SOURCE_POLLING_ANNOTATION}: off, or 90s, 10m, 12h, at least 10s" in message
