"""The order that a promotion's Job is given: which image, where to, by which rules.

Owns its words: `pulumi_kpack` writes it, the command `promote` reads it. One JSON text holds all of it: the same
order is the same text.

Rules:
- What the order says changes only with what is to be done; logins and the image that runs are no part of it.
- A field that is not known is refused: a rule that an older image does not know must not pass unjudged.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Rule(StrEnum):
    """What a promotion can be refused by; the words of the arguments."""

    ALLOWED_BUILDERS = "allowed_builders"
    ALLOWED_BUILDPACKS = "allowed_buildpacks"
    KNOWN_RUN_IMAGES = "known_run_images"
    MAX_AGE_HOURS = "max_age_hours"
    FORBID_SAME = "forbid_same"


class PromotionRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The rules, by their names in `Rule`. None: no such rule. An empty list allows nothing."""

    allowed_builders: tuple[str, ...] | None = None
    allowed_buildpacks: tuple[str, ...] | None = None
    known_run_images: tuple[str, ...] | None = None
    max_age_hours: int | None = None
    forbid_same: bool = False


class PromotionOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Copy `image`, by digest, to `tags`, which are one or more in any registries.

    `builder_image` and `built_at` (RFC 3339) are what the image's maker tells of it; "" where nothing is told.
    """

    image: str
    tags: tuple[str, ...]
    rules: PromotionRules = PromotionRules()
    builder_image: str = ""
    built_at: str = ""


def write_order(fields: Mapping[str, object]) -> str:
    """The order with these fields as one text. Raises ValueError where a field is missing or of another type."""
    try:
        return msgspec.json.encode(msgspec.convert(fields, PromotionOrder)).decode()
    except msgspec.ValidationError as error:
        raise ValueError(f"this is no order for a promotion: {error}") from error


def read_order(text: str) -> PromotionOrder:
    """The order in a text. Raises ValueError where it holds none."""
    try:
        return msgspec.json.decode(text, type=PromotionOrder)
    except msgspec.DecodeError as error:
        raise ValueError(f"there is no order for a promotion: {error}") from error
