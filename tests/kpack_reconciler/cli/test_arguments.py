"""Arguments in Go's style."""

import pytest

from kpack_reconciler.cli.arguments import with_double_dashes


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("logs -image app -build 1", "logs --image app --build 1", id="kpack's own words"),
        pytest.param("logs -image=app -build=1", "logs --image=app --build=1", id="values behind an equals sign"),
        pytest.param("logs --image app -n team", "logs --image app -n team", id="two dashes and short names stay"),
        pytest.param("logs -image -build", "logs --image -build", id="a value is left alone"),
        pytest.param("status -n -output", "status -n -output", id="a short option's value is left alone"),
        pytest.param("status -- -image", "status -- -image", id="nothing is translated behind two dashes"),
        pytest.param("logs -b 1 -timestamps", "logs -b 1 --timestamps", id="short and long words of one dash"),
        pytest.param("status -watch -A", "status --watch -A", id="the words of later commands"),
        pytest.param("status -A -version", "status -A --version", id="options without a value"),
        pytest.param("logs -imago app", "logs -imago app", id="unknown words reach the parser"),
    ],
)
def test_known_options_get_their_second_dash(typed: str, expected: str) -> None:
    """Options that we know may have one dash; everything else stays as it was typed."""
    assert with_double_dashes(typed.split()) == expected.split()
