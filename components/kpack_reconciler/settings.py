"""What the installation tells the controller and the webhook: the environment, read once.

Owns the meaning and the defaults of `kpack_api.process.Environment`. An error names the variable and what it may hold.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kpack_api.certificates import InvalidCertificatesError, read_certificates
from kpack_api.network import OPEN_NETWORK, Network
from kpack_api.process import HOOKS_PORT, NAMESPACE, Environment, Proxy
from kpack_reconciler.errors import PermanentError

_LOG_LEVELS = ("debug", "info", "warning", "error")
_DEFAULT_POLL_SECONDS = 60
_DEFAULT_WORKERS = 16
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class SettingsError(PermanentError):
    """A variable is missing or holds what it may not."""

    def __init__(self, variable: Environment, message: str) -> None:
        super().__init__("InvalidSetting", f"environment variable {variable.value}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """Push hooks: folders with their secrets and with the endpoint's certificate (None for one of its own making).

    `address` is the pod's own, "" where other replicas cannot reach it.
    """

    secrets: Path
    certificate: Path | None = None
    address: str = ""
    port: int = HOOKS_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The installation's choices. `step_image` is "" in the webhook, which starts no build pods.

    `credential_folder` and `docker_folder` hold registry logins of the controller's own; None for none. `network` is
    what all processes, build pods too, need to know of the company's network; `pull_secrets` are names for build pods.
    `namespaces` are the only ones that are looked at; empty for all. The limits are None for none.
    """

    system_namespace: str
    pod_name: str
    step_image: str
    log_level: str
    source_poll: timedelta
    builder_poll: timedelta
    workers: int
    credential_folder: Path | None = None
    docker_folder: Path | None = None
    pull_secrets: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    max_concurrent_builds: int | None = None
    max_concurrent_builds_per_namespace: int | None = None
    network: Network = OPEN_NETWORK
    hooks: HookSettings | None = None


def read_controller_settings(environment: Mapping[str, str], *, host: str) -> Settings:
    """The controller's settings. `host`, the machine's name, stands in for a missing POD_NAME: equal in a pod."""
    settings = read_webhook_settings(environment, host=host)
    if not settings.step_image:
        raise SettingsError(
            Environment.STEP_IMAGE,
            "is missing: set it to the reconciler's own image, by digest, for prepare and completion",
        )
    return settings


def read_webhook_settings(environment: Mapping[str, str], *, host: str) -> Settings:
    """The webhook's settings: as the controller's, but no image is needed."""
    return Settings(
        system_namespace=environment.get(Environment.SYSTEM_NAMESPACE) or NAMESPACE,
        pod_name=environment.get(Environment.POD_NAME) or host,
        step_image=environment.get(Environment.STEP_IMAGE, ""),
        log_level=_log_level(environment),
        source_poll=timedelta(seconds=_positive(environment, Environment.SOURCE_POLL_SECONDS, _DEFAULT_POLL_SECONDS)),
        builder_poll=timedelta(seconds=_positive(environment, Environment.BUILDER_POLL_SECONDS, _DEFAULT_POLL_SECONDS)),
        workers=_positive(environment, Environment.WORKERS, _DEFAULT_WORKERS),
        credential_folder=_folder(environment, Environment.CREDENTIAL_PROVIDER_PATH),
        docker_folder=_folder(environment, Environment.DOCKER_CONFIG),
        pull_secrets=tuple(filter(None, environment.get(Environment.PULL_SECRETS, "").split(","))),
        namespaces=_namespaces(environment),
        max_concurrent_builds=_limit(environment, Environment.MAX_CONCURRENT_BUILDS),
        max_concurrent_builds_per_namespace=_limit(environment, Environment.MAX_CONCURRENT_BUILDS_PER_NAMESPACE),
        network=read_network(environment),
        hooks=_hooks(environment),
    )


def read_network(environment: Mapping[str, str]) -> Network:
    """The company's network; of a proxy both spellings count. Raises SettingsError."""
    http, https, none = (
        environment.get(name) or environment.get(name.lower(), "")
        for name in (Proxy.HTTP_PROXY, Proxy.HTTPS_PROXY, Proxy.NO_PROXY)
    )
    try:
        certificates = read_certificates(environment.get(Environment.CERTIFICATES, ""))
    except InvalidCertificatesError as error:
        raise SettingsError(Environment.CERTIFICATES, f"the certificates {error}") from error
    return Network(certificates=certificates, http_proxy=http, https_proxy=https, no_proxy=none)


def _namespaces(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Each namespace once. What is no name would be another path of the API, or all namespaces by mistake."""
    text = environment.get(Environment.NAMESPACES, "")
    names = tuple(dict.fromkeys(text.split(","))) if text else ()
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise SettingsError(Environment.NAMESPACES, f"{name!r} is no namespace: write names between commas")
    return names


def _hooks(environment: Mapping[str, str]) -> HookSettings | None:
    secrets = _folder(environment, Environment.HOOKS_SECRETS_PATH)
    if secrets is None:
        return None
    certificate = _folder(environment, Environment.HOOKS_CERTIFICATE_PATH)
    return HookSettings(secrets=secrets, certificate=certificate, address=environment.get(Environment.POD_ADDRESS, ""))


def _folder(environment: Mapping[str, str], variable: Environment) -> Path | None:
    text = environment.get(variable, "")
    return Path(text) if text else None


def _log_level(environment: Mapping[str, str]) -> str:
    level = (environment.get(Environment.LOG_LEVEL) or "info").lower()
    if level not in _LOG_LEVELS:
        raise SettingsError(Environment.LOG_LEVEL, f"{level!r} is no level: use one of {', '.join(_LOG_LEVELS)}")
    return level


def _limit(environment: Mapping[str, str], variable: Environment) -> int | None:
    return _positive(environment, variable, 1) if environment.get(variable) else None


def _positive(environment: Mapping[str, str], variable: Environment, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(variable, f"{text!r} is not a whole number above 0")
    return int(text)
