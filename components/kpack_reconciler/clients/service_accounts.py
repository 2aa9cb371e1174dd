"""Service accounts and the Secrets they name: what they are (facts), and what is in them (credentials).

Owns the reading. Which credential fits where is `model`'s.

Rules:
- Secrets are read by name only, never listed; their data is turned into a keychain and forgotten. Service accounts
  are listed: what any of a namespace names is out of bounds for bindings (kpack v0.0.9).
- An account or Secret that does not exist holds no credentials; `describe` tells which are missing.
- A Secret that is named twice counts where it is named first; one in both lists counts as one of `secrets`.
- Registry logins: the account's `secrets` in their order, then the process's own mounted Secret, then pull secrets that
  are named, then the account's pull secrets, then the process's docker file.
- A Secret of the right type that cannot be read is a refusal that names it.
- Nothing that was read is kept. Who asks for a description that is being read waits for that one: many Builds that
  come at once cost one reading.

Cost: to describe an account, a GET for it and for each of its Secrets, and one LIST of the namespace's accounts.
"""

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from kpack_api.core import Secret, ServiceAccount
from kpack_api.names import DOCKER_ANNOTATION, GIT_ANNOTATION
from kpack_api.wire import LocalObjectReference, ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import core_path
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    joined,
    keychain_from_login,
)
from kpack_reconciler.model.docker_config import keychain_from_docker_cfg, keychain_from_docker_config
from kpack_reconciler.model.facts import Credentials, SecretSeen
from kpack_reconciler.model.git_credentials import (
    GitCandidate,
    GitCredentials,
    SshCredentials,
)

BASIC_AUTH = "kubernetes.io/basic-auth"
SSH_AUTH = "kubernetes.io/ssh-auth"
DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
DOCKER_CFG = "kubernetes.io/dockercfg"
_DEFAULT = "default"


