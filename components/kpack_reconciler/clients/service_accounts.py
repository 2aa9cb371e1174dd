"""Service accounts and the Secrets they name: what they are (facts), and what is in them (credentials).

Owns the reading. Which credential fits where is `model`'s.

Rules:
- Secrets are read by name only, never listed; their data is turned into a keychain and forgotten.
- An account or Secret that does not exist holds no credentials; `describe` tells which are missing.
- Registry logins: the account's `secrets` in their order, then pull secrets that are named, then the account's own.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from kpack_api.core import Secret, ServiceAccount
from kpack_api.names import DOCKER_ANNOTATION, GIT_ANNOTATION
from kpack_api.wire import LocalObjectReference, ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import core_path
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    joined,
    keychain_from_docker_cfg,
    keychain_from_docker_config,
    keychain_from_login,
)
from kpack_reconciler.model.facts import Credentials, SecretSeen
from kpack_reconciler.model.git_credentials import GitCandidate, GitCredentials, choose_git_credentials

BASIC_AUTH = "kubernetes.io/basic-auth"
DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
DOCKER_CFG = "kubernetes.io/dockercfg"
_NAMELESS = "(a reference without a name)"


@dataclass(frozen=True, slots=True)
class ServiceAccounts:
    """Reads service accounts through one client."""

    kube: KubeClient

    async def describe(self, namespace: str, name: str) -> Credentials | None:
        """Types and annotations of the Secrets that a service account names; None when it does not exist."""
        account = await self._account(namespace, name)
        if account is None:
            return None
        seen, missing = [], []
        for reference in account.secrets:
            secret = await self._secret(namespace, reference.name)
            if secret is None:
                missing.append(reference.name or _NAMELESS)
                continue
            annotations = tuple(sorted(secret.metadata.annotations.items()))
            seen.append(SecretSeen(name=reference.name, type=secret.type, annotations=annotations))
        return Credentials(secrets=tuple(seen), missing=tuple(missing), image_pull_secrets=account.image_pull_secrets)

    async def keychain(
        self, namespace: str, name: str, pull_secrets: tuple[LocalObjectReference, ...] = ()
    ) -> Keychain:
        """Registry logins of a service account and pull secrets, for reading images. `name` "" names no account."""
        account = (await self._account(namespace, name) if name else None) or ServiceAccount(metadata=ObjectMeta())
        own = [reference.name for reference in account.secrets]
        pulling = [reference.name for reference in (*pull_secrets, *account.image_pull_secrets)]
        found = await self._secrets(namespace, own + pulling)
        return joined(_registry_logins(secret) for secret in found)

    async def git_candidates(self, namespace: str, name: str) -> tuple[GitCandidate, ...]:
        """The logins for git servers that a service account holds."""
        account = await self._account(namespace, name)
        names = [reference.name for reference in account.secrets] if account is not None else []
        found = await self._secrets(namespace, names)
        return tuple(candidate for secret in found if (candidate := _git_candidate(secret)) is not None)

    async def git_credentials(self, namespace: str, name: str, url: str) -> GitCredentials | None:
        """The login for a repository over http(s); None is anonymous, as for a missing account."""
        return choose_git_credentials(url, await self.git_candidates(namespace, name))

    async def _secrets(self, namespace: str, names: Iterable[str]) -> list[Secret]:
        found = [await self._secret(namespace, name) for name in dict.fromkeys(names)]
        return [secret for secret in found if secret is not None]

    async def _account(self, namespace: str, name: str) -> ServiceAccount | None:
        try:
            raw = await self.kube.get(core_path("serviceaccounts", namespace, name))
        except NotFoundError:
            return None
        return msgspec.json.decode(raw, type=ServiceAccount)

    async def _secret(self, namespace: str, name: str) -> Secret | None:
        if not name:
            return None
        try:
            raw = await self.kube.get(core_path("secrets", namespace, name))
        except NotFoundError:
            return None
        return msgspec.json.decode(raw, type=Secret)


def _registry_logins(secret: Secret) -> Keychain:
    annotation = secret.metadata.annotations.get(DOCKER_ANNOTATION, "")
    try:
        if secret.type == BASIC_AUTH and annotation:
            return keychain_from_login(
                annotation, username=_text(secret, "username"), password=_text(secret, "password")
            )
        if secret.type == DOCKER_CONFIG:
            return keychain_from_docker_config(_bytes(secret, ".dockerconfigjson"))
        if secret.type == DOCKER_CFG:
            return keychain_from_docker_cfg(_bytes(secret, ".dockercfg"))
    except InvalidDockerConfigError as error:
        raise PermanentError("InvalidCredentials", f"secret {secret.metadata.name}: {error}") from error
    return ANONYMOUS


def _git_candidate(secret: Secret) -> GitCandidate | None:
    annotation = secret.metadata.annotations.get(GIT_ANNOTATION, "")
    if secret.type != BASIC_AUTH or not annotation:
        return None
    credentials = GitCredentials(username=_text(secret, "username"), password=_text(secret, "password"))
    return GitCandidate(secret=secret.metadata.name, annotation=annotation, credentials=credentials)


def _bytes(secret: Secret, key: str) -> bytes:
    return base64.b64decode(secret.data.get(key, ""))


def _text(secret: Secret, key: str) -> str:
    return _bytes(secret, key).decode(errors="replace")
