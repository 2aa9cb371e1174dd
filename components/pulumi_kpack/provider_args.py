"""The plain forms of arguments: what a program in another language says where Python also takes components.

Owns only the fields that differ from `args`; every other field and its text is inherited from there. Rules:
- each form is a narrower one: what it allows, the class of the same name in `args` allows as well;
- no unions and no `object`: Pulumi makes its schema from these types and refuses both;
- shapes of Kubernetes keep the names of Kubernetes, so that they are passed on as they are.
"""

from collections.abc import Mapping, Sequence
from inspect import get_annotations
from types import new_class
from typing import Any, NotRequired, TypedDict

from pulumi_kpack import args, promotion_args
from pulumi_kpack.args import BuilderReferenceArgs, Text


def without(shape: type, field: str) -> type:
    """The TypedDict `shape` without a field that only Python can say; its texts are still found in its source."""
    kept = {name: hint for name, hint in get_annotations(shape).items() if name != field}
    body = {"__annotations__": kept, "__doc__": shape.__doc__, "__module__": shape.__module__}
    return new_class(shape.__name__, (TypedDict,), exec_body=lambda namespace: namespace.update(body))


class TolerationArgs(TypedDict):
    """A taint that pods tolerate (core/v1 Toleration)."""

    key: NotRequired[str]
    """The taint's key. Default: every taint, together with `operator: Exists`."""
    operator: NotRequired[str]
    """`Equal` or `Exists`. Default `Equal`."""
    value: NotRequired[str]
    """The taint's value, for `Equal`."""
    effect: NotRequired[str]
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: all of them."""
    tolerationSeconds: NotRequired[int]
    """How long `NoExecute` is tolerated. Default: for ever."""


class EnvironmentVariableArgs(TypedDict):
    """A variable of detect and build (core/v1 EnvVar)."""

    name: Text
    """Its name."""
    value: NotRequired[Text]
    """Its value."""
    valueFrom: NotRequired[Mapping[str, Any]]
    """Where the value comes from instead (core/v1 EnvVarSource), e.g. a `secretKeyRef` with `name` and `key`."""


class BuildServiceArgs(args.BuildServiceArgs):
    """Arguments of `BuildService`."""

    replicas: NotRequired[int]  # type: ignore[misc] # Pulumi's provider takes no output where a whole number belongs
    """Pods of the controller (one leads, the others stand by) and of the webhook. Default 2."""
    tolerations: NotRequired[Sequence[TolerationArgs]]  # type: ignore[misc] # narrower
    """Taints that the service's pods tolerate."""


class BuildServiceAccountArgs(TypedDict):
    """Arguments of `BuildServiceAccount`."""

    secrets: NotRequired[Sequence[Text]]
    """Names of the secrets that the builds may use: `secretName` of `RegistryCredentials` and `GitCredentials`, or
    of secrets made elsewhere."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Names of secrets with a docker configuration that builder images are pulled with: `secretName` of
    `RegistryCredentials` with `dockerConfigJson`."""
    namespace: NotRequired[Text]
    """The namespace of the builds. Default `default`."""


class BuildArgs(args.BuildArgs):
    """Settings of an Image's builds."""

    env: NotRequired[Sequence[EnvironmentVariableArgs]]  # type: ignore[misc] # narrower
    """Environment of detect and build."""


class ImageArgs(args.ImageArgs):
    """Arguments of `Image`."""

    builder: BuilderReferenceArgs  # type: ignore[misc] # narrower
    """What builds it, by `kind` and `name` (`builderName` of a `Builder` or `ClusterBuilder`)."""
    service_account: NotRequired[Text]  # type: ignore[misc] # narrower
    """The name of the account whose secrets the builds use (`accountName` of a `BuildServiceAccount`). Default
    `default`."""
    build: NotRequired[BuildArgs]  # type: ignore[misc] # narrower
    """Settings of the builds."""


PromotionArgs = without(promotion_args.PromotionArgs, "credentials")
"""Arguments of `Promotion`; logins are given as `secrets` with a docker configuration."""
