"""Which keys stand for which images, by each of kpack's three rules."""

import pytest

from kpack_reconciler.model.references import parse_image
from kpack_reconciler.model.registry_matching import (
    address_of,
    find_exact,
    find_in_docker_file,
    find_in_keyring,
    matches,
    near_miss,
)

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"

# Key, image, and whether the key is used by the exact form, the keyring, and the docker file.
TABLE = [
    ("gcr.io", "gcr.io/p/app", "ABC"),
    ("https://gcr.io", "gcr.io/p/app", "ABC"),
    ("http://gcr.io", "gcr.io/p/app", "ABC"),
    ("https://gcr.io/v1/", "gcr.io/p/app", "ABC"),
    ("https://gcr.io/v2/", "gcr.io/p/app", "ABC"),
    ("https://gcr.io/", "gcr.io/p/app", "BC"),
    ("gcr.io/", "gcr.io/p/app", "BC"),
    ("https://gcr.io/v2", "gcr.io/p/app", "C"),
    ("gcr.io/v2/", "gcr.io/p/app", "BC"),
    ("gcr.io/p", "gcr.io/p/app", "BC"),
    ("gcr.io/pro", "gcr.io/project/app", "BC"),
    ("gcr.io/other", "gcr.io/p/app", "C"),
    ("gcr.io/p/app", "gcr.io/p/app", "BC"),
    ("*.gcr.io", "eu.gcr.io/p/app", "B"),
    ("*.gcr.io", "gcr.io/p/app", ""),
    ("*.gcr.io", "a.eu.gcr.io/p/app", ""),
    ("GCR.IO", "gcr.io/p/app", ""),
    ("reg.example.com", "reg.example.com:5000/t/app", ""),
    ("reg.example.com:5000", "reg.example.com:5000/t/app", "ABC"),
    ("https://reg.example.com:5000/v2/", "reg.example.com:5000/t/app", "ABC"),
    ("reg.example.com:443", "reg.example.com/t/app", ""),
    ("*.example.com:5000", "reg.example.com:5000/t/app", "B"),
    ("reg.example.com:*", "reg.example.com:5000/t/app", ""),
    ("https://index.docker.io/v1/", "ubuntu", "ABC"),
    ("index.docker.io", "ubuntu", "B"),
    ("https://index.docker.io", "acme/app", "B"),
    ("https://index.docker.io/v2/", "acme/app", "B"),
    ("https://index.docker.io/v1", "acme/app", ""),
    ("http://index.docker.io/v1/", "acme/app", "B"),
    ("docker.io", "docker.io/acme/app", ""),
    ("registry-1.docker.io", "acme/app", ""),
    ("*.docker.io", "acme/app", "B"),
    ("index.docker.io/acme", "acme/app", "B"),
    ("localhost:5000", "localhost:5000/app", "ABC"),
    ("10.0.0.5:5000", "10.0.0.5:5000/app", "ABC"),
    ("[::1]:5000", "[::1]:5000/app", "ABC"),
    (ECR, f"{ECR}/app", "ABC"),
    ("*.dkr.ecr.*.amazonaws.com", f"{ECR}/app", "B"),
    ("oci://gcr.io", "gcr.io/p/app", "C"),
    ("", "gcr.io/p/app", ""),
]


@pytest.mark.parametrize(
    ("key", "image", "rules"),
    [pytest.param(*row, id=f"C1.5-{number}") for number, row in enumerate(TABLE, start=1)],
)
def test_a_key_stands_for_an_image_by_some_rules(key: str, image: str, rules: str) -> None:
    """Each of the three rules uses a key as kpack, Kubernetes and the docker CLI do."""
    reference = parse_image(image)
    entries = ((key, "login"),)

    used = {
        "A": find_exact(entries, reference.registry),
        "B": find_in_keyring(entries, reference.repository_name),
        "C": find_in_docker_file(entries, reference.registry, reference.repository_name),
    }

    assert "".join(rule for rule, login in used.items() if login) == rules


@pytest.mark.parametrize(
    "form",
    ["{}", "https://{}", "http://{}", "https://{}/v1/", "http://{}/v1/", "https://{}/v2/", "http://{}/v2/"],
)
@pytest.mark.parametrize(
    ("registry", "used"), [pytest.param("reg.io", True, id="C1"), pytest.param("gcr.io", False, id="C2")]
)
def test_the_seven_exact_forms(form: str, registry: str, *, used: bool) -> None:
    """A key in one of seven forms stands for its own registry and for no other."""
    assert matches(form.format("reg.io"), registry) is used


