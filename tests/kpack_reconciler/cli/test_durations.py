"""Durations in Go's style."""

import pytest

from kpack_reconciler.cli.durations import duration_text, read_duration


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("45", 45)])
def test_durations_are_go_durations_or_seconds(text: str, seconds: int) -> None:
    """A duration has hours, minutes and seconds, or is a bare number of seconds."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "soon", "5x", "-1s", "1s1h"])
def test_other_texts_are_no_durations(text: str) -> None:
    """What is no duration is refused with an example of one."""
    with pytest.raises(ValueError, match="is not a duration: write"):
        read_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (3600, "1h"), (7325, "2h2m5s")]
)
def test_durations_are_written_without_empty_parts(seconds: int, text: str) -> None:
    """What is zero is left out, but for no time at all."""
    assert duration_text(seconds) == text