class _Accounts(msgspec.Struct):
    items: tuple[ServiceAccount, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceAccounts:
    """Reads service accounts through one client; `own` are the logins of this process."""

    kube: KubeClient
    own: Keychain = ANONYMOUS
    _reading: dict[tuple[str, str], asyncio.Future[Credentials | None]] = field(default_factory=dict, init=False)

    async def describe(self, namespace: str, account_name: str) -> Credentials | None:
        """Types and annotations of the Secrets that a service account names; None when it does not exist.

        A reference without a name is missing under the name "".
        """
        place = (namespace, account_name)
        if place in self._reading:
            return await asyncio.shield(self._reading[place])
        reading = self._reading[place] = asyncio.get_running_loop().create_future()
        try:
            description = await self._describe(namespace, account_name)
        except BaseException as error:
            _fail(reading, error)
            raise
        finally:
            del self._reading[place]
        reading.set_result(description)
        return description

    async def _describe(self, namespace: str, account_name: str) -> Credentials | None:
        account = await self._account(namespace, account_name)
        if account is None:
            return None
        seen, missing = [], []
        for name in dict.fromkeys(reference.name for reference in account.secrets):
            secret = await self._secret(namespace, name)
            if secret is None:
                missing.append(name)
                continue
            annotations = tuple(sorted(secret.metadata.annotations.items()))
            seen.append(SecretSeen(name=name, type=secret.type, annotations=annotations))
        return Credentials(
            secrets=tuple(seen),
            missing=tuple(missing),
            image_pull_secrets=account.image_pull_secrets,
            account_secrets=await self._account_secrets(namespace),
        )

    async def keychain(
        self, namespace: str, name: str, pull_secrets: tuple[LocalObjectReference, ...] = ()
    ) -> Keychain:
        """Registry logins of a service account and pull secrets, for reading images.

        `name` "" is the namespace's account `default`; without a namespace there are the process's own logins only.
        """
        if not namespace:
            return self.own
        account = await self._account(namespace, name or _DEFAULT) or ServiceAccount(metadata=ObjectMeta())
        own = [reference.name for reference in account.secrets]
        pulling = [reference.name for reference in (*pull_secrets, *account.image_pull_secrets)]
        found = await self._secrets(namespace, own)
        pulled = await self._secrets(namespace, (name for name in pulling if name not in own))
        logins = joined(_registry_logins(secret) for secret in found)
        return logins + self.own + joined(_pull_logins(secret) for secret in pulled)

    async def git_candidates(self, namespace: str, name: str) -> tuple[GitCandidate, ...]:
        """The logins for git servers that a service account holds."""
        account = await self._account(namespace, name)
        names = [reference.name for reference in account.secrets] if account is not None else []
        found = await self._secrets(namespace, names)
        return tuple(candidate for secret in found if (candidate := _git_candidate(secret)) is not None)

    async def _secrets(self, namespace: str, names: Iterable[str]) -> list[Secret]:
        found = [await self._secret(namespace, name) for name in dict.fromkeys(names)]
        return [secret for secret in found if secret is not None]

    async def _account(self, namespace: str, name: str) -> ServiceAccount | None:
        try:
            raw = await self.kube.get(core_path("serviceaccounts", namespace, name))
        except NotFoundError:
            return None
        return msgspec.json.decode(raw, type=ServiceAccount)

    async def _account_secrets(self, namespace: str) -> frozenset[str]:
        raw = await self.kube.get(core_path("serviceaccounts", namespace))
        accounts = msgspec.json.decode(raw, type=_Accounts).items
        return frozenset(reference.name for account in accounts for reference in account.secrets if reference.name)

    async def _secret(self, namespace: str, name: str) -> Secret | None:
        if not name:
            return None
        try:
            raw = await self.kube.get(core_path("secrets", namespace, name))
        except NotFoundError:
            return None
        return msgspec.json.decode(raw, type=Secret)


def _fail(reading: asyncio.Future[Credentials | None], error: BaseException) -> None:
    """Let those who wait for a reading ask again, or know why it failed; there may be none."""
    told = error if isinstance(error, Exception) else TransientError("the reading of a service account was broken off")
    reading.set_exception(told)
    reading.exception()  # marks it as seen


def _registry_logins(secret: Secret) -> Keychain:
    """The logins for registries that a Secret holds. Raises PermanentError."""
    annotation = secret.metadata.annotations.get(DOCKER_ANNOTATION, "")
    try:
        if secret.type == BASIC_AUTH and annotation:
            login = keychain_from_login(
                annotation, username=_text(secret, "username"), password=_text(secret, "password")
            )
            return login.of_secret(secret.metadata.name)
        if secret.type == DOCKER_CONFIG:
            return keychain_from_docker_config(_bytes(secret, ".dockerconfigjson")).of_secret(secret.metadata.name)
        if secret.type == DOCKER_CFG:
            return keychain_from_docker_cfg(_bytes(secret, ".dockercfg")).of_secret(secret.metadata.name)
    except InvalidDockerConfigError as error:
        raise PermanentError(
            "InvalidCredentials",
            f"secret {secret.metadata.name} in namespace {secret.metadata.namespace}: {error}; correct the Secret",
        ) from error
    return ANONYMOUS


def _pull_logins(secret: Secret) -> Keychain:
    """The logins of a pull secret; a basic-auth Secret is none (Kubernetes)."""
    return _registry_logins(secret).as_pull_secrets() if secret.type in {DOCKER_CONFIG, DOCKER_CFG} else ANONYMOUS


def _git_candidate(secret: Secret) -> GitCandidate | None:
    annotation = secret.metadata.annotations.get(GIT_ANNOTATION, "")
    name = secret.metadata.name
    if not annotation or secret.type not in {BASIC_AUTH, SSH_AUTH}:
        return None
    if secret.type == BASIC_AUTH:
        login = GitCredentials(username=_text(secret, "username"), password=_text(secret, "password"))
        return GitCandidate(secret=name, annotation=annotation, credentials=login)
    key, hosts = _text(secret, "ssh-privatekey"), _text(secret, "known_hosts")
    return GitCandidate(
        secret=name,
        annotation=annotation,
        credentials=SshCredentials(secret=name, private_key=key, known_hosts=hosts),
    )


def _bytes(secret: Secret, key: str) -> bytes:
    return base64.b64decode(secret.data.get(key, ""))


def _text(secret: Secret, key: str) -> str:
    return _bytes(secret, key).decode(errors="replace")
