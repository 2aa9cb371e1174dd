"""JSON as Go's `encoding/json` writes it, byte for byte: digests of configs and manifests depend on it.

Owns the writing of text and numbers. Leaves the order of members to whoever builds the document.

Rules (Go 1.22 and later):
- Compact, no final newline; members in the order they come in. `canonical` sorts them, as Go does with maps.
- `<`, `>`, `&`, U+2028 and U+2029 are escaped; other text stays UTF-8; what is no Unicode text becomes U+FFFD.
- Numbers in free-form values are 64-bit floats (`read_free_form`), written in their shortest form.
"""

import json
from decimal import Decimal

_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_SMALLEST_PLAIN = 1e-6
_LARGEST_PLAIN = 1e21


def read_free_form(text: str) -> object:
    """The value of a JSON text, its numbers as floats. Raises ValueError where it is none."""
    try:
        value: object = json.loads(text, parse_int=_float, parse_float=_float, parse_constant=_float)
    except RecursionError as error:
        raise ValueError("too many objects within each other") from error
    return value


def canonical(value: object) -> object:
    """The value with the members of all its objects sorted."""
    match value:
        case dict():
            return {key: canonical(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [canonical(item) for item in value]
    return value


def encode(value: object) -> bytes:
    """Write dictionaries, lists, tuples, text, numbers, booleans and None."""
    return _text(value).encode()


def _text(value: object) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{_string(key)}:{_text(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_text(item) for item in value) + "]"
        case str():
            return _string(value)
        case float():
            return _number(value)
    return json.dumps(value)


def _string(text: str) -> str:
    known = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(known, ensure_ascii=False).translate(_ESCAPES)


def _number(value: float) -> str:
    """The shortest digits that read back as this number: plain where that is short, else with an exponent."""
    exact = Decimal(repr(value)).normalize()
    if value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return f"{exact:f}"
    sign, digits, exponent = exact.as_tuple()
    first, *rest = (str(digit) for digit in digits)
    mantissa = f"{first}.{''.join(rest)}" if rest else first
    return f"{'-' if sign else ''}{mantissa}e{int(exponent) + len(rest):+d}"


def _float(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN is what differs from itself
        raise ValueError(f"{text} is no number that fits 64 bits")
    return value
