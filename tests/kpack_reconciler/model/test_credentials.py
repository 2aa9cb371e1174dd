"""Which login a registry gets, and what docker configs hold."""

import base64
import json

import pytest

from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    Login,
    docker_config,
    joined,
    keychain_from_docker_cfg,
    keychain_from_docker_config,
    keychain_from_login,
    matches,
)

HUB = "index.docker.io"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def login(username: str, password: str) -> Login:
    return Login(username=username, password=password)


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("gcr.io", "gcr.io"),
        ("https://gcr.io", "gcr.io"),
        ("http://gcr.io", "gcr.io"),
        ("https://gcr.io/v1/", "gcr.io"),
        ("http://gcr.io/v1/", "gcr.io"),
        ("https://gcr.io/v2/", "gcr.io"),
        ("http://gcr.io/v2/", "gcr.io"),
        ("reg.example.com:5000", "reg.example.com:5000"),
        ("https://reg.example.com:5000/v2/", "reg.example.com:5000"),
        ("https://index.docker.io/v1/", HUB),
        ("localhost:5000", "localhost:5000"),
        ("10.0.0.5:5000", "10.0.0.5:5000"),
        ("[::1]:5000", "[::1]:5000"),
        (ECR, ECR),
    ],
)
def test_a_key_in_one_of_seven_forms_matches(key: str, registry: str) -> None:
    """A key stands for a registry when it is its host, alone or in one of kpack's forms."""
    assert matches(key, registry)


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://gcr.io/", "gcr.io"),
        ("gcr.io/", "gcr.io"),
        ("https://gcr.io/v2", "gcr.io"),
        ("gcr.io/v2/", "gcr.io"),
        ("gcr.io/p", "gcr.io"),
        ("gcr.io/p/app", "gcr.io"),
        ("*.gcr.io", "eu.gcr.io"),
        ("*.gcr.io", "gcr.io"),
        ("GCR.IO", "gcr.io"),
        ("reg.example.com", "reg.example.com:5000"),
        ("reg.example.com:443", "reg.example.com"),
        ("reg.example.com:*", "reg.example.com:5000"),
        ("index.docker.io", HUB),
        ("https://index.docker.io", HUB),
        ("https://index.docker.io/v2/", HUB),
        ("https://index.docker.io/v1", HUB),
        ("http://index.docker.io/v1/", HUB),
        ("docker.io", HUB),
        ("registry-1.docker.io", HUB),
        ("*.docker.io", HUB),
        ("index.docker.io/acme", HUB),
        ("*.dkr.ecr.*.amazonaws.com", ECR),
        ("oci://gcr.io", "gcr.io"),
        ("", "gcr.io"),
    ],
)
def test_any_other_key_does_not_match(key: str, registry: str) -> None:
    """Globs, paths, other cases, other ports and other spellings of Docker Hub stand for no registry."""
    assert not matches(key, registry)


def test_the_first_entry_wins() -> None:
    """Of two logins for a registry the earlier one counts, whatever the spelling of the registry."""
    chain = joined(
        [
            keychain_from_login("https://gcr.io", username="first", password="a"),
            keychain_from_login("gcr.io", username="second", password="b"),
        ]
    )

    found = chain.find("gcr.io")

    assert found is not None
    assert found.username == "first"


def test_no_entry_is_anonymous() -> None:
    """A registry without a matching entry gets no login."""
    assert keychain_from_login("gcr.io", username="me", password="a").find("quay.io") is None


def test_added_keychains_keep_their_order() -> None:
    """A keychain that is added comes after the one it is added to."""
    chain = Keychain((("a", login("left", "a")),)) + Keychain((("a", login("right", "b")), ("b", login("me", "c"))))

    assert chain.find("a") == login("left", "a")
    assert chain.keys == ("a", "b")


def test_a_login_does_not_show_its_password() -> None:
    """Neither a login nor a keychain shows a password in its repr."""
    chain = keychain_from_login("gcr.io", username="me", password="top-secret")

    assert "top-secret" not in repr(chain)
    assert "me" in repr(chain)


@pytest.mark.parametrize(
    "entry",
    [
        {"username": "me", "password": "pass:word"},
        {"auth": auth("me:pass:word")},
        {"auth": auth("me:pass:word").rstrip("=")},
        {"auth": auth("me:pass:word"), "username": "else", "password": "else"},
    ],
)
def test_a_docker_config_entry_gives_a_login(entry: dict[str, str]) -> None:
    """A login is read from `auth` (padded or not, up to the first colon), else from `username` and `password`."""
    config = json.dumps({"auths": {"gcr.io": entry}, "credHelpers": {"x": "y"}}).encode()
    old = json.dumps({"gcr.io": entry}).encode()

    assert keychain_from_docker_config(config).find("gcr.io") == login("me", "pass:word")
    assert keychain_from_docker_cfg(old).find("gcr.io") == login("me", "pass:word")


@pytest.mark.parametrize("text", [b"{}", b'{"auths":null}', b'{"auths":{"gcr.io":{}}}', b'{"auths":{"a":{"auth":""}}}'])
def test_an_entry_without_a_user_is_left_out(text: bytes) -> None:
    """A docker config without a user name holds no login."""
    assert keychain_from_docker_config(text) == ANONYMOUS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"nope", "not a docker config"),
        (b'{"auths":["x"]}', "not a docker config"),
        (b'{"auths":{"gcr.io":{"auth":"%%%"}}}', "the `auth` of gcr.io: it is no base64"),
        (b'{"auths":{"gcr.io":{"auth":"' + auth("topsecret").encode() + b'"}}}', "username:password"),
    ],
)
def test_a_broken_docker_config_is_told_without_its_content(text: bytes, words: str) -> None:
    """The error says what is wrong and where, and quotes nothing of the secret."""
    with pytest.raises(InvalidDockerConfigError) as caught:
        keychain_from_docker_config(text)

    assert words in str(caught.value)
    assert "topsecret" not in str(caught.value)
    assert auth("topsecret") not in str(caught.value)


def test_a_broken_dockercfg_is_an_error() -> None:
    """A .dockercfg that is no JSON object is refused."""
    with pytest.raises(InvalidDockerConfigError, match=r"not a \.dockercfg"):
        keychain_from_docker_cfg(b"[]")


def test_a_written_docker_config_can_be_read() -> None:
    """What is written for the lifecycle holds the logins it was made from, with `auth` filled in."""
    chain = keychain_from_login("gcr.io", username="me", password="pä:ss")

    written = docker_config(chain)

    assert keychain_from_docker_config(written) == chain
    assert json.loads(written)["auths"]["gcr.io"]["auth"] == auth("me:pä:ss")


def test_a_written_docker_config_has_one_entry_for_a_registry() -> None:
    """Of several spellings of a registry only the first is written, so that readers agree on the login."""
    chain = Keychain(
        (("https://gcr.io", login("first", "a")), ("gcr.io", login("second", "b")), ("quay.io", login("me", "c")))
    )

    written = json.loads(docker_config(chain))["auths"]

    assert sorted(written) == ["https://gcr.io", "quay.io"]
    assert written["https://gcr.io"]["username"] == "first"
