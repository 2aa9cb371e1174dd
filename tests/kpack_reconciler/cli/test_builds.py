"""Which build is meant, and why there is none yet."""

import pytest

from kpack_api.names import BUILD_NUMBER_LABEL
from kpack_api.types import Build, Image, ImageStatus
from kpack_api.wire import Condition, ConditionStatus, ObjectMeta
from kpack_reconciler.cli.builds import choose_build, waiting_text
from kpack_reconciler.errors import PermanentError


def build(number: int) -> Build:
    return Build(metadata=ObjectMeta(name=f"app-build-{number}", labels={BUILD_NUMBER_LABEL: str(number)}))


def image(*conditions: Condition, counter: int = 0, observed: int = 1) -> Image:
    status = ImageStatus(observed_generation=observed, build_counter=counter, conditions=conditions)
    return Image(metadata=ObjectMeta(namespace="team", name="app", generation=1), status=status)


NOT_READY = Condition(type="Ready", status=ConditionStatus.FALSE, reason="BuilderNotReady", message="no builder b")
SETTLED = Condition(type="Settled", status=ConditionStatus.TRUE)


def test_without_a_number_the_newest_build_is_meant() -> None:
    """Build 10 is newer than build 9, whatever their order and names."""
    assert choose_build(image(), [build(9), build(10), build(2)], None) == build(10)


def test_a_number_names_one_build() -> None:
    """Labels tell builds apart."""
    assert choose_build(image(), [build(1), build(2)], 1) == build(1)


def test_a_build_to_come_is_waited_for() -> None:
    """A number above the counter may still come."""
    assert choose_build(image(counter=2), [build(2)], 3) is None


def test_a_build_that_history_forgot_is_an_error() -> None:
    """A number below the counter without a Build will never come again; the kept ones are named."""
    with pytest.raises(PermanentError, match=r"build 1 of image team/app .*\(kept: 2, 3\)"):
        choose_build(image(counter=3), [build(3), build(2)], 1)


def test_a_settled_image_without_builds_is_an_error() -> None:
    """Where nothing will be done until something changes, the image's own reason is told at once."""
    with pytest.raises(PermanentError, match="no build: BuilderNotReady: no builder b"):
        choose_build(image(NOT_READY, SETTLED), [], None)


def test_a_settled_image_that_is_ready_may_still_get_a_build() -> None:
    """Somebody deleted its builds: that is no fault, and another one may come."""
    ready = Condition(type="Ready", status=ConditionStatus.TRUE)

    assert choose_build(image(ready, SETTLED), [], None) is None


def test_a_number_far_ahead_says_which_is_the_newest() -> None:
    """Whoever mistyped the number sees it."""
    assert waiting_text(image(counter=2), 20) == "waiting for build 20 of image team/app (the newest is 2)"


def test_what_an_older_generation_settled_is_not_heard() -> None:
    """A status of an older generation says nothing of this one."""
    assert choose_build(image(NOT_READY, SETTLED, observed=0), [], None) is None


def test_waiting_says_why() -> None:
    """The image's own words tell what holds the build up."""
    text = waiting_text(image(NOT_READY), 1)

    assert text == "waiting for build 1 of image team/app: BuilderNotReady: no builder b"
