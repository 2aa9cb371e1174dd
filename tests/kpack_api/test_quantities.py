"""Which texts are Kubernetes quantities, and what they amount to."""

from decimal import Decimal

import pytest

from kpack_api.quantities import Quantity, parse_quantity


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("0", "0"),
        ("1", "1"),
        ("+1", "1"),
        ("-1.5", "-1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("500m", "0.5"),
        ("1n", "1e-9"),
        ("1u", "1e-6"),
        ("2k", "2000"),
        ("2G", "2e9"),
        ("2Ki", "2048"),
        ("1Gi", "1073741824"),
        ("1Ei", "1152921504606846976"),
        ("1E", "1e18"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("1e+3", "1000"),
        (" 1G\n", "1e9"),
        (2, "2"),
        (0.5, "0.5"),
        (1e-7, "1e-7"),
    ],
)
def test_a_quantity_is_a_number_with_a_suffix(quantity: Quantity, value: str) -> None:
    """Decimal and binary suffixes, exponents and JSON numbers, as `resource.ParseQuantity` reads them."""
    assert parse_quantity(quantity) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "lots",
        "1 G",
        "1K",
        "1gi",
        "1e",
        "1e1.5",
        ".",
        "-",
        "1.2.3",
        "1GiB",
        "0x1",
        "\u0661",
        "inf",
        "nan",
        "1_0",
    ],
)
def test_a_text_that_is_none_is_refused_in_kubernetes_words(text: str) -> None:
    """The message is the API server's own."""
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        parse_quantity(text)


@pytest.mark.parametrize("text", ["9" * 65, "1e9999999999", True])
def test_absurd_quantities_are_refused(text: Quantity) -> None:
    """No number so long or so large is meant, and arithmetic with it would be an attack; a truth value is no number."""
    with pytest.raises(ValueError, match="quantities must match"):
        parse_quantity(text)
