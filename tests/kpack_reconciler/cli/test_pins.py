"""Images in the text of a stack's file."""

import pytest

from kpack_reconciler.cli.pins import Place, difference, find_images, with_values

NOTHING_ASKED: frozenset[str] = frozenset()
DIGEST = "sha256:" + "a" * 64
STACK = f"""# the builder is base's
config:
  shop:namespace: prod # stays
  shop:builderImage: registry.example.com/builder:base   # jammy
  shop:known:
    runImages:
      - 'registry.example.com/run:base'
      - "registry.example.com/run@{DIGEST}"
encryptionsalt: v1:abc
"""


def places(text: str, *asked: str) -> dict[str, Place]:
    found = find_images(text, frozenset(asked))
    assert found.problems == ()
    return {place.key: place for place in found.places}


def test_the_usual_keys_are_found_at_any_depth() -> None:
    """Keys that end in builderImage or runImages, and the members of lists."""
    assert {key: place.value for key, place in places(STACK).items()} == {
        "shop:builderImage": "registry.example.com/builder:base",
        "shop:known.runImages[0]": "registry.example.com/run:base",
        "shop:known.runImages[1]": f"registry.example.com/run@{DIGEST}",
    }


@pytest.mark.parametrize("asked", ["base", "shop:base", "known.base"])
def test_other_keys_are_asked_for(asked: str) -> None:
    """Whole, without the project, or by the last word; the usual keys are left alone then."""
    text = "config:\n  shop:base: app:1\n  shop:builderImage: builder:1\n  shop:known: {base: run:1}\n"

    expected = {"base": ["app:1", "run:1"], "shop:base": ["app:1"], "known.base": ["run:1"]}

    assert [place.value for place in places(text, asked).values()] == expected[asked]


def test_only_the_images_characters_change() -> None:
    """Comments, quotes, order and line ends stay as they are."""
    text = STACK.replace("\n", "\r\n")
    values = {place: place.pinned(DIGEST) for place in places(text).values() if not place.has_digest_alone}

    written = with_values(text, values)

    assert written == text.replace("builder:base", f"builder:base@{DIGEST}").replace("run:base", f"run:base@{DIGEST}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("app:1", f"app:1@{DIGEST}", id="a tag"),
        pytest.param("localhost:5000/app", f"localhost:5000/app:latest@{DIGEST}", id="no tag"),
        pytest.param(f"app:1@sha256:{'b' * 64}", f"app:1@{DIGEST}", id="a tag that was pinned before"),
    ],
)
def test_the_tag_stays_before_the_digest(value: str, expected: str) -> None:
    """The next pin asks for the same tag."""
    (place,) = places(f"config:\n  a:runImage: {value}\n").values()

    assert place.pinned(DIGEST) == expected
    assert not place.has_digest_alone


def test_an_image_that_stands_twice_by_an_alias_is_one_place() -> None:
    """The anchor's text is replaced once."""
    text = "config:\n  a:runImage: &run run:1\n  b:runImage: *run\n"

    (place,) = find_images(text, NOTHING_ASKED).places

    assert with_values(text, {place: "run:2"}) == text.replace("run:1", "run:2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("config: [", "it is no YAML: while parsing", id="no YAML"),
        pytest.param("", "it has no `config`", id="empty"),
        pytest.param("name: shop\nruntime: python\n", "it has no `config`", id="a project's file"),
        pytest.param("config:\n  a:runImage:\n    secure: v1:x\n", "a:runImage is a secret", id="a secret"),
        pytest.param("config:\n  a:runImage: 5\n", "a:runImage is no image", id="a number"),
        pytest.param("config:\n  a:runImage: {name: x}\n", "a:runImage is no image", id="a mapping"),
        pytest.param("config:\n  a:runImage: >\n    run:1\n", "a:runImage is no image", id="text of several lines"),
        pytest.param("config:\n  a:runImages: [Run:1]\n", "a:runImages[0]: could not parse", id="no reference"),
        pytest.param('config:\n  a:runImage: "run\\x3a1"\n', "a:runImage is no image", id="an escaped character"),
    ],
)
def test_what_cannot_be_pinned_is_told_with_its_key(text: str, problem: str) -> None:
    """One sentence for each image."""
    found = find_images(text, NOTHING_ASKED)

    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)


def test_a_difference_names_the_file_and_shows_lines_around() -> None:
    """As `diff -u` and git write it."""
    assert difference("Pulumi.prod.yaml", "config:\n  a: 1\n", "config:\n  a: 2\n") == (
        "--- a/Pulumi.prod.yaml",
        "+++ b/Pulumi.prod.yaml",
        "@@ -1,2 +1,2 @@",
        " config:",
        "-  a: 1",
        "+  a: 2",
    )
