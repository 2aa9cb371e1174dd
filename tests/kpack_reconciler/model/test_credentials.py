"""Which login an image gets, of all that there are."""

import pytest

from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    Login,
    joined,
    keychain_from_login,
)

HUB_KEY = "https://index.docker.io/v1/"


def login(username: str, password: str) -> Login:
    return Login(username=username, password=password)


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


def pull_secret(key: str, username: str) -> Keychain:
    return Keychain(((key, login(username, "p")),)).as_pull_secrets()


def secret(key: str, username: str) -> Keychain:
    return keychain_from_login(key, username=username, password="p")


@pytest.mark.parametrize(
    ("first", "then", "keys"),
    [
        pytest.param("a.io", "b.io", ("a.io", "b.io"), id="C8"),
        pytest.param("gcr.io", "gcr.io", ("gcr.io",), id="C9"),
        pytest.param("gcr.io", "https://gcr.io", ("gcr.io",), id="C10"),
        pytest.param("gcr.io", "gcr.io/project", ("gcr.io",), id="a path of a known host"),
        pytest.param("gcr.io/project", "gcr.io", ("gcr.io/project", "gcr.io"), id="C11"),
        pytest.param(HUB_KEY, "index.docker.io", (HUB_KEY,), id="C12"),
        pytest.param(HUB_KEY, "docker.io", (HUB_KEY, "docker.io"), id="another spelling of Docker Hub"),
    ],
)
def test_what_is_known_is_not_added(first: str, then: str, keys: tuple[str, ...]) -> None:
    """A login is added unless one for its registry is there already, in whatever spelling."""
    chain = secret(first, "old") + secret(then, "new")

    assert chain.keys == keys
    assert dict(chain.entries)[first].username == "old"


def test_a_key_with_a_path_does_not_hide_its_registry() -> None:
    """C11: among `secrets` a key with a path stands for nothing, so the registry's own is used."""
    chain = secret("gcr.io/project", "d") + secret("gcr.io", "c")

    assert chain.find("gcr.io", "gcr.io/project/app") == login("c", "p")


def test_adding_nothing_changes_nothing() -> None:
    """C13: an absent set is the neutral one; one file's entries are taken as they come."""
    twice = Keychain((("gcr.io", login("a", "p")), ("https://gcr.io", login("b", "p"))))

    assert ANONYMOUS + twice == twice
    assert twice + ANONYMOUS == twice


@pytest.mark.parametrize(
    ("chain", "registry", "repository", "user"),
    [
        pytest.param(secret("some.reg", "x") + secret("other.reg", "y"), "some.reg", "some.reg/name", "x", id="C5"),
        pytest.param(secret("other.reg", "y"), "some.reg", "some.reg/name", None, id="C6"),
        pytest.param(
            secret("gcr.io", "A") + pull_secret("gcr.io/p", "B"), "gcr.io", "gcr.io/p/app", "A", id="secrets first"
        ),
        pytest.param(pull_secret("gcr.io", "B"), "gcr.io", "gcr.io/p/run", "B", id="C32"),
        pytest.param(
            pull_secret("quay.io", "A") + pull_secret("quay.io/team", "B"),
            "quay.io",
            "quay.io/team/app",
            "B",
            id="longer path",
        ),
        pytest.param(pull_secret("quay.io/team", "B"), "quay.io", "", None, id="no repository"),
        pytest.param(
            secret("docker.io", "A") + pull_secret("index.docker.io", "B"),
            "index.docker.io",
            "index.docker.io/library/ubuntu",
            "B",
            id="Docker Hub",
        ),
        pytest.param(
            secret("gcr.io/p", "A").as_docker_file() + pull_secret("gcr.io", "B"),
            "gcr.io",
            "gcr.io/p/app",
            "B",
            id="the docker file is last",
        ),
        pytest.param(secret("gcr.io/p", "A").as_docker_file(), "gcr.io", "gcr.io/q/app", "A", id="docker file"),
    ],
)
def test_which_login_an_image_gets(chain: Keychain, registry: str, repository: str, user: str | None) -> None:
    """Secrets by exact form, then pull secrets as a keyring, then the docker file; else anonymous."""
    found = chain.find(registry, repository)

    assert (found.username if found else None) == user


def test_a_registry_that_is_none_is_refused() -> None:
    """An annotation that cannot be read as an address is told, since its login could never be used."""
    with pytest.raises(InvalidDockerConfigError, match=r"'reg:\*' is no registry"):
        keychain_from_login("reg:*", username="me", password="top")


@pytest.mark.parametrize(
    ("given", "token"),
    [
        (Login(username="me", password="p"), ""),
        (Login(identity_token="t"), "t"),
        (Login(username="<token>", password="t"), "t"),
    ],
)
def test_an_identity_token_may_be_written_as_a_password(given: Login, token: str) -> None:
    """The user name `<token>` says that the password is an identity token (docker CLI)."""
    assert given.refresh_token == token
    assert not given.is_empty
    assert Login(password="alone").is_empty