@pytest.mark.parametrize(
    ("key", "used"),
    [
        pytest.param("https://index.docker.io/v1/", True, id="C3"),
        pytest.param("index.docker.io", False, id="C4"),
        pytest.param("docker.io", False, id="V73"),
    ],
)
def test_docker_hub_has_one_exact_key(key: str, *, used: bool) -> None:
    """Among `secrets`, Docker Hub is known by the key that `docker login` writes, and no other."""
    assert matches(key, "index.docker.io") is used


@pytest.mark.parametrize("order", [("quay.io", "quay.io/team"), ("quay.io/team", "quay.io")])
def test_the_longest_path_of_a_host_wins(order: tuple[str, str]) -> None:
    """C37: a pull secret for a team counts before one for the whole host, in whichever order they come."""
    entries = tuple((key, key) for key in order)

    assert find_in_keyring(entries, "quay.io/team/app") == "quay.io/team"
    assert find_in_keyring(entries, "quay.io/other/app") == "quay.io"
    assert find_in_keyring(entries, "quay.io") == "quay.io"


def test_of_equal_pull_keys_the_first_wins() -> None:
    """Two spellings of one host are one key of the keyring; the login that came first is used."""
    entries = (("https://quay.io", "first"), ("quay.io/v1/", "second"))

    assert find_in_keyring(entries, "quay.io/team/app") == "first"


@pytest.mark.parametrize(
    ("key", "image", "used"),
    [
        ("reg[12].example.com", "reg2.example.com/a/b", True),
        ("reg[12].example.com", "reg3.example.com/a/b", False),
        ("us-*.pkg.dev", "us-central1.pkg.dev/a/b", True),
        ("us-*.pkg.dev/a", "us-central1.pkg.dev/b/c", False),
    ],
)
def test_a_pull_key_may_be_a_pattern(key: str, image: str, *, used: bool) -> None:
    """A label of a pull key is a shell pattern, as Go's path matching knows it."""
    assert (find_in_keyring(((key, "login"),), image) is not None) is used


def test_a_docker_file_prefers_the_exact_key() -> None:
    """The repository's own key counts first, then the registry's, then the first of that host."""
    entries = (("https://gcr.io/x", "host"), ("gcr.io", "registry"), ("gcr.io/p/app", "repository"))

    assert find_in_docker_file(entries, "gcr.io", "gcr.io/p/app") == "repository"
    assert find_in_docker_file(entries, "gcr.io", "gcr.io/p/else") == "registry"
    assert find_in_docker_file(entries[:1], "gcr.io", "") == "host"


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("https://me@gcr.io/v1/?x#y", ("gcr.io", "/v1/")),
        ("[::1]:5000/a", ("[::1]:5000", "/a")),
        ("reg.io:", ("reg.io:", "")),
        ("reg.io:*", None),
        ("reg io", None),
        ("reg.io:50 00", None),
        ("[::1", None),
        ("re%67.io", None),
        ("reg^1.io", None),
    ],
)
def test_the_address_in_a_key(key: str, address: tuple[str, str] | None) -> None:
    """A key is read as a URL whose scheme may be left out; what is none is told by None."""
    assert address_of(key) == address


@pytest.mark.parametrize(
    ("key", "registry", "is_one"),
    [
        ("docker.io", "index.docker.io", True),
        ("https://registry-1.docker.io/v2/", "index.docker.io", True),
        ("https://index.docker.io/v1", "index.docker.io", True),
        ("https://index.docker.io/v1/", "index.docker.io", False),
        ("GCR.io", "gcr.io", True),
        ("gcr.io/project", "gcr.io", True),
        ("gcr.io:443", "gcr.io", True),
        ("https://gcr.io", "gcr.io", False),
        ("docker.io", "gcr.io", False),
        ("reg.io:*", "reg.io", False),
    ],
)
def test_a_key_that_means_a_registry_but_does_not_count(key: str, registry: str, *, is_one: bool) -> None:
    """A reader means the registry by it; kpack's exact forms do not know it. It is told, never used."""
    assert (near_miss(["quay.io", key], registry) == key) is is_one
