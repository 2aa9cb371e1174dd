"""Secrets as `prepare` sees them: mounted files, and flags that say what each is for.

Rules:
- Logins keep the order of their flags, which is the service account's; the first for a registry wins.
- A folder of pull secrets may hold either form of docker config, or nothing.
- What is loaded is told by names and hosts only, in kpack's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kpack_api.process import SecretFlag
from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    joined,
    keychain_from_docker_cfg,
    keychain_from_docker_config,
    keychain_from_login,
)
from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials
from kpack_reconciler.steps.report import StepError, say

_DOCKER_CONFIG = ".dockerconfigjson"
_DOCKER_CFG = ".dockercfg"


@dataclass(frozen=True, slots=True, kw_only=True)
class MountedSecrets:
    """Registry logins in the order of their flags, and git candidates."""

    keychain: Keychain
    git: tuple[GitCandidate, ...]


def read_secrets(flags: Sequence[str], folder: Path) -> MountedSecrets:
    """Read what the flags name: `-basic-docker=<secret>=<registry>`, `-dockerconfig=<secret>`, …; StepError else."""
    keychains: list[Keychain] = []
    git: list[GitCandidate] = []
    for argument in flags:
        flag, _, value = argument.partition("=")
        secret, _, domain = value.partition("=")
        place = folder / secret
        match flag:
            case SecretFlag.BASIC_DOCKER:
                login = _login(place)
                keychains.append(keychain_from_login(domain, username=login.username, password=login.password))
                _tell(domain, secret)
            case SecretFlag.DOCKER_CONFIG:
                keychains.append(_docker_config(place, _DOCKER_CONFIG))
            case SecretFlag.DOCKER_CFG:
                keychains.append(_docker_config(place, _DOCKER_CFG))
            case SecretFlag.BASIC_GIT:
                git.append(GitCandidate(secret=secret, annotation=domain, credentials=_login(place)))
                _tell(domain, secret)
            case SecretFlag.SSH_GIT:
                say(f'Leaving out secret "{secret}" for "{domain}": ssh is not supported yet')
            case _:
                raise StepError(f"unknown argument {argument!r}")
    return MountedSecrets(keychain=joined(keychains), git=tuple(git))


def read_pull_secrets(folder: Path) -> Keychain:
    """The logins of a mounted pull secret; ANONYMOUS where the folder is empty or absent."""
    forms = [form for form in (_DOCKER_CFG, _DOCKER_CONFIG) if (folder / form).exists()]
    return joined(_docker_config(folder, form) for form in forms) if forms else ANONYMOUS


def _docker_config(folder: Path, form: str) -> Keychain:
    read = keychain_from_docker_config if form == _DOCKER_CONFIG else keychain_from_docker_cfg
    try:
        keychain = read(_read(folder / form))
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StepError(f"secret {path.parent.name} has no key {path.name}; correct the Secret") from error
