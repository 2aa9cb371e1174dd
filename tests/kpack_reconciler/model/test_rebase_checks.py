"""Which images may be rebased onto which: stacks, mixins, marks, targets and names of run images."""

import json
from typing import Any

import pytest

from kpack_reconciler.model.rebase import RemoteImage
from kpack_reconciler.model.references import parse_image
from tests.kpack_reconciler.model.rebase_images import (
    RUN_REPOSITORY,
    TODAY,
    Change,
    app,
    both,
    built_with,
    labelled,
    metadata,
    metadata_of,
    onto,
    refusal,
    run,
)


@pytest.mark.parametrize("version", [None, "0.11"], ids=["V7", "V8 0.11"])
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "io.buildpacks.stacks.bionic",
            "io.buildpacks.stacks.cflinuxfs3",
            "incompatible stack: 'io.buildpacks.stacks.cflinuxfs3' is not compatible with"
            " 'io.buildpacks.stacks.bionic'",
            id="another stack",
        ),
        pytest.param("", "s1", "stack not defined on app image", id="the application's is empty"),
        pytest.param(None, None, "stack not defined on app image", id="neither has one"),
        pytest.param("s1", "", "stack not defined on new base image", id="the run image's is empty"),
    ],
)
def test_below_platform_api_0_12_both_have_one_stack(
    version: str | None, old: str | None, new: str | None, message: str
) -> None:
    """In the lifecycle's words."""
    before = app(both(built_with(version), labelled(stack_id=old)))

    assert refusal(before, run(labelled(stack_id=new))) == ("StackMismatch", message)


@pytest.mark.parametrize("stack", ["s2", "", None])
def test_from_platform_api_0_12_on_stacks_do_not_count(stack: str | None) -> None:
    """V8: all three are allowed."""
    allowed = onto(app(both(built_with("0.12"), labelled(base_distro_name="debian"))), run(labelled(stack_id=stack)))

    assert allowed.labels.get("io.buildpacks.stack.id") == stack


def test_below_platform_api_0_12_systems_may_differ() -> None:
    """V9: system and variant of the run image are taken without a question."""
    result = onto(app(built_with("0.11", variant="v9")), run(lambda config: config.update(os="plan9")))

    assert json.loads(result.config)["os"] == "plan9"


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        pytest.param(None, None, None, id="V10 no labels"),
        pytest.param("null", "null", None, id="V10 null"),
        pytest.param("null", '["mixin-1"]', None, id="V10 more"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","run:mixin-2"]', None, id="V10 the same"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","run:mixin-2","mixin-3"]', None, id="V10 one more"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","mixin-2"]', None, id="V10 without prefix"),
        pytest.param('["mixin-1","run:mixin-2"]', '["run:mixin-1","run:mixin-2"]', None, id="V10 with prefix"),
        pytest.param('["mixin-1","run:mixin-2"]', '["run:mixin-2"]', "mixin-1", id="V10 one less"),
        pytest.param('["b","a"]', "", "a, b", id="V10 none"),
    ],
)
def test_mixins_of_the_application_must_be_in_the_run_image(old: str | None, new: str | None, missing: str) -> None:
    """Whatever stage they are named for; what is missing is listed, sorted."""
    images = app(labelled(stack_mixins=old)), run(labelled(stack_mixins=new))

    if missing is None:
        assert onto(*images).labels.get("io.buildpacks.stack.mixins") == new
    else:
        assert refusal(*images) == ("MissingMixins", f"missing required mixin(s): {missing}")


def test_from_platform_api_0_12_on_mixins_do_not_count() -> None:
    """V10, last row."""
    change = both(built_with("0.12"), labelled(stack_mixins='["mixin-1"]', base_distro_name="debian"))

    assert "io.buildpacks.stack.mixins" not in onto(app(change), run()).labels


