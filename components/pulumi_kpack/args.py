"""What a program says to the components: the types of their arguments, a docstring under each field.

Leaves the rules that the words must follow to `rules`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

import pulumi

from pulumi_kpack.hook_args import HooksArgs

if TYPE_CHECKING:
    from pulumi_kpack.builder import Builder, ClusterBuilder
    from pulumi_kpack.credentials import GitCredentials, RegistryCredentials
    from pulumi_kpack.service_account import BuildServiceAccount

Text = pulumi.Input[str]

DOCKER_HUB = "https://index.docker.io/v1/"


class ProxyArgs(TypedDict):
    """The company's proxies."""

    http: NotRequired[Text]
    """The proxy for http: `http://proxy.example.com:3128`; kept secret, it may hold a login (`user:password@`)."""
    https: NotRequired[Text]
    """The proxy for https; kept secret, it may hold a login."""
    no_proxy: NotRequired[Sequence[str]]
    """Hosts, and domains that begin with a dot, that are reached without it. The cluster's own services and the cloud's
    metadata always are."""
    namespaces: NotRequired[Sequence[str]]
    """The namespaces of builds, where a proxy asks for a login: a Secret with it is made there. They must exist."""


class BuildServiceArgs(TypedDict):
    """Arguments of `BuildService`."""

    image: Text
    """The reconciler's image, by digest: `ReconcilerImage(…).ref`, or one that was built elsewhere."""
    namespace: NotRequired[str]
    """The system namespace; it is made. Default `kpack`."""
    namespaces: NotRequired[Sequence[Text]]
    """The only namespaces that are watched: the controller has a Role in each and can read no Secret elsewhere. They
    must exist; an Image in another one is not built. Default: every namespace of the cluster."""
    replicas: NotRequired[pulumi.Input[int]]
    """Pods of the controller (one leads, the others stand by) and of the webhook. Default 2."""
    resources: NotRequired[Mapping[str, pulumi.Input[Mapping[str, str]]]]
    """`requests` and `limits` of each pod. Default 100m and 128Mi requested, 512Mi memory at most."""
    log_level: NotRequired[str]
    """`debug`, `info`, `warning` or `error`. Default `info`."""
    source_poll_seconds: NotRequired[int]
    """Seconds between two looks at a git repository. Default 60."""
    builder_poll_seconds: NotRequired[int]
    """Seconds between two looks at a builder image. Default 60."""
    max_concurrent_builds: NotRequired[int]
    """How many builds may run at once; the others wait for their turn, which goes to the namespace with the fewest
    running builds. Default: no limit, as kpack."""
    max_concurrent_builds_per_namespace: NotRequired[int]
    """How many builds of one namespace may run at once. Default: no limit, as kpack."""
    labels: NotRequired[Mapping[str, Text]]
    """Labels of all objects of the service but its CustomResourceDefinitions, which may outlive it."""
    node_selector: NotRequired[Mapping[str, Text]]
    """Labels that a node must have to run the service."""
    tolerations: NotRequired[Sequence[Mapping[str, object]]]
    """Taints that the service's pods tolerate (core/v1 Toleration)."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Secrets in the system namespace to pull `image` with. Build pods, which run it in their first and last container,
    pull with the Secrets of these names in their own namespace: declare them there, too."""
    certificates: NotRequired[str]
    """Certificates (PEM) of the company's own authorities: the service, each step of a build and buildpacks trust them
    beside the public ones, for registries, git servers and archives. Default: none."""
    proxy: NotRequired[ProxyArgs]
    """The company's proxies: the service, each step of a build and buildpacks use them. Default: none."""
    hooks: NotRequired[HooksArgs]
    """Push hooks: an HTTPS endpoint that git servers and registries tell of pushes. Default: none, polling only."""
    retain_definitions: NotRequired[bool]
    """Whether the CustomResourceDefinitions, and so all Images, outlive `pulumi destroy`. Default true."""


