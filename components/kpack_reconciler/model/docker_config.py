"""The docker CLI's files of logins: `.dockerconfigjson` or `config.json`, and the older `.dockercfg`.

Owns their text, read and written. Leaves which login an image gets to `credentials`.

Rules (kpack, docker CLI):
- Of an entry, `auth` counts before `username` and `password`; nothing of it is trimmed.
- A file with an `auth` that cannot be read, or a key that is no address, is refused whole; the error quotes no secret.
- An entry without user name and token holds no login: the lifecycle refuses a whole file for one.
- Written are one entry for a registry, the first; Docker Hub from a pull secret under the one key that all tools know;
  `auth` only beside a user name.
"""

import base64
from collections.abc import Mapping

import msgspec

from kpack_reconciler.model.credentials import InvalidDockerConfigError, Keychain, Login, joined
from kpack_reconciler.model.references import DEFAULT_REGISTRY
from kpack_reconciler.model.registry_matching import DOCKER_HUB_KEY, address_of, scope_of

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Auth(msgspec.Struct, omit_defaults=True):
    username: str = ""
    password: str = ""
    auth: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _DockerConfig(msgspec.Struct):
    auths: dict[str, _Auth] | None = None


def keychain_from_docker_config(text: bytes) -> Keychain:
    """Read `.dockerconfigjson` or `config.json` (entries below `auths`); InvalidDockerConfigError when it is none."""
    try:
        auths = msgspec.json.decode(text, type=_DockerConfig).auths
    except _UNREADABLE as error:
        raise InvalidDockerConfigError("not a docker config: expected JSON with an object `auths`") from error
    return _keychain(auths or {})


def keychain_from_docker_cfg(text: bytes) -> Keychain:
    """Read the older `.dockercfg` (entries at the top); InvalidDockerConfigError when it is none."""
    try:
        return _keychain(msgspec.json.decode(text, type=dict[str, _Auth]))
    except _UNREADABLE as error:
        raise InvalidDockerConfigError("not a .dockercfg: expected a JSON object of registries") from error


def docker_config(keychain: Keychain) -> bytes:
    """Write a docker config for the lifecycle, entries sorted, on one line."""
    pulled = ((_written_key(key), login) for key, login in keychain.pull_entries)
    every = (*keychain.entries, *pulled, *keychain.file_entries)
    written: dict[str, _Auth] = {}
    for key, login in joined(Keychain(((key, login),)) for key, login in every).entries:
        written.setdefault(key, _written(login))
    return msgspec.json.encode(_DockerConfig(dict(sorted(written.items())))) + b"\n"


def _keychain(auths: Mapping[str, _Auth]) -> Keychain:
    for key in auths:
        if address_of(key) is None:
            raise InvalidDockerConfigError(f"entry {key!r} is no registry: write host, host:port, or a URL of these")
    logins = ((key, _login(key, auth)) for key, auth in auths.items() if key)
    return Keychain(tuple((key, login) for key, login in logins if not login.is_empty))


def _login(key: str, auth: _Auth) -> Login:
    username, password = _user_and_password(key, auth.auth) if auth.auth else (auth.username, auth.password)
    return Login(
        username=username,
        password=password if username else "",
        identity_token=auth.identitytoken,
        registry_token=auth.registrytoken,
    )


def _user_and_password(key: str, auth: str) -> tuple[str, str]:
    text = auth.strip()
    padding = "" if text.endswith("=") else "=" * (-len(text) % 4)
    try:
        username, colon, password = base64.b64decode(text + padding, validate=True).decode().partition(":")
    except ValueError as error:  # no base64, or no text in it
        raise InvalidDockerConfigError(f"unable to decode auth field of {key}: it is no base64 text") from error
    if not colon:
        raise InvalidDockerConfigError(
            f"unable to decode auth field of {key}: must be formatted as base64(username:password)"
        )
    return username, password


def _written(login: Login) -> _Auth:
    text = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return _Auth(
        username=login.username,
        password=login.password,
        auth=text if login.username else "",
        identitytoken=login.identity_token,
        registrytoken=login.registry_token,
    )


def _written_key(key: str) -> str:
    return DOCKER_HUB_KEY if scope_of(key) == DEFAULT_REGISTRY else key
