import pytest

from kpack_reconciler.model.references import InvalidReferenceError, parse_image, parse_tag

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        pytest.param("ubuntu", "index.docker.io/library/ubuntu:latest", id="C26"),
        pytest.param("docker.io/acme/app:1", "index.docker.io/acme/app:1", id="C27"),
        pytest.param("localhost/app", "index.docker.io/localhost/app:latest", id="C28"),
        pytest.param("docker.io/a/b", "index.docker.io/a/b:latest", id="V71"),
        pytest.param("app", "index.docker.io/library/app:latest", id="one word is an official Docker Hub image"),
        pytest.param("team/app", "index.docker.io/team/app:latest", id="two words without a dot are on Docker Hub"),
        pytest.param("docker.io/team/app:1", "index.docker.io/team/app:1", id="docker.io is index.docker.io"),
        pytest.param("docker.io/app", "index.docker.io/library/app:latest", id="also with one word"),
        pytest.param("localhost:5000/app", "localhost:5000/app:latest", id="a port makes it one"),
        pytest.param("10.89.0.1:5000/app:v1", "10.89.0.1:5000/app:v1", id="an address with a port and a tag"),
        pytest.param(
            "registry.example/team/app:V_1.2-x", "registry.example/team/app:V_1.2-x", id="every tag character"
        ),
        pytest.param("registry.example/app:", "registry.example/app:latest", id="an empty tag is latest"),
    ],
)
def test_a_tag_reference_is_expanded(text: str, expanded: str) -> None:
    """Registry, namespace and tag are filled in as go-containerregistry does."""
    assert str(parse_tag(text)) == expanded
    assert str(parse_image(text)) == expanded


@pytest.mark.parametrize("text", [f"registry.example/app@{DIGEST}", f"registry.example/app:v1@{DIGEST}"])
def test_a_digest_wins_over_a_tag(text: str) -> None:
    """A reference with a digest is addressed by it alone; a tag field refuses it."""
    reference = parse_image(text)

    assert str(reference) == f"registry.example/app@{DIGEST}"
    assert reference.identifier == DIGEST
    assert reference.tag is None
    with pytest.raises(InvalidReferenceError):
        parse_tag(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "Upper/app",
        "registry.example/app:bad tag",
        "registry.example/app:" + "t" * 128,
        "builder@bad",
        "x/y@z@w",
        "bad host.example/app",
        f"app@{DIGEST[:-1]}",
        "registry.example/",
        pytest.param("reg.io/x", id="V71-short"),
        pytest.param("localhost:5000/x", id="V71-short-port"),
        pytest.param("reg.io/App", id="V71-case"),
    ],
)
def test_anything_else_is_refused_with_the_text(text: str) -> None:
    """The message quotes what was written."""
    with pytest.raises(InvalidReferenceError, match="could not parse reference: "):
        parse_image(text)


def test_a_reference_moves_within_its_repository() -> None:
    """`with_digest` and `with_tag` keep registry and repository."""
    reference = parse_tag("team/app:v1")

    assert str(reference.with_digest(DIGEST)) == f"index.docker.io/team/app@{DIGEST}"
    assert str(reference.with_digest(DIGEST).with_tag("v2")) == "index.docker.io/team/app:v2"
    assert reference.repository_name == "index.docker.io/team/app"
    assert parse_tag("team/app").tag is None
    assert parse_tag("team/app").identifier == "latest"
