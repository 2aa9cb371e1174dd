"""The Job of a promotion: one pod that copies an image by digest from registry to registry, fit for `restricted`.

Owns the Job and its name. Leaves the order to `kpack_api.promotion`, what is done to the reconciler's `promote`.

Rules:
- Another order, other logins or other authorities are another Job, by name. Another image that copies is not: what was
  promoted is not promoted again because the service was upgraded.
- The Job stays when it has ended (no `ttlSecondsAfterFinished`), or the next `up` would make it again. One that failed
  is replaced by the next `up`.
- One pod: `promote` itself tries again what may pass. Pulumi notices a failed Job by the reasons BackoffLimitExceeded
  and DeadlineExceeded only; one that a `podFailurePolicy` fails it would wait for until its timeout. So the limit is 0,
  and the policy says no more than that a pod which its node lost does not count.
- The pod has no token for the API, and of the namespace's Secrets only the logins that are named.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kpack_api.names import child_name
from kpack_api.process import (
    PROMOTION_VARIABLE,
    PROXY_SECRET,
    SECRETS_PATH,
    Command,
    SecretFlag,
    StepEnvironment,
)
from pulumi_kpack.manifests import Manifest, metadata, present
from pulumi_kpack.manifests.security import container_security, pod_security
from pulumi_kpack.manifests.workloads import DEFAULT_RESOURCES

_NAME_LETTERS = 10
_ANNOTATIONS = {"pulumi.com/replaceUnready": "true"}
"""Pulumi's Kubernetes provider replaces a Job that has not succeeded, instead of waiting for it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A Secret, the flag that tells `promote` what it is for, and where it is mounted; each may be an output."""

    secret: object
    flag: object
    path: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """What copies, and with what. `order` is the order as one text; what is of type `object` may be an output."""

    image: object
    order: object
    minutes: int
    logins: Sequence[Login] = ()
    pull_secrets: Sequence[object] = ()
    certificates: object = None


def job_name(name: str, content: Sequence[object]) -> str:
    """The Job's name: at most 63 characters, another one for other content."""
    digest = hashlib.sha256("\0".join(map(str, content)).encode()).hexdigest()
    return child_name(name, f"-{digest[:_NAME_LETTERS]}")


def secret_flag(secret: object, registry: object) -> str:
    """How `promote` is told of a Secret: a login for a registry, or a docker configuration, where that is None."""
    if registry is None:
        return f"{SecretFlag.DOCKER_CONFIG.value}={secret}"
    return f"{SecretFlag.BASIC_DOCKER.value}={secret}={registry}"


def secret_path(secret: object) -> str:
    """Where a Secret is mounted."""
    return f"{SECRETS_PATH}/{secret}"


def literal(text: str) -> str:
    """The text as Kubernetes must be given it, which else would expand `$(NAME)`."""
    return text.replace("$", "$$")


def job(name: object, namespace: object, promoter: Promoter) -> Manifest:
    """The Job; its name may be an output."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(name, namespace, annotations=_ANNOTATIONS),
        "spec": {
            "activeDeadlineSeconds": promoter.minutes * 60,
            "backoffLimit": 0,
            "completionMode": "NonIndexed",
            "completions": 1,
            "parallelism": 1,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]
            },
            "template": {"spec": _pod(promoter)},
        },
    }


def _pod(promoter: Promoter) -> Manifest:
    secrets = [
        {"name": f"login-{number}", "secret": {"secretName": login.secret}}
        for number, login in enumerate(promoter.logins)
    ]
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        "containers": [_container(promoter)],
        "volumes": [{"name": "tmp", "emptyDir": {}}, *secrets],
        **present({"imagePullSecrets": [{"name": name} for name in promoter.pull_secrets]}),
    }


def _container(promoter: Promoter) -> Manifest:
    values = present({PROMOTION_VARIABLE: promoter.order, StepEnvironment.CERTIFICATES.value: promoter.certificates})
    mounts = [
        {"name": f"login-{number}", "mountPath": login.path, "readOnly": True}
        for number, login in enumerate(promoter.logins)
    ]
    return {
        "name": Command.PROMOTE.value,
        "image": promoter.image,
        "args": [Command.PROMOTE.value, *(login.flag for login in promoter.logins)],
        "env": [{"name": name, "value": value} for name, value in values.items()],
        "envFrom": [{"secretRef": {"name": PROXY_SECRET, "optional": True}}],
        "resources": {kind: dict(amounts) for kind, amounts in DEFAULT_RESOURCES.items()},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],  # noqa: S108 - an emptyDir of the pod
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
