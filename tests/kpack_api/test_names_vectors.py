"""Names of generated objects, as knative shortens them for kpack; the numbers are those of `docs/parity.md`."""

import pytest

from kpack_api.names import build_name, build_pod_name, cache_name, child_name, source_resolver_name

LONG = "payments-frontend-production-eu-central-1-release-candidate"


def test_children_are_named_after_their_parent() -> None:
    """R1: a Build's name also ends in a computed suffix, in the place of v0.0.9's drawn one."""
    build = build_name("shop", 7, uid="u")

    assert build.startswith("shop-build-7-")
    assert build_pod_name("shop-build-7") == "shop-build-7-build-pod"
    assert (source_resolver_name("shop"), cache_name("shop")) == ("shop-source", "shop-cache")


@pytest.mark.parametrize(
    ("parent", "suffix", "name"),
    [
        pytest.param("a" * 55, "-build-1", "a" * 55 + "-build-1", id="R2"),
        pytest.param("a" * 56, "-build-1", "a" * 23 + "3b0c8ac703f828b04c6c197006d17218-build-1", id="R3"),
        pytest.param("a" * 54, "-build-pod", "a" * 21 + "eced9e0b81ef2bba605cbc5e2e76a1d0-build-pod", id="R4"),
        pytest.param("a" * 58, "-cache", "a" * 25 + "dc2f2f2462a0d72358b2f99389458606-cache", id="R5"),
        pytest.param("a" * 57, "-source", "a" * 24 + "652b906d60af96844ebd21b674f35e93-source", id="R6"),
        pytest.param(
            LONG, "-build-12", "payments-frontend-prodc755973ae2ffceee2570bc0e7336929c-build-12", id="R7 Build"
        ),
        pytest.param(
            "payments-frontend-prodc755973ae2ffceee2570bc0e7336929c-build-12",
            "-build-pod",
            "payments-frontend-pro674a2e3ccdabdb6afdbd222a002f4eed-build-pod",
            id="R7 pod",
        ),
        pytest.param("f" * 63, "-deployment", "f" * 20 + "105d7597f637e83cc711605ac3ea4957-deployment", id="R8"),
    ],
)
def test_a_long_name_is_shortened(parent: str, suffix: str, name: str) -> None:
    """At most 63 characters: the beginning, the md5 of the parent, and the suffix."""
    assert child_name(parent, suffix) == name
