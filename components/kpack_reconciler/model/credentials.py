"""Registry credentials: what a login is, and which of many an image gets.

Owns the order of precedence. Leaves the rules for keys to `registry_matching`, the text of docker configs to
`docker_config`, reading Secrets to `clients.service_accounts` and `steps.secrets`, tokens to the registry client.

Rules (kpack):
- Secrets come first, by exact form; then pull secrets, as a keyring; then the process's own docker file.
- Earlier entries win, whatever the spelling of the registry: a later one for the same registry is dropped. Secrets are
  taken in the service account's order, in the controller and in the build pod alike.
- A login never shows its password or token in `repr`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

from kpack_reconciler.model.registry_matching import (
    address_of,
    find_exact,
    find_in_docker_file,
    find_in_keyring,
    matches,
)

_TOKEN_USER = "<token>"  # noqa: S105 - the docker CLI's user name for identity tokens


class InvalidDockerConfigError(ValueError):
    """The text is no docker config, or no registry; the message says what is wrong and quotes no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user name and password for a registry, or a token in their place.

    `identity_token` is exchanged for tokens of one repository, `registry_token` is sent as it is; "" for none.
    `secret` is the Secret that holds it, for messages; "" where it is none's.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    secret: str = field(default="", compare=False)

    @property
    def refresh_token(self) -> str:
        """The identity token, also where it is written as the password of the user `<token>`; "" for none."""
        return self.identity_token or (self.password if self.username == _TOKEN_USER else "")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to log in with."""
        return not (self.username or self.identity_token or self.registry_token)


Entries = tuple[tuple[str, Login], ...]
"""Logins by the registry text that they were given for, in order of precedence."""


@dataclass(frozen=True, slots=True)
class Keychain:
    """Logins of three origins: `secrets`, pull secrets, and the process's own docker file."""

    entries: Entries = ()
    pull_entries: Entries = ()
    file_entries: Entries = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The registry texts that there is a login for, fit for a message."""
        return tuple(dict.fromkeys(key for key, _ in (*self.entries, *self.pull_entries, *self.file_entries)))

    def find(self, registry: str, repository: str = "") -> Login | None:
        """The login for a registry host (`index.docker.io`, `host:port`), or None for anonymous.

        `repository` is the image's, with its registry; without it, logins for a part of a registry do not count.
        """
        return (
            find_exact(self.entries, registry)
            or find_in_keyring(self.pull_entries, repository or registry)
            or find_in_docker_file(self.file_entries, registry, repository)
        )

    def of_secret(self, name: str) -> "Keychain":
        """The same logins, with the Secret that holds them."""
        return Keychain(tuple((key, replace(login, secret=name)) for key, login in self.entries))

    def as_pull_secrets(self) -> "Keychain":
        """The same logins, with the rules for pull secrets."""
        return Keychain(pull_entries=self.entries)

    def as_docker_file(self) -> "Keychain":
        """The same logins, with the rules for a docker file."""
        return Keychain(file_entries=self.entries)

    def __add__(self, other: "Keychain") -> "Keychain":
        """This keychain first, then what the other has for further registries."""
        return Keychain(
            _added(self.entries, other.entries) if self.entries else other.entries,
            self.pull_entries + other.pull_entries,
            self.file_entries + other.file_entries,
        )


ANONYMOUS = Keychain()


def keychain_from_login(registry: str, *, username: str, password: str) -> Keychain:
    """One login, as a basic-auth Secret with a `docker` annotation gives it. Raises InvalidDockerConfigError."""
    if address_of(registry) is None:
        raise InvalidDockerConfigError(f"{registry!r} is no registry: write host, host:port, or a URL of these")
    return Keychain(((registry, Login(username=username, password=password)),))


def joined(keychains: Iterable[Keychain]) -> Keychain:
    """All keychains as one, in order of precedence."""
    return reduce(Keychain.__add__, keychains, ANONYMOUS)


def _added(entries: Entries, more: Entries) -> Entries:
    for key, login in more:
        host, _ = address_of(key) or ("", "")
        if not any(matches(earlier, host) for earlier, _ in entries):
            entries = (*entries, (key, login))
    return entries
