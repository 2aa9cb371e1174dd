"""Documents are written as Go's `encoding/json` writes them, since their digests depend on each byte."""

import pytest

from kpack_reconciler.model.go_json import canonical, encode, read_free_form


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param(
            '{"n":12345678901234567890,"i":9007199254740993,"f":1.50,"z":0.0,"neg":-0.0,"e":1e21,"e20":1e20,'
            '"s":0.0000001,"s6":0.000001,"b":true,"u":"é<>&","nil":null}',
            '{"b":true,"e":1e+21,"e20":100000000000000000000,"f":1.5,"i":9007199254740992,"n":12345678901234567000,'
            '"neg":-0,"nil":null,"s":1e-7,"s6":0.000001,"u":"é\\u003c\\u003e\\u0026","z":0}',
            id="V28",
        ),
        pytest.param("[-1.25e-9,123e25,-7]", "[-1.25e-9,1.23e+27,-7]", id="exponents"),
        pytest.param(
            '"\\u2028\\u2029\\u007f\\b\\f\\u0001\\/"', '"\\u2028\\u2029\x7f\\b\\f\\u0001/"', id="control characters"
        ),
        pytest.param('"\\ud800x"', '"\ufffdx"', id="half a surrogate pair"),
        pytest.param('{"z":[{"y":1,"x":2}],"a":{}}', '{"a":{},"z":[{"x":2,"y":1}]}', id="sorted at every depth"),
    ],
)
def test_free_form_json_is_written_as_go_does(text: str, written: str) -> None:
    """Numbers are floats in their shortest form, members sorted, some characters escaped."""
    assert encode(canonical(read_free_form(text))).decode() == written


def test_members_keep_their_order_and_whole_numbers_their_digits() -> None:
    """What is no free-form value is written as it was put together."""
    assert encode({"b": 2**60, "a": (False, 1)}) == b'{"b":1152921504606846976,"a":[false,1]}'


@pytest.mark.parametrize("text", ["", "NaN", "-Infinity", "1e999", "[" * 100_000])
def test_what_go_cannot_read_is_refused(text: str) -> None:
    """No text, numbers that do not fit, endless depth."""
    with pytest.raises(ValueError, match=r"."):
        read_free_form(text)
