"""Quantities are declared as the API server writes them back; the pairs are those of Kubernetes' own `Quantity`."""

import pytest

from pulumi_kpack.manifests.quantities import canonical, canonical_resources

PAIRS = (
    "0.5=500m 1=1 1000m=1 1500m=1500m 100m=100m 1024Mi=1Gi 1.5Gi=1536Mi 0.5Gi=512Mi 512Mi=512Mi 1000M=1G 1500M=1500M "
    "1G=1G 2048=2048 1000=1k 1000000=1M 1Ki=1Ki 0.5Ki=512 1e3=1e3 12e5=1200e3 0=0 0Mi=0 0.1m=100u 0.0000000001=1n "
    "1.2345678901=1234567891n 1536Ki=1536Ki 2Ei=2Ei 1k=1k 100n=100n 1u=1u 1023Ki=1023Ki -1=-1 12E=12E 1e-1=100e-3 "
    "0.3e1=3 1048576=1048576 1000Mi=1000Mi 5e-3=5e-3"
)


@pytest.mark.parametrize("pair", PAIRS.split())
def test_a_quantity_is_written_as_kubernetes_does(pair: str) -> None:
    """The largest suffix that needs no fraction, of the kind that was given."""
    given, _, written = pair.partition("=")

    assert canonical(given) == written


@pytest.mark.parametrize("text", ["", "much", "1.2.3", "5 Gi"])
def test_what_is_no_quantity_is_left_alone(text: str) -> None:
    """The API server refuses it in its own words."""
    assert canonical(text) == text


def test_what_is_known_later_passes() -> None:
    """An output is not looked at, neither for one quantity nor for all of a kind."""
    later, all_later = object(), object()

    found = canonical_resources({"requests": {"cpu": "0.5", "memory": later}, "limits": all_later})

    assert found == {"requests": {"cpu": "500m", "memory": later}, "limits": all_later}
