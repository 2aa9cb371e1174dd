"""Names of generated objects: knative's ChildName with its known results, and build names that are computed."""

import re

import pytest

from kpack_api.names import build_name, build_pod_name, cache_name, child_name, source_resolver_name

LONG_IMAGE = "payments-frontend-production-eu-central-1-release-candidate"


@pytest.mark.parametrize(
    ("parent", "suffix", "expected"),
    [
        ("shop", "-source", "shop-source"),
        ("a" * 55, "-build-1", "a" * 55 + "-build-1"),
        ("a" * 56, "-build-1", "aaaaaaaaaaaaaaaaaaaaaaa3b0c8ac703f828b04c6c197006d17218-build-1"),
        ("a" * 54, "-build-pod", "aaaaaaaaaaaaaaaaaaaaaeced9e0b81ef2bba605cbc5e2e76a1d0-build-pod"),
        ("a" * 58, "-cache", "aaaaaaaaaaaaaaaaaaaaaaaaadc2f2f2462a0d72358b2f99389458606-cache"),
        ("a" * 57, "-source", "aaaaaaaaaaaaaaaaaaaaaaaa652b906d60af96844ebd21b674f35e93-source"),
        ("f" * 63, "-deployment", "ffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deployment"),
        (LONG_IMAGE, "-build-12", "payments-frontend-prodc755973ae2ffceee2570bc0e7336929c-build-12"),
        (
            "payments-frontend-prodc755973ae2ffceee2570bc0e7336929c-build-12",
            "-build-pod",
            "payments-frontend-pro674a2e3ccdabdb6afdbd222a002f4eed-build-pod",
        ),
    ],
)
def test_a_child_has_the_name_that_knative_gives_it(parent: str, suffix: str, expected: str) -> None:
    """A name that fits is a plain concatenation; a longer one keeps its suffix and the md5 of its parent."""
    assert child_name(parent, suffix) == expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("-" + "s" * 30, "x" * 31 + "041c5283c6d69b8658f85c74c75cf147"),
        ("-" + "s" * 31, "x" * 31 + "c6cd3b3411ffda0cc43a5f9ec308593a"),
    ],
)
def test_a_suffix_too_long_to_keep_goes_into_the_digest(suffix: str, expected: str) -> None:
    """From 31 characters on the suffix is hashed together with the parent and 31 characters of the parent stay."""
    assert child_name("x" * 40, suffix) == expected


def test_the_children_of_an_image_and_of_a_build_are_named_after_them() -> None:
    """Resolver, cache claim and pod are their parent's name with kpack's suffix."""
    names = (source_resolver_name("shop"), cache_name("shop"), build_pod_name("shop-build-7"))

    assert names == ("shop-source", "shop-cache", "shop-build-7-build-pod")


def test_a_build_name_is_computed_and_not_drawn() -> None:
    """The same Image and number always give the same name."""
    assert (build_name("shop", 7, uid="u-1"), build_name("shop", 7, uid="u-1")) == (
        "shop-build-7-t5nf5",
        "shop-build-7-t5nf5",
    )


@pytest.mark.parametrize(("number", "uid"), [(8, "u-1"), (7, "u-2")])
def test_another_number_or_another_image_of_the_same_name_gives_another_suffix(number: int, uid: str) -> None:
    """A build after a deleted and recreated Image cannot be taken for one of its predecessor."""
    suffixes = {build_name("shop", 7, uid="u-1")[-5:], build_name("shop", number, uid=uid)[-5:]}

    assert len(suffixes) == 2


def test_a_build_of_a_long_image_name_still_fits_and_ends_in_its_number_and_suffix() -> None:
    """63 characters are never exceeded, and number and suffix survive the shortening."""
    name = build_name(LONG_IMAGE, 12, uid="u-1")

    assert len(name) == 63
    assert re.fullmatch(r"payments-fronten[0-9a-f]{32}-build-12-[bcdfghjklmnpqrstvwxz2456789]{5}", name)