class RegistryCredentialsArgs(TypedDict):
    """Arguments of `RegistryCredentials`: a login (username, password), or a whole docker configuration."""

    registry: NotRequired[Text]
    """The registry: `https://index.docker.io/v1/` (Docker Hub, the default), `gcr.io`, `registry.example.com:5000`."""
    username: NotRequired[Text]
    """The user's name."""
    password: NotRequired[Text]
    """The password or access token; kept secret."""
    docker_config_json: NotRequired[Text]
    """A docker `config.json`, instead of the three others; kept secret. Builder images are pulled with it, too."""
    namespace: NotRequired[Text]
    """The namespace of the builds. Default `default`."""


class GitCredentialsArgs(TypedDict):
    """Arguments of `GitCredentials`: a login (username, password), or an SSH key."""

    url: Text
    """The server: `https://github.com` for a login, `git@github.com` for a key."""
    username: NotRequired[Text]
    """The user's name."""
    password: NotRequired[Text]
    """The password or access token; kept secret."""
    ssh_private_key: NotRequired[Text]
    """A private key as PEM, instead of username and password; kept secret."""
    known_hosts: NotRequired[Text]
    """The server's host keys, beside a key: what `ssh-keyscan <host>` prints, once you have checked it.
    Default: the published keys of github.com, gitlab.com and bitbucket.org; no other server is trusted without."""
    namespace: NotRequired[Text]
    """The namespace of the builds. Default `default`."""


class BuildServiceAccountArgs(TypedDict):
    """Arguments of `BuildServiceAccount`."""

    credentials: NotRequired[Sequence["RegistryCredentials | GitCredentials"]]
    """Logins that the builds may use. They must be in the same namespace."""
    secrets: NotRequired[Sequence[Text]]
    """Names of further secrets, made elsewhere."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Names of further secrets with a docker configuration, made elsewhere: builder images are pulled with them."""
    namespace: NotRequired[Text]
    """The namespace of the builds. Default `default`."""


class BuilderArgs(TypedDict):
    """Arguments of `Builder`."""

    image: Text
    """The builder image, by tag (new ones are noticed) or by digest."""
    update_policy: NotRequired[Text]
    """`polling`: look for new images; `external`: only when this object changes. Default `polling`."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Secrets to pull the image with."""
    namespace: NotRequired[Text]
    """The namespace of the Images that may use it. Default `default`."""


class ClusterBuilderArgs(TypedDict):
    """Arguments of `ClusterBuilder`; Images of every namespace may use it."""

    image: Text
    """The builder image, by tag (new ones are noticed) or by digest."""
    update_policy: NotRequired[Text]
    """`polling`: look for new images; `external`: only when this object changes. Default `polling`."""


class BuilderReferenceArgs(TypedDict):
    """A builder that was made elsewhere."""

    kind: NotRequired[str]
    """`Builder` (the Image's namespace) or `ClusterBuilder`. Default `Builder`."""
    name: Text
    """Its name."""


class GitSourceArgs(TypedDict):
    """A git repository."""

    url: Text
    """`https://…` or `git@…`."""
    revision: Text
    """A branch, a tag or a commit. A branch is followed."""
    initialize_submodules: NotRequired[bool]
    """Whether submodules are fetched, too. Default false."""


class BlobSourceArgs(TypedDict):
    """An archive: zip, tar, tar.gz or jar."""

    url: Text
    """Where to load it from: `https://…`, a presigned URL included."""
    strip_components: NotRequired[int]
    """How many leading folders of the paths in the archive are left out. Default 0."""


class RegistrySourceArgs(TypedDict):
    """An image whose layers are the source."""

    image: Text
    """The image."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Secrets to pull it with; only the first counts."""


class SourceArgs(TypedDict):
    """Where the application's code lies: exactly one of `git`, `blob` and `registry`."""

    git: NotRequired[GitSourceArgs]
    """A git repository at a revision."""
    blob: NotRequired[BlobSourceArgs]
    """An archive behind a URL."""
    registry: NotRequired[RegistrySourceArgs]
    """An image whose layers are the source."""
    sub_path: NotRequired[Text]
    """The application's directory inside the source. Default: its top."""


