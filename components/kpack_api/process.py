"""How the reconciler's processes are started: the words that the installer writes and the processes read.

Owns commands, environment names, ports, paths. The installer (`pulumi_kpack`) writes Deployments from it; `settings`
and `steps` of the reconciler read it.
"""

from enum import StrEnum

MODULE = "kpack_reconciler"
"""The image's entry point is `python3 -m kpack_reconciler`, followed by one `Command`."""

NAMESPACE = "kpack"
CONTROLLER_NAME = "kpack-controller"
WEBHOOK_NAME = "kpack-webhook"
CONTROLLER_SERVICE_ACCOUNT = "controller"
WEBHOOK_SERVICE_ACCOUNT = "webhook"
WEBHOOK_SECRET = "webhook-certs"  # noqa: S105 - the name of a Secret, not its content
LEASE_NAME = "kpack-controller"
HOOKS_NAME = "kpack-hooks"
"""The Service in front of the hooks' endpoint, and the Secret with its secrets: each key's value will do."""
PROXY_SECRET = "kpack-proxy"  # noqa: S105 - the name of a Secret, not its content
"""In namespaces of builds: holds the `Proxy` variables, where a proxy asks for a login."""
USER_ID = 65532
"""User and group of the image; build pods override it with CNB's user, so its files are readable by all."""

MUTATING_WEBHOOK = "defaults.webhook.kpack.pivotal.io"
VALIDATING_WEBHOOK = "validation.webhook.kpack.pivotal.io"
MUTATING_PATH = "/defaults"
VALIDATING_PATH = "/validate"
WEBHOOK_PORT = 8443
HOOKS_PATH = "/hooks"
HOOKS_PORT = 8444
HOOKS_ANNOTATION = "build.pivotal.io/hooks"
"""On the Lease: where the leader takes hooks, `<host>:<port> <SHA-256 of its certificate>`."""
HEALTH_PORT = 8080
"""`/healthz`, `/readyz` and `/metrics` over http, in both processes."""


class Command(StrEnum):
    """What the image can be told to run."""

    CONTROLLER = "controller"
    WEBHOOK = "webhook"
    PREPARE = "prepare"
    COMPLETION = "completion"
    PROMOTE = "promote"


PROMOTION_VARIABLE = "PROMOTION"
"""Environment of `promote`: its order, see `promotion`."""


class Environment(StrEnum):
    """Environment variables of the controller and the webhook. kpack's names where kpack has the setting."""

    SYSTEM_NAMESPACE = "SYSTEM_NAMESPACE"
    POD_NAME = "POD_NAME"
    STEP_IMAGE = "BUILD_INIT_IMAGE"
    """The image of `prepare` and `completion`: the reconciler's own, by digest."""
    LOG_LEVEL = "LOG_LEVEL"
    """`debug`, `info`, `warning` or `error`; `info` by default."""
    SOURCE_POLL_SECONDS = "SOURCE_POLLING_FREQUENCY"
    """Seconds between two looks at a git repository; 60 by default, as kpack."""
    BUILDER_POLL_SECONDS = "BUILDER_POLLING_FREQUENCY"
    """Seconds between two looks at a builder image; 60 by default, as kpack."""
    NAMESPACES = "WATCH_NAMESPACE"
    """Names of the only namespaces that are looked at, between commas; all by default. The name is Operator SDK's."""
    WORKERS = "WORKERS"
    """How many objects are looked at in parallel; 16 by default."""
    MAX_CONCURRENT_BUILDS = "MAX_CONCURRENT_BUILDS"
    """How many builds may run at once; no limit by default, as kpack."""
    MAX_CONCURRENT_BUILDS_PER_NAMESPACE = "MAX_CONCURRENT_BUILDS_PER_NAMESPACE"
    """How many builds of one namespace may run at once; no limit by default, as kpack."""
    CREDENTIAL_PROVIDER_PATH = "CREDENTIAL_PROVIDER_SECRET_PATH"
    """A folder with a docker config Secret: logins for images that no service account has one for; none by default."""
    DOCKER_CONFIG = "DOCKER_CONFIG"
    """The docker CLI's folder with a `config.json`, asked last of all; none by default."""
    PULL_SECRETS = "IMAGE_PULL_SECRETS"
    """Names of pull secrets, between commas: build pods pull with those that their namespace has; none by default."""
    CERTIFICATES = "KPACK_CERTIFICATES"
    """Authorities (PEM) that are trusted besides the image's own; none by default."""
    HOOKS_SECRETS_PATH = "HOOKS_SECRETS_PATH"
    """A folder with the secrets of push hooks, one in a file; hooks are off by default."""
    HOOKS_CERTIFICATE_PATH = "HOOKS_CERTIFICATE_PATH"
    """A folder with `tls.crt` and `tls.key` for the hooks' endpoint; it makes its own by default."""
    POD_ADDRESS = "POD_IP"
    """The pod's own address, where other replicas reach the hooks' endpoint."""


