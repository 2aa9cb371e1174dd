"""Registry credentials: reading docker configs and logins, and finding the login for a registry.

Owns the matching rules. Leaves the reading of Secrets to `clients.service_accounts`, tokens to the registry client.

Rules (kpack v0.0.9, the exact-form matcher used for all `secrets` of a service account):
- A key matches a registry `r` when it is, letter for letter, `r`, `http(s)://r`, `http(s)://r/v1/` or `http(s)://r/v2/`.
- Docker Hub answers to the key `https://index.docker.io/v1/` only.
- Earlier entries win, whatever the spelling of the registry; kpack's choice is random where spellings differ.
- An entry without a user name holds no login: a docker config that carries one is refused whole by the lifecycle.
- A login never shows its password in `repr`.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from kpack_reconciler.model.references import DEFAULT_REGISTRY

_FORMS = ("{}", "https://{}", "http://{}", "https://{}/v1/", "http://{}/v1/", "https://{}/v2/", "http://{}/v2/")
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"


class InvalidDockerConfigError(ValueError):
    """The text is no docker config; the message says what is wrong without quoting the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user name and password for a registry."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keychain:
    """Logins by the registry text that they were given for, in order of precedence."""

    entries: tuple[tuple[str, Login], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The registry texts that there is a login for, fit for a message."""
        return tuple(dict.fromkeys(key for key, _ in self.entries))

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
    auths: dict[str, _Auth] | None = None


def matches(key: str, registry: str) -> bool:
    """Whether a docker config key or `docker` annotation stands for this registry host."""
    if registry == DEFAULT_REGISTRY:
        return key == _DOCKER_HUB_KEY
    return any(key == form.format(registry) for form in _FORMS)


def keychain_from_docker_config(text: bytes) -> Keychain:
    """Read `.dockerconfigjson` or `config.json` (entries below `auths`); InvalidDockerConfigError when it is none."""
    try:
        auths = msgspec.json.decode(text, type=_DockerConfig).auths
    except msgspec.DecodeError as error:
        raise InvalidDockerConfigError("not a docker config: expected JSON with an object `auths`") from error
    return _keychain(auths or {})


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
    """Write a docker config for the lifecycle: one entry for a registry, of several spellings the first."""
    kept: dict[str, Mapping[str, str]] = {}
    for key, login in keychain.entries:
        if not any(key == earlier or matches(earlier, _host(key)) for earlier in kept):
            text = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
            kept[key] = {"username": login.username, "password": login.password, "auth": text}
    return msgspec.json.encode({"auths": kept}, order="sorted") + b"\n"


def joined(keychains: Iterable[Keychain]) -> Keychain:
    """All keychains as one, in order of precedence."""
    return Keychain(tuple(entry for keychain in keychains for entry in keychain.entries))


def _keychain(auths: Mapping[str, _Auth]) -> Keychain:
    logins = ((key, _login(key, auth)) for key, auth in auths.items())
    return Keychain(tuple((key, login) for key, login in logins if login.username))


def _login(key: str, auth: _Auth) -> Login:
    if not auth.auth:
        return Login(username=auth.username, password=auth.password)
    text = auth.auth.strip()
    padding = "" if text.endswith("=") else "=" * (-len(text) % 4)
    try:
        username, colon, password = base64.b64decode(text + padding, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidDockerConfigError(f"unable to decode the `auth` of {key}: it is no base64 text") from error
    if not colon:
        raise InvalidDockerConfigError(
            f"unable to decode the `auth` of {key}: must be formatted as base64(username:password)"
        )
    return Login(username=username, password=password)


def _host(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]
