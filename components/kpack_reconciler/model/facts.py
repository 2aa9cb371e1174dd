"""What was seen in the world besides Kubernetes objects: git revisions, builder images, service accounts, rebases.

Facts are past. They are recorded in the cache by pollers and by effects, each under the question that it answers. A
lost fact costs time, never correctness.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kpack_api.types import BuildpackMetadata, BuiltImage, GitType
from kpack_api.wire import LocalObjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The world refused to answer: a definite refusal (`permanent`) or one that may pass.

    `reason` is a CamelCase word for conditions, `message` says what the reader can do.
    """

    reason: str
    message: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class RevisionQuestion:
    """Which commit is `revision` of the repository at `url`, seen with this service account's credentials?"""

    url: str
    revision: str
    namespace: str
    service_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The answer of a git server: the object id, and what the revision text turned out to be."""

    revision: str
    type: GitType


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionResolved:
    """A git server was asked, `at` this time (UTC)."""

    question: RevisionQuestion
    answer: Revision | Fault
    at: datetime


@dataclass(frozen=True, slots=True)
class BuilderImageQuestion:
    """What is in the builder image, seen with this service account's credentials and these pull secrets?

    `service_account` "" asks with no credentials but the process's own.
    """

    image: str
    namespace: str
    service_account: str
    pull_secrets: tuple[LocalObjectReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderImage:
    """A builder image as its labels and environment tell (CNB platform spec, builder metadata).

    `latest_image` and `run_image` are digest references. `platform_apis` are the supported and deprecated-but-working
    platform API versions of its lifecycle, ascending, e.g. ("0.3", "0.4"). `order` lists buildpacks of the detection
    order, `buildpacks` all that the image holds.
    """

    latest_image: str
    stack_id: str
    run_image: str
    user_id: int
    group_id: int
    lifecycle_version: str
    platform_apis: tuple[str, ...]
    buildpacks: tuple[BuildpackMetadata, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderImageSeen:
    """A registry was asked for a builder image, `at` this time (UTC)."""

    question: BuilderImageQuestion
    answer: BuilderImage | Fault
    at: datetime


@dataclass(frozen=True, slots=True)
class ServiceAccountQuestion:
    """Which credentials does this service account name?"""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSeen:
    """A Secret that a service account names: its type and annotations, never its data."""

    name: str
    type: str
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A service account's `secrets` that exist, in its order, the names of those that do not, and its pull secrets.

    A reference without a name is missing under the name "". `account_secrets` are the names in `secrets` of any service
    account of its namespace: no binding may use them.
    """

    secrets: tuple[SecretSeen, ...] = ()
    missing: tuple[str, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    account_secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountSeen:
    """A service account was read, `at` this time (UTC). None means that it does not exist."""

    question: ServiceAccountQuestion
    answer: Credentials | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseQuestion:
    """What becomes of `app_image` (by digest) on `run_image`, written under all `tags`, the first being the main one?

    Asked for a Build, with its service account's credentials and these pull secrets.
    """

    namespace: str
    build: str
    build_uid: str
    service_account: str
    pull_secrets: tuple[LocalObjectReference, ...] = ()
    app_image: str
    run_image: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRebasable:
    """The application cannot be put onto the run image: it has to be built. `reason` is a CamelCase word."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRebased:
    """An image was rebased and pushed, or not, `at` this time (UTC), in the attempt of this number (from 1).

    `quiet` is how long a registry asked to be left alone for.
    """

    question: RebaseQuestion
    answer: BuiltImage | NotRebasable | Fault
    at: datetime
    attempt: int = 1
    quiet: timedelta = timedelta(0)


Fact = RevisionResolved | BuilderImageSeen | ServiceAccountSeen | ImageRebased
