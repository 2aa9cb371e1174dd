"""Quantities compared by value."""

import pytest

from kpack_api.core import ResourceRequirements
from kpack_api.quantities import Quantity
from kpack_reconciler.decide.quantities import is_smaller, same_quantity, same_resources


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("2G", 2000000000, True),
        (0.5, "500m", True),
        ("1G", "1Gi", False),
        ("lots", "lots", True),
        ("lots", "many", False),
        ("lots", "1", False),
    ],
)
def test_quantities_of_one_value_are_the_same(one: Quantity, other: Quantity, *, expected: bool) -> None:
    """Notation is no difference; texts that are no quantities are the same when they are equal."""
    assert (same_quantity(one, other), same_quantity(other, one)) == (expected, expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("1G", "1Gi", True), ("1Gi", "1G", False), ("1", "1000m", False), ("lots", "1", False), ("1", "lots", False)],
)
def test_smaller_is_less_in_value(one: Quantity, other: Quantity, *, expected: bool) -> None:
    """What is no quantity is never smaller, nor is anything smaller than it."""
    assert is_smaller(one, other) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ResourceRequirements(), ResourceRequirements(), True),
        (ResourceRequirements(limits={"cpu": "1"}), ResourceRequirements(limits={"cpu": "1000m"}), True),
        (ResourceRequirements(limits={"cpu": "1"}), ResourceRequirements(limits={"cpu": "2"}), False),
        (ResourceRequirements(limits={"cpu": "1"}), ResourceRequirements(limits={"memory": "1"}), False),
        (ResourceRequirements(limits={"cpu": "1"}), ResourceRequirements(requests={"cpu": "1"}), False),
        (ResourceRequirements(requests={"cpu": "1"}), ResourceRequirements(requests={"cpu": "2"}), False),
    ],
)
def test_resources_agree_in_names_and_values(
    one: ResourceRequirements, other: ResourceRequirements, *, expected: bool
) -> None:
    """Limits are compared with limits, requests with requests."""
    assert same_resources(one, other) is expected
