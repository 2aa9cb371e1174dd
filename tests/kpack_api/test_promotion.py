"""The order of a promotion: what is written is what is read, and nothing is passed over."""

import pytest

from kpack_api.promotion import PromotionOrder, PromotionRules, Rule, read_order, write_order

FIELDS = {
    "image": "r.example/app@sha256:1",
    "tags": ["p.example/app:1"],
    "rules": {"allowed_buildpacks": ["go"], "max_age_hours": 24, "forbid_same": True},
    "built_at": "2026-06-09T04:05:06Z",
}


def test_an_order_is_read_as_it_was_written() -> None:
    """Both sides have the same fields."""
    assert read_order(write_order(FIELDS)) == PromotionOrder(
        image="r.example/app@sha256:1",
        tags=("p.example/app:1",),
        rules=PromotionRules(allowed_buildpacks=("go",), max_age_hours=24, forbid_same=True),
        built_at="2026-06-09T04:05:06Z",
    )


def test_the_same_order_is_the_same_text() -> None:
    """The Job's name is made of it, so the order of the arguments must not count."""
    assert write_order(dict(reversed(FIELDS.items()))) == write_order(FIELDS)


def test_a_rule_that_is_not_known_is_refused() -> None:
    """An image that is older than the program must not promote without judging."""
    with pytest.raises(ValueError, match=r"there is no order for a promotion: .*unknown field `signed`"):
        read_order('{"image": "a", "tags": ["b"], "rules": {"signed": true}}')


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"image": 1}'])
def test_another_text_is_no_order(text: str) -> None:
    """It is told as such."""
    with pytest.raises(ValueError, match="there is no order for a promotion"):
        read_order(text)


def test_fields_that_are_missing_are_told() -> None:
    """Nothing incomplete is written."""
    with pytest.raises(ValueError, match="missing required field `tags`"):
        write_order({"image": "a"})


def test_every_rule_is_a_field() -> None:
    """The names that a refusal tells are those of the arguments."""
    assert set(PromotionRules.__struct_fields__) == {rule.value for rule in Rule}
