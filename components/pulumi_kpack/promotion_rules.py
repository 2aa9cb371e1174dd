"""The rules that the arguments of `Promotion` must follow; how they are told is `rules`'."""

import re
from collections.abc import Iterator, Mapping

from kpack_api.promotion import Rule
from pulumi_kpack.promotion_args import PromotionArgs
from pulumi_kpack.rules import _certificates, _check, _positive, _reference
from pulumi_kpack.shapes import Problem

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def check_promotion(name: str, args: Mapping[str, object]) -> None:
    """A promotion copies an image by digest to tags; its rules name what they allow."""
    _check(name, args, PromotionArgs, _promotion(args))


def _promotion(args: Mapping[str, object]) -> Iterator[Problem]:
    image, built_at = args.get("image"), args.get("built_at")
    if isinstance(image, str) and not _DIGEST.search(image):
        yield Problem("image", f"{image!r} names no digest: promote registry.example.com/team/app@sha256:<64 digits>")
    yield from (*_reference("image", image), *_reference("target", args.get("target"), digest=False))
    tags = args.get("additional_tags")
    for number, tag in enumerate(tags if isinstance(tags, list | tuple) else ()):
        yield from _reference(f"additional_tags[{number}]", tag, digest=False)
    if isinstance(built_at, str) and built_at and not _TIME.fullmatch(built_at):
        yield Problem("built_at", f"{built_at!r} is no time: write for example '2026-06-09T04:05:06Z'")
    yield from _certificates(args.get("certificates"))
    yield from _positive("timeout_minutes", args.get("timeout_minutes"))
    rules = args.get("rules")
    yield from _promotion_rules(rules, args) if isinstance(rules, Mapping) else ()


def _promotion_rules(rules: Mapping[str, object], args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _positive("rules.max_age_hours", rules.get(Rule.MAX_AGE_HOURS))
    for rule in (Rule.ALLOWED_BUILDERS, Rule.ALLOWED_BUILDPACKS, Rule.KNOWN_RUN_IMAGES):
        if rules.get(rule) in ([], ()):
            yield Problem(f"rules.{rule.value}", "allows nothing: name what is allowed, or leave the rule out")
    if rules.get(Rule.ALLOWED_BUILDERS) and not args.get("builder_image"):
        yield Problem("builder_image", "is missing: the rule allowed_builders is judged by it")