class BindingArgs(TypedDict):
    """A CNB binding: what a buildpack is told about a service."""

    name: str
    """Its name below /platform/bindings."""
    metadata: Text
    """The ConfigMap with `kind` and `provider`."""
    secret: NotRequired[Text]
    """The Secret with the service's secrets."""


class BuildArgs(TypedDict):
    """Settings of an Image's builds."""

    env: NotRequired[Sequence[Mapping[str, pulumi.Input[object]]]]
    """Environment of detect and build: `{"name": …, "value": …}` (core/v1 EnvVar)."""
    resources: NotRequired[Mapping[str, pulumi.Input[Mapping[str, str]]]]
    """`requests` and `limits` of the build's containers."""
    bindings: NotRequired[Sequence[BindingArgs]]
    """CNB bindings."""


class ImageArgs(TypedDict):
    """Arguments of `Image`."""

    tag: Text
    """Where the image is pushed: `registry.example.com/team/app:tag`. Another tag makes another Image."""
    builder: "Builder | ClusterBuilder | BuilderReferenceArgs"
    """What builds it: the component, or `{"kind": …, "name": …}` of one that was made elsewhere."""
    source: SourceArgs
    """Where the code lies."""
    service_account: NotRequired["BuildServiceAccount | Text"]
    """The account whose secrets the builds use: the component, or a name. Default `default`."""
    additional_tags: NotRequired[Sequence[Text]]
    """Further tags in the same registry."""
    cache_size: NotRequired[Text]
    """Size of the build cache, e.g. `2Gi`. Default: 2G where the cluster has a default storage class, else no cache."""
    failed_build_history_limit: NotRequired[int]
    """How many failed builds are kept. Default 10."""
    success_build_history_limit: NotRequired[int]
    """How many successful builds are kept. Default 10."""
    image_tagging_strategy: NotRequired[str]
    """`BuildNumber`: each build writes a tag of its own, too; `None`: it does not. Default `BuildNumber`."""
    build: NotRequired[BuildArgs]
    """Settings of the builds."""
    namespace: NotRequired[Text]
    """The namespace of the builds. Default `default`."""
    labels: NotRequired[Mapping[str, Text]]
    """Labels of the object; its builds and pods get them, too."""
    annotations: NotRequired[Mapping[str, Text]]
    """Annotations of the object."""
    source_polling: NotRequired[Text]
    """How often the git server is asked about its source: `90s`, `10m`, `12h`, at least 10 seconds; `off` where push
    hooks tell. Default: the service's `source_poll_seconds`."""
    wait: NotRequired[str]
    """`built`: `up` waits for the build and fails with it; `accepted`: until the controller has seen the Image; `none`:
    not at all. With the last two a failed build shows in `status` only. Default `built`."""
    timeout_minutes: NotRequired[int]
    """How long `pulumi up` waits at most. Default 30; 5 where `wait` is `accepted`."""


class ExistingImageArgs(TypedDict):
    """Arguments of `ExistingImage`."""

    id: Text
    """The Image: `<namespace>/<name>`."""


class ReconcilerImageArgs(TypedDict):
    """Arguments of `ReconcilerImage`."""

    repository: Text
    """Where the image is pushed, without a tag: `registry.example.com/team/kpack-reconciler`."""
    base: NotRequired[Text]
    """The image it is built on: Python 3.11 or newer, Debian. Default `python:3.11-slim`."""
    built_by: NotRequired[str]
    """The Pulumi package that builds: `docker-build` (by buildx), or `docker` (by a Docker daemon), which has to be
    installed and knows neither `builder` nor `certificates`. Default `docker-build`."""
    builder: NotRequired[str]
    """The buildx builder to use. Default: buildx's own choice."""
    host: NotRequired[str]
    """The docker daemon's address; without it a changed DOCKER_HOST would replace the image."""
    registry: NotRequired[Mapping[str, Text]]
    """A login to push with: `address`, `username`, `password`."""
    certificates: NotRequired[Text]
    """Further certificate authorities (PEM) that pip must trust, e.g. a proxy's; not kept in the image."""
