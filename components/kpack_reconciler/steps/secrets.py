"""Secrets as `prepare` sees them: mounted files, and flags that say what each is for.

Rules:
- Logins keep the order of their flags, which is the service account's; the first for a registry wins.
- A folder of pull secrets may hold either form of docker config, or nothing.
- What is loaded is told by names and hosts only, in kpack's words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kpack_api.names import DOCKER_ANNOTATION
from kpack_api.process import SecretFlag
from kpack_reconciler.clients.keychains.files import read_secret_folder
from kpack_reconciler.model.blob_credentials import KEYS, BlobCandidate
from kpack_reconciler.model.credentials import InvalidDockerConfigError, Keychain, joined, keychain_from_login
from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials, SshCredentials
from kpack_reconciler.steps.report import StepError, say


@dataclass(frozen=True, slots=True, kw_only=True)
class MountedSecrets:
    """Registry logins in the order of their flags, and candidates for git servers and for blobs."""

    keychain: Keychain
    git: tuple[GitCandidate, ...]
    blobs: tuple[BlobCandidate, ...] = ()


def read_secrets(flags: Sequence[str], folder: Path) -> MountedSecrets:
    """Read what the flags name: `-basic-docker=<secret>=<registry>`, `-dockerconfig=<secret>`, …; StepError else."""
    keychains: list[Keychain] = []
    git: list[GitCandidate] = []
    blobs: list[BlobCandidate] = []
    for argument in flags:
        flag, _, value = argument.partition("=")
        secret, _, domain = value.partition("=")
        place = folder / secret
        match flag:
            case SecretFlag.BASIC_DOCKER:
                keychains.append(_basic(place, domain))
                _tell(domain, secret)
            case SecretFlag.DOCKER_CONFIG:
                keychains.append(_docker_config(place, ".dockerconfigjson"))
            case SecretFlag.DOCKER_CFG:
                keychains.append(_docker_config(place, ".dockercfg"))
            case SecretFlag.BASIC_GIT:
                git.append(GitCandidate(secret=secret, annotation=domain, credentials=_login(place)))
                _tell(domain, secret)
            case SecretFlag.SSH_GIT:
                git.append(GitCandidate(secret=secret, annotation=domain, credentials=_ssh_key(place)))
                _tell(domain, secret)
            case SecretFlag.BLOB:
                blobs.append(BlobCandidate(secret=secret, host=domain, data=_present(place, KEYS)))
                _tell(domain, secret)
            case _:
                raise StepError(f"unknown argument {argument!r}")
    return MountedSecrets(keychain=joined(keychains), git=tuple(git), blobs=tuple(blobs))


def read_pull_secrets(folder: Path) -> Keychain:
    """The logins of a mounted pull secret, with the rules for those; ANONYMOUS where the folder is empty or absent."""
    return _loaded(folder).as_pull_secrets()


def _basic(folder: Path, registry: str) -> Keychain:
    if "=" in registry or not registry:
        raise StepError(
            f"could not parse docker secret argument {folder.name}={registry}: correct the annotation"
            f" {DOCKER_ANNOTATION} of secret {folder.name}; it is a registry's host, without `=`"
        )
    login = _login(folder)
    try:
        keychain = keychain_from_login(registry, username=login.username, password=login.password)
    except InvalidDockerConfigError as error:
        raise StepError(f"secret {folder.name}: annotation {DOCKER_ANNOTATION}: {error}; correct the Secret") from error
    return keychain.of_secret(folder.name)


def _docker_config(folder: Path, form: str) -> Keychain:
    if not (folder / form).exists():
        raise StepError(f"secret {folder.name} has no key {form}; correct the Secret")
    return _loaded(folder)


def _loaded(folder: Path) -> Keychain:
    try:
        keychain = read_secret_folder(folder).of_secret(folder.name)
    except InvalidDockerConfigError as error:
        raise StepError(f"secret {folder.name}: {error}; correct the Secret") from error
    for key in keychain.keys:
        say(f'Loading secret for "{key}" from secret "{folder.name}" at location "{folder}"')
    return keychain


def _tell(domain: str, secret: str) -> None:
    say(f'Loading secrets for "{domain}" from secret "{secret}"')


def _login(folder: Path) -> GitCredentials:
    return GitCredentials(
        username=_read(folder / "username").decode(errors="replace"),
        password=_read(folder / "password").decode(errors="replace"),
    )


def _ssh_key(folder: Path) -> SshCredentials:
    hosts = folder / "known_hosts"
    return SshCredentials(
        secret=folder.name,
        private_key=_read(folder / "ssh-privatekey").decode(errors="replace"),
        known_hosts=hosts.read_text(errors="replace") if hosts.exists() else "",
    )


def _present(folder: Path, keys: Iterable[str]) -> Mapping[str, str]:
    return {key: _read(folder / key).decode(errors="replace") for key in sorted(keys) if (folder / key).exists()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StepError(f"secret {path.parent.name} has no key {path.name}; correct the Secret") from error
