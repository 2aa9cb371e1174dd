"""A registry's refusal in words that help: who asked with what, which credential is missing, and where it belongs.

Rules: account, Secret, user, registry and keys are named, never a password; what the registry said comes first.
"""

from dataclasses import dataclass

from kpack_api.names import DOCKER_ANNOTATION
from kpack_api.process import Environment
from kpack_reconciler.model.credentials import Keychain, Login
from kpack_reconciler.model.references import DEFAULT_REGISTRY, ImageReference
from kpack_reconciler.model.registry_matching import DOCKER_HUB_KEY, near_miss


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks a registry: a service account as `<namespace>/<name>`, "" for the controller itself.

    `is_reading` says that pull secrets count as well.
    """

    account: str
    is_reading: bool

    @property
    def name(self) -> str:
        """It in words."""
        return f"service account {self.account}" if self.account else "the controller"


def explain_refusal(what: str, reference: ImageReference, keychain: Keychain, asker: Asker) -> str:
    """What was refused, why, and what to do; `what` is the refusal in the registry's words."""
    login = keychain.find(reference.registry, reference.repository_name)
    told = _missing(reference.registry, keychain, asker) if login is None else _powerless(reference, login, asker)
    return f"{what}: {told}"


def _powerless(reference: ImageReference, login: Login, asker: Asker) -> str:
    user = f"user {login.username!r}" if login.username else "the token"
    holder = f"secret {login.secret} of {asker.name}" if login.secret else f"the login of {asker.name}"
    return (
        f"registry {reference.registry} does not let {user} do this: correct {holder}, or the user's rights on"
        f" {reference.repository}"
    )


def _missing(registry: str, keychain: Keychain, asker: Asker) -> str:
    wanted = DOCKER_HUB_KEY if registry == DEFAULT_REGISTRY else registry
    missing = f"{asker.name} has no credentials for registry {registry}"
    if key := near_miss(keychain.keys, registry):
        return f'{missing}: its secret\'s "{key}" does not count, write "{wanted}"'
    held = f"its secrets are for {', '.join(keychain.keys)}" if keychain.keys else "it has none"
    if not asker.account:
        return (
            f"{missing} ({held}): mount a docker config and name its folder in the controller's"
            f" {Environment.CREDENTIAL_PROVIDER_PATH.value}, or use an image that anybody may read"
        )
    lists = "`secrets` or `imagePullSecrets`" if asker.is_reading else "`secrets`"
    return (
        f"{missing} ({held}): name a kubernetes.io/dockerconfigjson secret with an entry for {wanted} in its {lists},"
        f" or in its `secrets` a kubernetes.io/basic-auth secret annotated {DOCKER_ANNOTATION}: {wanted}"
    )
