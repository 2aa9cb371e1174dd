import pytest
from msgspec.structs import replace

from kpack_reconciler.decide.tags import build_tags, generated_tag
from kpack_reconciler.model.references import InvalidReferenceError
from tests import make


@pytest.mark.parametrize(
    ("tag", "generated"),
    [
        ("registry.example/team/app:v3", "registry.example/team/app:v3-b7.20260609.040506"),
        ("registry.example/team/app", "registry.example/team/app:b7.20260609.040506"),
        ("registry.example/team/app:latest", "registry.example/team/app:b7.20260609.040506"),
        ("team/app", "index.docker.io/team/app:b7.20260609.040506"),
        ("app", "index.docker.io/library/app:b7.20260609.040506"),
    ],
)
def test_the_generated_tag_carries_number_and_time(tag: str, generated: str) -> None:
    """Fully expanded, with the Image's tag before it unless that is latest (kpack v0.0.9)."""
    assert generated_tag(tag, number=7, now=make.NOW) == generated


def test_the_strategy_decides_on_the_generated_tag() -> None:
    """`None` leaves it out; any other word acts as BuildNumber; additional tags come last."""
    spec = replace(make.image_spec(), additional_tags=("registry.example/team/app:more",))
    generated = "registry.example/team/app:b1.20260609.040506"

    assert build_tags(replace(spec, image_tagging_strategy="None"), number=1, now=make.NOW) == (
        make.TAG,
        *spec.additional_tags,
    )
    assert build_tags(replace(spec, image_tagging_strategy="Whatever"), number=1, now=make.NOW) == (
        make.TAG,
        generated,
        *spec.additional_tags,
    )


def test_a_tag_that_is_none_is_refused() -> None:
    """A digest cannot be pushed to."""
    with pytest.raises(InvalidReferenceError):
        generated_tag(f"app@{make.digest('a')}", number=1, now=make.NOW)