@pytest.mark.parametrize("text", ["thisisn'tvalid!", '{"a":1}'], ids=["V11", "V11 another shape"])
def test_mixins_that_cannot_be_read_are_named(text: str) -> None:
    """With the label."""
    reason, message = refusal(app(labelled(stack_mixins=text)), run())

    expected = "get app image mixins: failed to unmarshal context of label 'io.buildpacks.stack.mixins': "
    assert (reason, message[: len(expected)]) == ("UnreadableMetadata", expected)


def test_an_application_marked_as_not_rebasable_is_refused() -> None:
    """V12: from platform API 0.12 on."""
    mark = labelled(rebasable="false", base_distro_name="debian")

    assert refusal(app(both(built_with("0.12"), mark)), run()) == (
        "NotMarkedRebasable",
        "app image is not marked as rebasable; please provide -force to override",
    )
    assert onto(app(both(built_with("0.11"), mark)), run())


@pytest.mark.parametrize("mark", ["true", "", None])
def test_any_other_mark_is_none(mark: str | None) -> None:
    """V12."""
    change = both(built_with("0.12"), labelled(rebasable=mark, base_distro_name="debian"))

    assert onto(app(change), run()).labels.get("io.buildpacks.rebasable") == mark


def target(config: dict[str, str] | None = None, **labels: str) -> Change:
    """A config for the target checks: no distribution but the one given."""
    members = {"architecture": "amd64", "os": "linux", "variant": "", **(config or {})}

    def change(document: Any) -> None:
        document.update(members)
        labelled(**{"base_distro_name": None, **labels})(document)

    return change


def targets(old: Change, new: Change) -> tuple[RemoteImage, RemoteImage]:
    return app(both(built_with("0.12"), old)), run(new)


@pytest.mark.parametrize(
    ("old", "new", "told_new", "told_old"),
    [
        pytest.param(
            target(),
            target(config={"os": "notlinux"}),
            '{"os":"notlinux","arch":"amd64"}',
            '{"os":"linux","arch":"amd64"}',
            id="V13",
        ),
        pytest.param(
            target(),
            target(config={"architecture": ""}),
            '{"os":"linux","arch":""}',
            '{"os":"linux","arch":"amd64"}',
            id="V13 empty is no wildcard",
        ),
        pytest.param(
            target(config={"variant": "variant1"}),
            target(config={"variant": "variant2"}),
            '{"os":"linux","arch":"amd64","arch-variant":"variant2"}',
            '{"os":"linux","arch":"amd64","arch-variant":"variant1"}',
            id="V14",
        ),
        pytest.param(
            target(base_distro_name="distro1"),
            target(base_distro_name="distro2"),
            '{"os":"linux","arch":"amd64","distro":{"name":"distro2","version":""}}',
            '{"os":"linux","arch":"amd64","distro":{"name":"distro1","version":""}}',
            id="V15",
        ),
        pytest.param(
            target(),
            target(base_distro_name="distro2", base_id="i"),
            '{"id":"i","os":"linux","arch":"amd64","distro":{"name":"distro2","version":""}}',
            '{"os":"linux","arch":"amd64"}',
            id="V15 only the run image tells",
        ),
    ],
)
def test_from_platform_api_0_12_on_targets_must_fit(old: Change, new: Change, told_new: str, told_old: str) -> None:
    """Both targets are told."""
    reason, message = refusal(*targets(old, new))

    told = f"new run image: {told_new}, old run image: {told_old}; please provide -force to override"
    assert reason == "TargetMismatch"
    assert message == f"unable to satisfy target os/arch constraints; {told}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(target(config={"variant": "v1"}), target(), id="V14 only the application has a variant"),
        pytest.param(target(), target(config={"variant": "v1"}), id="V14 only the run image has a variant"),
        pytest.param(target(base_distro_name="distro1"), target(), id="V15 only the application tells"),
        pytest.param(
            target(base_distro_name="d", base_distro_version="1"), target(base_distro_name="d"), id="V15 no version"
        ),
    ],
)
def test_what_one_side_leaves_open_fits(old: Change, new: Change) -> None:
    """Variant of either, distribution of the run image."""
    assert onto(*targets(old, new))


