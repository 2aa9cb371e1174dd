"""Arguments in Go's style."""

import pytest

from kpack_reconciler.cli.arguments import read_duration, with_double_dashes


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("logs -image app -build 1", "logs --image app --build 1", id="kpack's own words"),
        pytest.param("logs -image=app -build=1", "logs --image=app --build=1", id="values behind an equals sign"),
        pytest.param("logs --image app -n team", "logs --image app -n team", id="two dashes and short names stay"),
        pytest.param("logs -image -build", "logs --image -build", id="a value is left alone"),
        pytest.param("status -n -output", "status -n -output", id="a short option's value is left alone"),
        pytest.param("status -- -image", "status -- -image", id="nothing is translated behind two dashes"),
        pytest.param("status -A -version", "status -A --version", id="options without a value"),
        pytest.param("logs -imago app", "logs -imago app", id="unknown words reach the parser"),
    ],
)
def test_known_options_get_their_second_dash(typed: str, expected: str) -> None:
    """Options that we know may have one dash; everything else stays as it was typed."""
    assert with_double_dashes(typed.split()) == expected.split()


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("45", 45)])
def test_durations_are_go_durations_or_seconds(text: str, seconds: int) -> None:
    """A duration has hours, minutes and seconds, or is a bare number of seconds."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "soon", "5x", "-1s", "1s1h"])
def test_other_texts_are_no_durations(text: str) -> None:
    """What is no duration is refused with an example of one."""
    with pytest.raises(ValueError, match="is not a duration: write"):
        read_duration(text)
