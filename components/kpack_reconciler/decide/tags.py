"""The tags that a build writes: the Image's own, one with the build's number and time, and the additional ones.

Rules (kpack v0.0.9): `<repository>:<tag>-b<N>.<YYYYMMDD>.<HHMMSS>`, without `<tag>-` where the tag is `latest` or
absent. The time is that of the decision in UTC (kpack: the controller's local time).
"""

from datetime import datetime

from kpack_api.types import ImageSpec, ImageTaggingStrategy
from kpack_reconciler.model.references import DEFAULT_TAG, parse_tag


def build_tags(spec: ImageSpec, *, number: int, now: datetime) -> tuple[str, ...]:
    """The tags of build `number`, the main one first. Raises InvalidReferenceError where `spec.tag` is no tag."""
    generated = generated_tag(spec.tag, number=number, now=now)
    if spec.image_tagging_strategy == ImageTaggingStrategy.NONE:
        return (spec.tag, *spec.additional_tags)
    return (spec.tag, generated, *spec.additional_tags)


def generated_tag(tag: str, *, number: int, now: datetime) -> str:
    """The tag with the build's number and time, fully expanded. Raises InvalidReferenceError."""
    reference = parse_tag(tag)
    prefix = "" if reference.identifier == DEFAULT_TAG else f"{reference.identifier}-"
    return str(reference.with_tag(f"{prefix}b{number}.{now:%Y%m%d.%H%M%S}"))
