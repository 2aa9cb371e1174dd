"""What the interval of polling of one Image may be."""

from datetime import timedelta

import pytest

from kpack_api.paces import is_pace, read_pace

DEFAULT = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("off", None),
        ("10s", timedelta(seconds=10)),
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("12h", timedelta(hours=12)),
    ],
)
def test_an_interval(text: str, pace: timedelta | None) -> None:
    """`off`, seconds, minutes or hours."""
    assert is_pace(text)
    assert read_pace(text, DEFAULT) == pace


@pytest.mark.parametrize("text", ["", "9s", "0m", "10", "1d", "m", "-5m", "1.5h", "Off", "9999999h", "٣m"])
def test_what_is_none_means_the_default(text: str) -> None:
    """Less than ten seconds, other units and other words leave the service's own interval."""
    assert not is_pace(text)
    assert read_pace(text, DEFAULT) == DEFAULT
