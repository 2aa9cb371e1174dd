"""Kubernetes quantities ("500m", "1Gi", 0.5): which texts are one, and what they amount to.

Facts of Kubernetes' `resource.Quantity`: decimal and binary suffixes, or a decimal exponent; a JSON number is one too.
"""

import re
from decimal import Decimal
from typing import TypeAlias

Quantity: TypeAlias = str | int | float

FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
"""Kubernetes' own words for a text that is none."""

_SUFFIXES = {
    "": Decimal(1),
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
}
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]{1,9})|([A-Za-z]{0,2}))")
_LONGEST = 64


def parse_quantity(quantity: Quantity) -> Decimal:
    """The value of a quantity. Raises ValueError, with Kubernetes' words, for what is none or is absurdly long."""
    text = _text(quantity)
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(FORM)
    number, exponent, suffix = found.groups()
    if exponent:
        return Decimal(number + exponent)
    if suffix not in _SUFFIXES:
        raise ValueError(FORM)
    return Decimal(number) * _SUFFIXES[suffix]


def _text(quantity: Quantity) -> str:
    if isinstance(quantity, str):
        return quantity.strip(" \t\r\n")
    return "" if isinstance(quantity, bool) else str(quantity)
