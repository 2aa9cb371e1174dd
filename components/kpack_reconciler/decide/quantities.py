"""Kubernetes quantities compared by value, so that writing one differently is no change."""

from collections.abc import Mapping
from decimal import Decimal

from kpack_api.core import ResourceRequirements
from kpack_api.quantities import Quantity, parse_quantity


def same_quantity(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities have one value; texts that are no quantities are compared as texts."""
    return _value(one) == _value(other)


def is_smaller(one: Quantity, other: Quantity) -> bool:
    """Whether the first quantity is less than the second; never for a text that is no quantity."""
    first, second = _value(one), _value(other)
    return isinstance(first, Decimal) and isinstance(second, Decimal) and first < second


def same_resources(one: ResourceRequirements, other: ResourceRequirements) -> bool:
    """Whether requests and limits agree in names and values."""
    return _same_amounts(one.limits, other.limits) and _same_amounts(one.requests, other.requests)


def _same_amounts(one: Mapping[str, Quantity], other: Mapping[str, Quantity]) -> bool:
    return one.keys() == other.keys() and all(same_quantity(one[name], other[name]) for name in one)


def _value(quantity: Quantity) -> Decimal | Quantity:
    try:
        return parse_quantity(quantity)
    except ValueError:
        return quantity
