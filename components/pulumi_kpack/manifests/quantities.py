"""Quantities as the API server writes them back: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`.

What Kubernetes itself types (a Deployment's resources) comes back in this form; another one would be a change at every
`pulumi up`. Facts of Kubernetes' `resource.Quantity`. What only Pulumi knows later passes as it is.
"""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from kpack_api.quantities import parse_quantity
from pulumi_kpack.manifests import Manifest

_DECIMAL = {18: "E", 15: "P", 12: "T", 9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n"}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_STEP = 1024
_SMALLEST = -9
"""The power of ten below which Kubernetes rounds up."""


def canonical_resources(resources: Mapping[str, object]) -> Manifest:
    """`requests` and `limits` with their quantities in the API server's form."""
    return {
        kind: {name: _canonical(each) for name, each in quantities.items()}
        if isinstance(quantities, Mapping)
        else quantities
        for kind, quantities in resources.items()
    }


def canonical(quantity: str) -> str:
    """The quantity in the API server's form; a text that is none is left for the API server to refuse."""
    try:
        value = parse_quantity(quantity)
    except ValueError:
        return quantity
    if quantity.endswith("i") and abs(value) >= _STEP:
        return _binary(value)
    return _decimal(value, with_exponent=quantity[-1:].isdigit() and "e" in quantity.lower())


def _canonical(quantity: object) -> object:
    return canonical(quantity) if isinstance(quantity, str) else quantity


def _binary(value: Decimal) -> str:
    number, power = int(value.to_integral_value(ROUND_UP)), 0
    while number % _STEP == 0 and power < len(_BINARY) - 1:
        number, power = number // _STEP, power + 1
    return f"{number}{_BINARY[power]}"


def _decimal(value: Decimal, *, with_exponent: bool) -> str:
    smallest = int(value.scaleb(-_SMALLEST).to_integral_value(ROUND_UP))
    power = next(each for each in _DECIMAL if smallest % 10 ** (each - _SMALLEST) == 0) if smallest else 0
    suffix = f"e{power}" if with_exponent and power else _DECIMAL[power]
    return f"{smallest // 10 ** (power - _SMALLEST)}{suffix}"
