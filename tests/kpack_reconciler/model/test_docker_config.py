"""What docker configs hold, and what is written for the lifecycle."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    Login,
    keychain_from_login,
)
from kpack_reconciler.model.docker_config import docker_config, keychain_from_docker_cfg, keychain_from_docker_config

HUB_KEY = "https://index.docker.io/v1/"


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def login(username: str, password: str) -> Login:
    return Login(username=username, password=password)


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


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"auths":null}',
        b'{"auths":{"gcr.io":{}}}',
        b'{"auths":{"a":{"auth":""}}}',
        b'{"auths":{"":{"username":"me"}}}',
        b'{"auths":{"a":{"password":"p"}}}',
    ],
)
def test_an_entry_without_a_user_is_left_out(text: bytes) -> None:
    """A docker config without a user name holds no login."""
    assert keychain_from_docker_config(text) == ANONYMOUS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"nope", "not a docker config"),
        (b"[" * 5000, "not a docker config"),
        (b"\xff", "not a docker config"),
        (b'{"auths":["x"]}', "not a docker config"),
        (b'{"auths":{"reg.io:*":{"auth":"topsecret"}}}', "entry 'reg.io:*' is no registry"),
        ('{"auths":{"gcr.io":{"auth":"\x80"}}}'.encode(), "auth field of gcr.io: it is no base64"),
        (b'{"auths":{"gcr.io":{"auth":"%%%"}}}', "auth field of gcr.io: it is no base64"),
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


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(
            {"auth": "YWxpY2U6d29uZGVyCg==", "username": "bob", "password": "else"},
            login("alice", "wonder\n"),
            id="C14",
        ),
        pytest.param({"auth": "YTpiOmM="}, login("a", "b:c"), id="C17"),
        pytest.param({"identitytoken": "t"}, Login(identity_token="t"), id="identity token"),
        pytest.param({"registrytoken": "t"}, Login(registry_token="t"), id="registry token"),
        pytest.param({"username": "u", "password": "p", "email": "e"}, login("u", "p"), id="C7"),
    ],
)
def test_what_an_entry_says(entry: dict[str, str], expected: Login) -> None:
    """C16: both forms of the file hold the same entries; nothing of them is trimmed."""
    config = json.dumps({"auths": {"gcr.io": entry}}).encode()

    assert keychain_from_docker_config(config).find("gcr.io") == expected
    assert keychain_from_docker_cfg(json.dumps({"gcr.io": entry}).encode()).find("gcr.io") == expected


@pytest.mark.parametrize(
    ("chain", "written"),
    [
        pytest.param(
            keychain_from_login("gcr.io", username="u", password="p"),
            '{"auths":{"gcr.io":{"username":"u","password":"p","auth":"dTpw"}}}\n',
            id="C21",
        ),
        pytest.param(
            Keychain((("b.io", Login(identity_token="t")), ("a.io", login("u", "p")))),
            '{"auths":{"a.io":{"username":"u","password":"p","auth":"dTpw"},"b.io":{"identitytoken":"t"}}}\n',
            id="C22",
        ),
        pytest.param(
            keychain_from_login("alice.io", username="alice", password="wonder"),
            '{"auths":{"alice.io":{"username":"alice","password":"wonder","auth":"YWxpY2U6d29uZGVy"}}}\n',
            id="C15",
        ),
        pytest.param(ANONYMOUS, '{"auths":{}}\n', id="nothing"),
    ],
)
def test_the_text_of_a_written_docker_config(chain: Keychain, written: str) -> None:
    """One line, keys sorted, empty fields left out; a token alone gets no `auth`, which would spoil the whole file."""
    assert docker_config(chain).decode() == written


def test_a_written_docker_config_holds_pull_secrets() -> None:
    """They follow the secrets, and Docker Hub is written under the key that every tool knows."""
    pulled = Keychain(
        (("gcr.io", login("late", "p")), ("index.docker.io", login("hub", "p")), ("quay.io/team", login("team", "p")))
    )
    chain = keychain_from_login("https://gcr.io", username="early", password="p") + pulled.as_pull_secrets()

    written = json.loads(docker_config(chain))["auths"]

    assert {key: entry["username"] for key, entry in written.items()} == {
        "https://gcr.io": "early",
        HUB_KEY: "hub",
        "quay.io/team": "team",
    }


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: json.dumps({"auths": {text: {"auth": text}}}).encode())
)
def test_any_text_is_a_docker_config_or_refused(text: bytes) -> None:
    """Whatever lies in a Secret, reading it ends with logins or with the one error that names what is wrong."""
    for read in (keychain_from_docker_config, keychain_from_docker_cfg):
        try:
            chain = read(text)
        except InvalidDockerConfigError:
            continue
        assert all(key and not login.is_empty for key, login in chain.entries)


_HOSTS = st.from_regex(r"[a-z]{1,8}\.io(:[0-9]{1,4})?", fullmatch=True)
_KEYS = st.builds(str.__add__, st.sampled_from(["", "https://", "http://"]), _HOSTS)
_LOGINS = st.builds(Login, username=st.text(min_size=1).filter(lambda text: ":" not in text), password=st.text())


@given(st.lists(st.tuples(_KEYS, _LOGINS), max_size=6), _HOSTS)
def test_what_is_written_means_the_same(entries: list[tuple[str, Login]], registry: str) -> None:
    """The lifecycle finds in the written file the login that the controller would use, for every registry."""
    chain = Keychain(tuple(entries))

    written = keychain_from_docker_config(docker_config(chain))

    for host in (registry, *(key.rpartition("/")[2] for key, _ in entries)):
        assert written.find(host) == chain.find(host)
        assert written.as_docker_file().find(host, f"{host}/team/app") == chain.find(host)
