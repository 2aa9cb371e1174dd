"""Whether an image may be promoted: the rules of an order, judged by what the image and its maker tell of it.

Owns the rules' meaning. Leaves what an image is made of to `image_parts`, reading and copying to `steps.promote`.

Rules:
- All rules are judged, in the order of `Rule`, and every one that is broken is told.
- What cannot be judged is refused: an image without the label, time or name that a rule is about never passes.
- Buildpacks and run image are what the lifecycle wrote into the image's labels. No label names the builder, and
  reproducible images all tell the same time (1980): for these the order says what the image's maker told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kpack_api.promotion import PromotionRules, Rule
from kpack_reconciler.model.application_image import BUILD_METADATA_LABEL, LIFECYCLE_METADATA_LABEL, read_built_image
from kpack_reconciler.model.references import DIGEST, ImageReference, InvalidReferenceError, parse_image

_REPRODUCIBLE: Final = datetime(1980, 1, 2, tzinfo=UTC)
"""Times before this one are the lifecycle's and Docker's for `no time`."""
_SKEW: Final = timedelta(minutes=5)
"""How far two clocks may be apart."""
_TOLD = 5
"""How many names a message lists."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that is broken, and how to keep it."""

    rule: Rule
    message: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"rule {self.rule.value}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """What is known beside the image's labels.

    `created` is what its config tells; `builder_image` and `built_at` are what its maker told; all of them "" for
    nothing. `at_target` are the tags that already have the image.
    """

    reference: ImageReference
    judged_at: datetime
    created: str = ""
    builder_image: str = ""
    built_at: str = ""
    at_target: tuple[ImageReference, ...] = ()


def promotion_refusals(labels: Mapping[str, str], facts: PromotionFacts, rules: PromotionRules) -> tuple[Refusal, ...]:
    """The rules that the image breaks; none where it may be promoted."""
    checks: tuple[tuple[Rule, Callable[[], str | None]], ...] = (
        (Rule.ALLOWED_BUILDERS, lambda: _builder(facts, rules.allowed_builders)),
        (Rule.ALLOWED_BUILDPACKS, lambda: _buildpacks(labels, facts, rules.allowed_buildpacks)),
        (Rule.KNOWN_RUN_IMAGES, lambda: _run_image(labels, facts, rules.known_run_images)),
        (Rule.MAX_AGE_HOURS, lambda: _age(facts, rules.max_age_hours)),
        (Rule.FORBID_SAME, lambda: _same(facts) if rules.forbid_same else None),
    )
    return tuple(Refusal(rule, message) for rule, check in checks if (message := check()) is not None)


def refused(refusals: Iterable[Refusal]) -> str:
    """All refusals as one message."""
    return "promotion refused by " + "; ".join(str(refusal) for refusal in dict.fromkeys(refusals))


def _builder(facts: PromotionFacts, allowed: tuple[str, ...] | None) -> str | None:
    if allowed is None:
        return None
    if not facts.builder_image:
        return "nothing tells which builder made the image: give `builder_image`"
    return _listed(facts.builder_image, allowed, what="builder", rule=Rule.ALLOWED_BUILDERS)


def _buildpacks(labels: Mapping[str, str], facts: PromotionFacts, allowed: tuple[str, ...] | None) -> str | None:
    if allowed is None:
        return None
    try:
        used = {buildpack.id for buildpack in read_built_image(facts.reference, labels).build_metadata}
    except ValueError as error:
        return str(error)
    if not used:
        return f"{facts.reference} names no buildpacks (label {BUILD_METADATA_LABEL}): promote what buildpacks built"
    strange = sorted(used - set(allowed))
    if not strange:
        return None
    return f"{_names(strange)} took part in the build, allowed are {_names(allowed)}: build without, or allow it"


def _run_image(labels: Mapping[str, str], facts: PromotionFacts, known: tuple[str, ...] | None) -> str | None:
    if known is None:
        return None
    try:
        found = read_built_image(facts.reference, labels).stack.run_image
    except ValueError as error:
        return str(error)
    if "@" not in found:
        return f"{facts.reference} names no run image by digest (label {LIFECYCLE_METADATA_LABEL}): build it again"
    return _listed(found, known, what="run image", rule=Rule.KNOWN_RUN_IMAGES)


def _age(facts: PromotionFacts, hours: int | None) -> str | None:
    if hours is None:
        return None
    made = _time(facts.created)
    if made is None or made < _REPRODUCIBLE:
        made = _time(facts.built_at)
    if made is None:
        return (
            "the image does not tell when it was made (buildpacks write 1980): give `built_at`, as 2026-06-09T04:05:06Z"
        )
    age = facts.judged_at - made
    if age < -_SKEW:
        return f"the image was made at {made.isoformat()}, which is yet to come: correct `built_at`"
    if age / timedelta(hours=1) <= hours:
        return None
    return f"the image is {age // timedelta(hours=1)} hours old, {hours} are allowed: build it again, or allow more"


def _same(facts: PromotionFacts) -> str | None:
    if not facts.at_target:
        return None
    return (
        f"{_names(tuple(map(str, facts.at_target)))} already has the image; nothing was copied: leave it, or allow it"
    )


def _time(text: str) -> datetime | None:
    """The moment; None where the text is none, or says no time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _listed(image: str, entries: tuple[str, ...], *, what: str, rule: Rule) -> str | None:
    """None where an entry is the image's repository, reference or digest; else what is wrong."""
    try:
        if any(_is(parse_image(image), entry) for entry in entries):
            return None
    except InvalidReferenceError as error:
        return f"{error}; correct it, or the entries of `{rule.value}`"
    return f"{what} {image} is none of {_names(entries)}: use one of these, or add it to `{rule.value}`"


def _is(image: ImageReference, entry: str) -> bool:
    if DIGEST.fullmatch(entry):
        return image.digest == entry
    wanted = parse_image(entry)
    if wanted.digest or wanted.tag:
        return wanted == image
    return wanted.repository_name == image.repository_name


def _names(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD]) or 'nothing'}{more}"