class Proxy(StrEnum):
    """Environment variables of the company's proxies, in all processes; in build pods in lower case, too."""

    HTTP_PROXY = "HTTP_PROXY"
    HTTPS_PROXY = "HTTPS_PROXY"
    NO_PROXY = "NO_PROXY"
    """Hosts, and domains that begin with a dot, between commas."""


class StepEnvironment(StrEnum):
    """Environment variables of `prepare` and `completion`; kpack's names."""

    GIT_URL = "GIT_URL"
    GIT_REVISION = "GIT_REVISION"
    GIT_INITIALIZE_SUBMODULES = "GIT_INITIALIZE_SUBMODULES"
    """`true` or `false`."""
    BLOB_URL = "BLOB_URL"
    BLOB_STRIP_COMPONENTS = "BLOB_STRIP_COMPONENTS"
    """How many leading folders the entries of the archive lose."""
    REGISTRY_IMAGE = "REGISTRY_IMAGE"
    SOURCE_SUB_PATH = "SOURCE_SUB_PATH"
    PLATFORM_ENV_VARS = "PLATFORM_ENV_VARS"
    """JSON list of {name, value}: what detect and build see below /platform/env."""
    IMAGE_TAG = "IMAGE_TAG"
    RUN_IMAGE = "RUN_IMAGE"
    BUILD_CHANGES = "BUILD_CHANGES"
    SERVICE_ACCOUNT = "SERVICE_ACCOUNT"
    """`<namespace>/<name>`, for messages on what it lacks."""
    CERTIFICATES = "KPACK_CERTIFICATES"
    """As in `Environment`; `prepare` leaves them for the lifecycle, too."""


class SecretFlag(StrEnum):
    """Arguments of `prepare` that say what a mounted Secret is for: `-basic-docker=<secret>=<registry>`."""

    BASIC_DOCKER = "-basic-docker"
    DOCKER_CONFIG = "-dockerconfig"
    DOCKER_CFG = "-dockercfg"
    BASIC_GIT = "-basic-git"
    SSH_GIT = "-ssh-git"
    BLOB = "-blob"


HOOKS_SECRETS_MOUNT = "/var/hooks/secrets"
HOOKS_CERTIFICATE_MOUNT = "/var/hooks/certificate"
SECRETS_PATH = "/var/build-secrets"
"""Each Secret of the service account is mounted at `<SECRETS_PATH>/<secret name>`."""
WORKSPACE_PATH = "/workspace"
LAYERS_PATH = "/layers"
PLATFORM_PATH = "/platform"
HOME_PATH = "/builder/home"
CACHE_PATH = "/cache"
PROJECT_METADATA_PATH = "/projectMetadata"
"""Where `prepare` leaves project-metadata.toml for `export`; steps that run foreign code do not see it."""
REPORT_PATH = "/var/report"
"""Where `export` leaves report.toml for `completion`."""
CERTIFICATES_PATH = "/certificates"
"""Where `prepare` leaves the company's authorities for the lifecycle; steps that run foreign code only read it."""
ALL_CERTIFICATES = "all.pem"
"""The file in that folder that has all of them."""
CERTIFICATE_FOLDERS = f"/etc/ssl/certs:/etc/pki/tls/certs:{CERTIFICATES_PATH}"
"""SSL_CERT_DIR of the lifecycle and of buildpacks: the places that Go looks in by itself, then the company's."""
BUILDER_PULL_SECRETS_PATH = "/builderPullSecrets"
IMAGE_PULL_SECRETS_PATH = "/imagePullSecrets"
