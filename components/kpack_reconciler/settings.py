"""What the installation tells the controller and the webhook: the environment, read once.

Owns the meaning and the defaults of `kpack_api.process.Environment`. An error names the variable and what it may hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kpack_api.certificates import InvalidCertificatesError, read_certificates
from kpack_api.network import OPEN_NETWORK, Network
from kpack_api.process import NAMESPACE, Environment, Proxy
from kpack_reconciler.errors import PermanentError

_LOG_LEVELS = ("debug", "info", "warning", "error")
_DEFAULT_POLL_SECONDS = 60
_DEFAULT_WORKERS = 16


class SettingsError(PermanentError):
    """A variable is missing or holds what it may not."""

    def __init__(self, variable: Environment, message: str) -> None:
        super().__init__("InvalidSetting", f"environment variable {variable.value}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The installation's choices. `step_image` is "" in the webhook, which starts no build pods.

    `credential_folder` and `docker_folder` hold registry logins of the controller's own; None for none. `network` is
    what all processes, build pods too, need to know of the company's network; `pull_secrets` are names for build pods.
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
    network: Network = OPEN_NETWORK


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
        network=read_network(environment),
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


def _folder(environment: Mapping[str, str], variable: Environment) -> Path | None:
    text = environment.get(variable, "")
    return Path(text) if text else None


def _log_level(environment: Mapping[str, str]) -> str:
    level = (environment.get(Environment.LOG_LEVEL) or "info").lower()
    if level not in _LOG_LEVELS:
        raise SettingsError(Environment.LOG_LEVEL, f"{level!r} is no level: use one of {', '.join(_LOG_LEVELS)}")
    return level


def _positive(environment: Mapping[str, str], variable: Environment, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(variable, f"{text!r} is not a whole number above 0")
    return int(text)
