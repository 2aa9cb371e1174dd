"""What a stack is told: its configuration, read once into one frozen value.

Owns names and defaults of all keys (`pulumi-kpack:<key>`). Leaves meaning to the components. Rules:
- a missing key stops the program with the command that sets it (Pulumi's own words);
- secrets stay outputs.
"""

from dataclasses import dataclass
from pathlib import Path

import pulumi


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login to a registry or a git server; `server` is its address."""

    server: str
    username: str
    password: pulumi.Output[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How the reconciler's image is built: pushed to `repository`, built on `base` by buildx's builder `builder`.

    `certificates` is a file of certificate authorities; a bundle is too long to be a value of the configuration.
    """

    repository: str
    base: str | None
    builder: str | None
    certificates: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The build service: `image` is made elsewhere by digest, or a `BuildSettings` says how it is built here.

    `certificates` is a file with the company's own authorities, `proxy` its proxy for https; the proxy's login is told
    in `build_namespaces`. `hook_secret` is that of push hooks; None where the service takes none.
    """

    image: str | BuildSettings
    replicas: int
    log_level: str
    source_poll_seconds: int
    builder_poll_seconds: int
    certificates: Path | None
    proxy: pulumi.Output[str] | None
    no_proxy: tuple[str, ...]
    build_namespaces: tuple[str, ...]
    hook_secret: pulumi.Output[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSettings:
    """The application: where its code lies, who builds it, where its image goes."""

    namespace: str
    builder_image: str
    tag: str
    git_url: str
    git_revision: str
    cache_size: str | None
    registry_login: Login | None
    git_login: Login | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionSettings:
    """An application that another stack builds or promotes: which stack, where its image goes, what it must be like.

    `known_run_images` is a list in the configuration; `kpack pin` pins its members. An empty one allows all.
    """

    namespace: str
    from_stack: str
    tag: str
    max_age_hours: int
    known_run_images: tuple[str, ...]
    logins: tuple[Login, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of a stack's configuration: it builds the application, or takes what another stack has."""

    service: ServiceSettings
    application: ApplicationSettings | PromotionSettings


def read_settings(config: pulumi.Config) -> Settings:
    """Read the stack's configuration."""
    application = _promotion(config) if config.get("promoteFrom") else _application(config)
    return Settings(service=_service(config), application=application)


def _service(config: pulumi.Config) -> ServiceSettings:
    return ServiceSettings(
        image=_image(config),
        replicas=_number(config, "replicas", default=2),
        log_level=config.get("logLevel", "info") or "info",
        source_poll_seconds=_number(config, "sourcePollSeconds", default=60),
        builder_poll_seconds=_number(config, "builderPollSeconds", default=60),
        certificates=Path(file) if (file := config.get("certificatesFile")) else None,
        proxy=config.get_secret("httpsProxy") if config.get("httpsProxy") else None,
        no_proxy=_words(config, "noProxy"),
        build_namespaces=_words(config, "buildNamespaces"),
        hook_secret=config.get_secret("hookSecret") if config.get("hookSecret") else None,
    )


def _words(config: pulumi.Config, key: str) -> tuple[str, ...]:
    """The words of a value, between commas."""
    return tuple(word for word in (config.get(key) or "").split(",") if word)


def _image(config: pulumi.Config) -> str | BuildSettings:
    image, repository = config.get("reconcilerImage"), config.get("reconcilerRepository")
    if image and not repository:
        return image
    if repository and not image:
        certificates = config.get("reconcilerCertificatesFile")
        return BuildSettings(
            repository=repository,
            base=config.get("reconcilerBase"),
            builder=config.get("reconcilerBuilder"),
            certificates=None if certificates is None else Path(certificates),
        )
    raise pulumi.RunError(
        "set either reconcilerImage (an image by digest) or reconcilerRepository (build it and push it there), "
        "e.g. `pulumi config set reconcilerRepository registry.example.com/team/kpack-reconciler`"
    )


def _number(config: pulumi.Config, key: str, *, default: int) -> int:
    number = config.get_int(key)
    return default if number is None else number


def _application(config: pulumi.Config) -> ApplicationSettings:
    return ApplicationSettings(
        namespace=config.get("namespace", "default") or "default",
        builder_image=config.require("builderImage"),
        tag=config.require("tag"),
        git_url=config.require("gitUrl"),
        git_revision=config.get("gitRevision", "main") or "main",
        cache_size=config.get("cacheSize"),
        registry_login=_login(config, "registry"),
        git_login=_login(config, "git"),
    )


def _promotion(config: pulumi.Config) -> PromotionSettings:
    found = (_login(config, prefix) for prefix in ("registry", "sourceRegistry"))
    return PromotionSettings(
        namespace=config.get("namespace", "default") or "default",
        from_stack=config.require("promoteFrom"),
        tag=config.require("tag"),
        max_age_hours=_number(config, "promotionMaxAgeHours", default=30 * 24),
        known_run_images=tuple(config.get_object("knownRunImages") or ()),
        logins=tuple(login for login in found if login is not None),
    )


def _login(config: pulumi.Config, prefix: str) -> Login | None:
    server = config.get(f"{prefix}Server")
    if server is None:
        return None
    return Login(
        server=server,
        username=config.require(f"{prefix}Username"),
        password=config.require_secret(f"{prefix}Password"),
    )
