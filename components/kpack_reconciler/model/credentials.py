"""Registry credentials: reading docker configs and secrets, and finding the login for a registry.

Owns the matching rules. Leaves the reading of Secrets to `clients.service_accounts`, tokens to the registry client.

Rules (kpack v0.0.9, the exact-form matcher used for all `secrets` of a service account):
- A key matches a registry host `h` when it is `h`, or `http(s)://h` with nothing, `/v1/` or `/v2/` behind it.
- Docker Hub answers to `https://index.docker.io/v1/` and its forms only.
- Earlier entries win.
- A login never shows its password in `repr`.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from kpack_reconciler.model.references import DEFAULT_REGISTRY

_SCHEMES = ("", "https://", "http://")
_PATHS = ("", "/v1/", "/v2/")


class InvalidDockerConfigError(ValueError):
    """The text is no docker config; the message says what is wrong without quoting the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user name and password, or an identity token in place of the password when `username` is `<token>`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keychain:
    """Logins by the registry text that they were given for, in order of precedence."""

    entries: tuple[tuple[str, Login], ...] = ()

    def find(self, registry: str) -> Login | None:
        """The login for a registry host (`index.docker.io`, `host:port`), or None for anonymous."""
        return next((login for key, login in self.entries if matches(key, registry)), None)

    def __add__(self, other: "Keychain") -> "Keychain":
        """This keychain first, then the other."""
        return Keychain(self.entries + other.entries)


ANONYMOUS = Keychain()


class _Auth(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""


class _DockerConfig(msgspec.Struct):
    auths: dict[str, _Auth] = {}


def matches(key: str, registry: str) -> bool:
    """Whether a docker config key or `docker` annotation stands for this registry host."""
    host = key
    for scheme in _SCHEMES[1:]:
        host = host.removeprefix(scheme)
    if registry == DEFAULT_REGISTRY:
        return host.rstrip("/").removesuffix("/v1") == registry and key.startswith("https://index.docker.io/v1")
    return key in {f"{scheme}{registry}{path}" for scheme in _SCHEMES for path in _PATHS}


def keychain_from_docker_config(text: bytes) -> Keychain:
    """Read `.dockerconfigjson` or `config.json` (entries below `auths`); InvalidDockerConfigError when it is none."""
    try:
        auths = msgspec.json.decode(text, type=_DockerConfig).auths
    except msgspec.DecodeError as error:
        raise InvalidDockerConfigError("not a docker config: expected JSON with an object `auths`") from error
    return _keychain(auths)


def keychain_from_docker_cfg(text: bytes) -> Keychain:
    """Read the older `.dockercfg` (entries at the top); InvalidDockerConfigError when it is none."""
    try:
        return _keychain(msgspec.json.decode(text, type=dict[str, _Auth]))
    except msgspec.DecodeError as error:
        raise InvalidDockerConfigError("not a .dockercfg: expected a JSON object of registries") from error


def keychain_from_login(registry: str, *, username: str, password: str) -> Keychain:
    """One login, as a basic-auth Secret with a `docker` annotation gives it."""
    return Keychain(((registry, Login(username=username, password=password)),))


def docker_config(keychain: Keychain) -> bytes:
    """Write a docker config for the lifecycle: `auth` only; the first entry of a key wins."""
    auths: dict[str, Mapping[str, str]] = {}
    for key, login in keychain.entries:
        text = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        auths.setdefault(key, {"auth": text})
    return msgspec.json.encode({"auths": auths})


def joined(keychains: Iterable[Keychain]) -> Keychain:
    """All keychains as one, in order of precedence."""
    return Keychain(tuple(entry for keychain in keychains for entry in keychain.entries))


def _keychain(auths: Mapping[str, _Auth]) -> Keychain:
    return Keychain(tuple((key, _login(key, auth)) for key, auth in auths.items()))


def _login(key: str, auth: _Auth) -> Login:
    if not auth.auth:
        return Login(username=auth.username, password=auth.password)
    try:
        username, colon, password = base64.b64decode(auth.auth).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidDockerConfigError(f"the `auth` of {key} is not base64 of user:password") from error
    if not colon:
        raise InvalidDockerConfigError(f"the `auth` of {key} is not base64 of user:password")
    return Login(username=username, password=password)
