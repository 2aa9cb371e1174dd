"""The rules of a promotion: which image passes, which is refused, and by which name."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kpack_api.promotion import PromotionRules, Rule
from kpack_reconciler.model.promotion import PromotionFacts, Refusal, promotion_refusals, refused
from kpack_reconciler.model.references import parse_image, parse_tag

RUN = "sha256:" + "b" * 64
BUILDER = f"r.example/builder@sha256:{'c' * 64}"
LABELS = {
    "io.buildpacks.build.metadata": json.dumps(
        {"buildpacks": [{"id": "team/go", "version": "1"}, {"id": "team/ca", "version": "2"}]}
    ),
    "io.buildpacks.lifecycle.metadata": json.dumps(
        {
            "runImage": {"topLayer": "t", "reference": f"r.example/run@{RUN}"},
            "stack": {"runImage": {"image": "r.example/run:base"}},
        }
    ),
}
FACTS = PromotionFacts(
    reference=parse_image(f"r.example/team/app@sha256:{'a' * 64}"),
    judged_at=datetime(2026, 6, 9, 12, tzinfo=UTC),
    created="1980-01-01T00:00:01Z",
    builder_image=BUILDER,
    built_at="2026-06-09T02:00:00Z",
)
THERE = (parse_tag("p.example/app:1"),)


def test_without_rules_every_image_passes() -> None:
    """Nothing is judged that nobody asked for."""
    assert promotion_refusals({}, replace(FACTS, at_target=THERE, built_at=""), PromotionRules()) == ()


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"allowed_builders": ("r.example/builder",)}, id="the builder's repository"),
        pytest.param({"allowed_builders": ("x.example/other", BUILDER)}, id="the builder by digest"),
        pytest.param({"allowed_builders": (BUILDER.partition("@")[2],)}, id="the builder's digest alone"),
        pytest.param({"allowed_buildpacks": ("team/go", "team/ca", "team/java")}, id="all of its buildpacks"),
        pytest.param({"known_run_images": (RUN,)}, id="the run image's digest"),
        pytest.param({"known_run_images": ("r.example/run",)}, id="the run image's repository"),
        pytest.param({"known_run_images": (f"r.example/run@{RUN}",)}, id="the run image by digest"),
        pytest.param({"max_age_hours": 10}, id="exactly as old as it may be"),
        pytest.param({"forbid_same": True}, id="not there yet"),
    ],
)
def test_an_image_that_keeps_a_rule_passes(rules: dict[str, Any]) -> None:
    """Each rule alone lets the right image pass."""
    assert promotion_refusals(LABELS, FACTS, PromotionRules(**rules)) == ()


@pytest.mark.parametrize(
    ("rules", "changed", "said"),
    [
        pytest.param({"allowed_builders": ("r.example/other",)}, {}, "is none of r.example/other", id="builder"),
        pytest.param({"allowed_builders": (RUN,)}, {}, "none of sha256:bbb", id="another digest"),
        pytest.param({"allowed_builders": ("r.example/builder:1",)}, {}, "none of r.example/builder:1", id="a tag"),
        pytest.param(
            {"allowed_builders": ("r.example/builder",)}, {"builder_image": ""}, "give `builder_image`", id="no builder"
        ),
        pytest.param({"allowed_builders": ("R.Example/UP",)}, {}, "entries of `allowed_builders`", id="no reference"),
        pytest.param({"allowed_buildpacks": ("team/go",)}, {}, "team/ca took part", id="buildpack"),
        pytest.param({"allowed_buildpacks": ()}, {}, "allowed are nothing", id="no buildpack at all"),
        pytest.param({"known_run_images": ("r.example/other",)}, {}, "is none of", id="run image"),
        pytest.param({"max_age_hours": 9}, {}, "is 10 hours old, 9 are allowed", id="age"),
        pytest.param({"max_age_hours": 9}, {"built_at": ""}, "give `built_at`", id="no time"),
        pytest.param({"max_age_hours": 9}, {"built_at": "yesterday"}, "give `built_at`", id="no time but a word"),
        pytest.param({"max_age_hours": 9}, {"built_at": "2026-06-09T02:00:00"}, "give `built_at`", id="no time zone"),
        pytest.param({"max_age_hours": 9}, {"built_at": "2026-06-10T02:00:00Z"}, "yet to come", id="the future"),
        pytest.param(
            {"max_age_hours": 9}, {"created": "2025-06-09T02:00:00Z"}, "8770 hours old", id="the image's own time"
        ),
        pytest.param({"forbid_same": True}, {"at_target": THERE}, "p.example/app:1 already has the image", id="same"),
    ],
)
def test_an_image_that_breaks_a_rule_is_refused_by_its_name(
    rules: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    """Each rule refuses alone, and says what to do."""
    (refusal,) = promotion_refusals(LABELS, replace(FACTS, **changed), PromotionRules(**rules))

    assert refusal.rule.value in rules
    assert said in refusal.message


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        pytest.param({}, "names no", id="no labels"),
        pytest.param(dict.fromkeys(LABELS, "{"), "labels that the lifecycle does not write", id="broken labels"),
        pytest.param(
            {"io.buildpacks.lifecycle.metadata": '{"runImage": {"reference": "r.example/run:1"}}'},
            "names no",
            id="a run image without digest",
        ),
        pytest.param(
            {"io.buildpacks.lifecycle.metadata": '{"runImage": {"reference": "R@x"}}'}, "R@x", id="no reference"
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(labels: dict[str, str], said: str) -> None:
    """An image that no lifecycle made passes no rule about labels."""
    rules = PromotionRules(allowed_buildpacks=("team/go",), known_run_images=("r.example/run",))

    refusals = promotion_refusals(labels, FACTS, rules)

    assert [refusal.rule for refusal in refusals] == [Rule.ALLOWED_BUILDPACKS, Rule.KNOWN_RUN_IMAGES]
    assert said in refusals[-1].message


def test_all_broken_rules_are_told_in_one_message() -> None:
    """They come in the order of the arguments, each once."""
    rules = PromotionRules(
        allowed_builders=("b.example/xx",),
        allowed_buildpacks=("none",),
        known_run_images=("b.example/yy",),
        max_age_hours=1,
        forbid_same=True,
    )

    refusals = promotion_refusals(LABELS, replace(FACTS, at_target=THERE), rules)

    assert [refusal.rule for refusal in refusals] == list(Rule)
    told = refused((*refusals, *refusals))
    assert told.startswith("promotion refused by rule allowed_builders: builder r.example/builder@")
    assert told.count("rule forbid_same: ") == 1


def test_a_long_list_is_cut() -> None:
    """A termination message has little room."""
    (refusal,) = promotion_refusals(LABELS, FACTS, PromotionRules(allowed_buildpacks=tuple("abcdefg")))

    assert refusal == Refusal(
        Rule.ALLOWED_BUILDPACKS,
        "team/ca, team/go took part in the build, allowed are a, b, c, d, e and 2 more: build without, or allow it",
    )