NAMED = metadata(
    runImage={
        "topLayer": "sha256:f7286887b72eb5ffb758a8edd84c0f14d6f314b645e8c233878b9aa274e08d77",
        "reference": "localhost:5000/stack/run@sha256:ab8e1bf1dd207db2fcb6fca8fd99d16d3bb1bd725be88a8310c98c35a3df7ac4",
        "image": "some-run-image-tag-reference",
        "mirrors": ["some-run-image-mirror"],
    },
    stack=None,
)


def test_a_run_image_of_an_unknown_name_is_refused_at_platform_api_0_12() -> None:
    """V16: with what is known."""
    reference = parse_image(f"index.docker.io/some-repo/new-base-image@{run().reference.digest}")
    new = RemoteImage(reference=reference, manifest=run().manifest, config=run().config)
    known = (
        '{"topLayer":"sha256:f105cd031b5c84e3ffd3faa7b5c599fadc7e43966ae3b9c7724ab56f587ec3eb",'
        f'"reference":"{reference}","image":"some-run-image-tag-reference","mirrors":["some-run-image-mirror"]}}'
    )

    reason, message = refusal(app(NAMED), new, name="some-repo/new-base-image", platform_api=TODAY)

    told = f"not found in existing run image metadata: {known}; please provide -force to override"
    assert reason == "UnknownRunImage"
    assert message == f"rebase app image: new base image 'some-repo/new-base-image' {told}"


@pytest.mark.parametrize(
    ("stack", "told"),
    [({"runImage": {"image": "a", "mirrors": []}}, '{"image":"a"}'), (None, "not found")],
    ids=["V16 the stack's", "V16 nothing"],
)
def test_the_refusal_tells_the_names_that_are_known(stack: object, told: str) -> None:
    """Of the run image, else of the stack."""
    _, message = refusal(app(metadata(stack=stack)), run(), name="other", platform_api=TODAY)

    assert f"existing run image metadata: {told}; please" in message


@pytest.mark.parametrize(
    "name",
    [
        "some-run-image-mirror",
        "index.docker.io/some-run-image-mirror",
        "some-run-image-mirror@sha256:" + "a" * 64,
        "some-run-image-tag-reference",
    ],
)
def test_a_mirror_is_a_known_name(name: str) -> None:
    """V18: written out in full, without its digest; the names in the metadata stay."""
    moved = metadata_of(onto(app(NAMED), run(), name=name, platform_api=TODAY))["runImage"]

    assert (moved["image"], moved["mirrors"]) == ("some-run-image-tag-reference", ["some-run-image-mirror"])


@pytest.mark.parametrize("name", ["some-run-image-mirror:new-tag", "No Name"])
def test_another_tag_of_a_mirror_is_no_known_name(name: str) -> None:
    """V18."""
    assert refusal(app(NAMED), run(), name=name, platform_api=TODAY)[0] == "UnknownRunImage"


def test_below_platform_api_0_12_the_name_does_not_count() -> None:
    """V19: only what lies below the application and where it came from is written anew."""
    moved = metadata_of(onto(app(NAMED), run(), name="some-repo/new-base-image", platform_api=(0, 11)))

    assert moved["runImage"] == {
        "topLayer": "sha256:f105cd031b5c84e3ffd3faa7b5c599fadc7e43966ae3b9c7724ab56f587ec3eb",
        "reference": f"{RUN_REPOSITORY}@{run().reference.digest}",
        "image": "some-run-image-tag-reference",
        "mirrors": ["some-run-image-mirror"],
    }
    assert "stack" not in moved


def test_an_application_of_an_unreadable_platform_api_is_refused() -> None:
    """The reference crashes."""
    assert refusal(app(built_with("latest")), run())[0] == "UnreadableImage"
