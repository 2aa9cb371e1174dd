"""Secrets as `prepare` sees them: files below the secrets folder, and flags that say what each is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kpack_api.process import SecretFlag
from kpack_reconciler.model.credentials import (
    Keychain,
    joined,
    keychain_from_docker_cfg,
    keychain_from_docker_config,
    keychain_from_login,
)
from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials
from kpack_reconciler.steps.report import StepError


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
        match flag:
            case SecretFlag.BASIC_DOCKER:
                login = _login(folder / secret)
                keychains.append(keychain_from_login(domain, username=login.username, password=login.password))
            case SecretFlag.DOCKER_CONFIG:
                keychains.append(keychain_from_docker_config(_read(folder / secret / ".dockerconfigjson")))
            case SecretFlag.DOCKER_CFG:
                keychains.append(keychain_from_docker_cfg(_read(folder / secret / ".dockercfg")))
            case SecretFlag.BASIC_GIT:
                git.append(GitCandidate(secret=secret, annotation=domain, credentials=_login(folder / secret)))
            case SecretFlag.SSH_GIT:
                continue
            case _:
                raise StepError(f"unknown argument {argument!r}")
    return MountedSecrets(keychain=joined(keychains), git=tuple(git))


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
