"""Kubernetes quantities ("500m", "1Gi") compared by value, so that writing one differently is no change.

The suffixes are those of Kubernetes' `resource.Quantity`.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from kpack_api.core import ResourceRequirements

Amount = str | int | float

_SUFFIXES = {
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


def same_quantity(one: Amount, other: Amount) -> bool:
    """Whether two quantities have one value; texts that are no quantities are compared as texts."""
    return _value(str(one)) == _value(str(other))


def is_smaller(one: Amount, other: Amount) -> bool:
    """Whether the first quantity is less than the second; never for a text that is no quantity."""
    first, second = _value(str(one)), _value(str(other))
    return isinstance(first, Decimal) and isinstance(second, Decimal) and first < second


def same_resources(one: ResourceRequirements, other: ResourceRequirements) -> bool:
    """Whether requests and limits agree in names and values."""
    return _same_amounts(one.limits, other.limits) and _same_amounts(one.requests, other.requests)


def _same_amounts(one: Mapping[str, Amount], other: Mapping[str, Amount]) -> bool:
    return one.keys() == other.keys() and all(same_quantity(one[name], other[name]) for name in one)


def _value(text: str) -> Decimal | str:
    suffix = next((suffix for suffix in _SUFFIXES if text.endswith(suffix)), "")
    try:
        return Decimal(text.removesuffix(suffix)) * _SUFFIXES.get(suffix, Decimal(1))
    except InvalidOperation:
        return text
