"""The processes of the service: two Deployments with their disruption budgets, fit for `restricted` Pod Security.

How a process is started (command, environment, ports) is `kpack_api.process`'s; here it becomes a Deployment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kpack_api.process import (
    CONTROLLER_NAME,
    CONTROLLER_SERVICE_ACCOUNT,
    HEALTH_PORT,
    WEBHOOK_NAME,
    WEBHOOK_PORT,
    WEBHOOK_SERVICE_ACCOUNT,
    Command,
    Environment,
    Proxy,
)
from pulumi_kpack.manifests import Labels, Manifest, metadata, present
from pulumi_kpack.manifests.hooks import Endpoint, hook_environment, hook_mounts, hook_ports, hook_volumes
from pulumi_kpack.manifests.quantities import canonical_resources
from pulumi_kpack.manifests.security import container_security, pod_security

_CONTAINER = {Command.CONTROLLER: CONTROLLER_NAME, Command.WEBHOOK: WEBHOOK_NAME}
_ACCOUNT = {Command.CONTROLLER: CONTROLLER_SERVICE_ACCOUNT, Command.WEBHOOK: WEBHOOK_SERVICE_ACCOUNT}
_GRACE_SECONDS = 30

DEFAULT_RESOURCES: Mapping[str, Mapping[str, str]] = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}
"""An idle process takes some 60 MB; a cached Image about 5 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The installer's choices that both processes share.

    `environment` holds what is set beside names and images, `sources` the variables that other objects hold. `hooks` is
    the controller's endpoint of push hooks; None for none.
    """

    namespace: str
    image: object
    replicas: object = 2
    resources: Mapping[str, object] = field(default_factory=lambda: dict(DEFAULT_RESOURCES))
    environment: Mapping[Environment, object] = field(default_factory=dict)
    sources: Mapping[Environment | Proxy, Manifest] = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)
    node_selector: Mapping[str, object] = field(default_factory=dict)
    tolerations: Sequence[object] = ()
    pull_secrets: Sequence[object] = ()
    hooks: Endpoint | None = None


_WAIT: Mapping[Command, Manifest] = {Command.WEBHOOK: {"minReadySeconds": 5}}
"""A ready webhook pod is reached through its Service only when every kube-proxy has heard of it, a second or two later;
until then writes of kpack's objects would be refused."""

_DEADLINE_SECONDS = 240
"""When Kubernetes calls a rollout failed: before Pulumi stops waiting for it."""

_COMPLETE = "(@.updatedReplicas == $.spec.replicas && @.availableReplicas == $.spec.replicas)"
_ALONE = "@.replicas == $.spec.replicas"
_FAILED = '@.conditions[?@.type == "Progressing" && @.status == "False"]'
ROLLED_OUT: Mapping[str, object] = {"pulumi.com/waitFor": f"jsonpath={{[?{_COMPLETE} && {_ALONE} || {_FAILED}]}}"}
"""Pulumi waits until the rollout has ended, well or badly. Its own wait for Deployments may take the rollout before for
this one, for it accepts a status that is older than the change (pulumi-kubernetes 4.25). `rollout` judges the end."""


def deployment(command: Command, workload: Workload) -> Manifest:
    """The Deployment that runs `command`: `Command.CONTROLLER` or `Command.WEBHOOK`."""
    name = _CONTAINER[command]
    labels = {**workload.labels, **_labels(command)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, workload.namespace, labels=labels, annotations=ROLLED_OUT),
        "spec": {
            **_WAIT.get(command, {}),
            "progressDeadlineSeconds": _DEADLINE_SECONDS,
            "replicas": workload.replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": _pod(command, workload)},
        },
    }


def disruption_budget(command: Command, workload: Workload) -> Manifest:
    """At most one pod of the Deployment is evicted at a time."""
    name = _CONTAINER[command]
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name, workload.namespace, labels=workload.labels),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
    }


def _labels(command: Command) -> Labels:
    role = {"role": "webhook"} if command is Command.WEBHOOK else {}
    return {"app": _CONTAINER[command], **role}


def _pod(command: Command, workload: Workload) -> Manifest:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": _CONTAINER[command]}},
    }
    choices = {
        "nodeSelector": dict(workload.node_selector),
        "tolerations": list(workload.tolerations),
        "imagePullSecrets": [{"name": name} for name in workload.pull_secrets],
    }
    return {
        "serviceAccountName": _ACCOUNT[command],
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "topologySpreadConstraints": [spread],
        "containers": [_container(command, workload)],
        "volumes": [{"name": "tmp", "emptyDir": {}}, *_of_hooks(command, workload, hook_volumes)],
        **present(choices),
    }


def _container(command: Command, workload: Workload) -> Manifest:
    ports = [{"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"}]
    if command is Command.WEBHOOK:
        ports.append({"name": "https-webhook", "containerPort": WEBHOOK_PORT, "protocol": "TCP"})
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - an emptyDir of the pod
    return {
        "name": command.value,
        "image": workload.image,
        "args": [command.value],
        "env": [*_environment(workload), *_of_hooks(command, workload, hook_environment)],
        "ports": [*ports, *_of_hooks(command, workload, lambda _: hook_ports())],
        "resources": canonical_resources(workload.resources),
        "readinessProbe": _probe("/readyz", period=2),
        "livenessProbe": {**_probe("/healthz", period=10), "initialDelaySeconds": 10},
        "securityContext": container_security(),
        "volumeMounts": [*mounts, *_of_hooks(command, workload, hook_mounts)],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _of_hooks(
    command: Command, workload: Workload, part: Callable[[Endpoint], Sequence[Manifest]]
) -> Sequence[Manifest]:
    """What the endpoint of hooks adds: to the controller only."""
    return part(workload.hooks) if workload.hooks is not None and command is Command.CONTROLLER else ()


def _environment(workload: Workload) -> list[Manifest]:
    fields: dict[Environment, str] = {
        Environment.SYSTEM_NAMESPACE: "metadata.namespace",
        Environment.POD_NAME: "metadata.name",
    }
    values = {Environment.STEP_IMAGE: workload.image, **workload.environment}
    seen: list[Manifest] = [
        {"name": name.value, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
        for name, path in fields.items()
    ]
    held: list[Manifest] = [{"name": name.value, "valueFrom": source} for name, source in workload.sources.items()]
    return [*seen, *({"name": name.value, "value": value} for name, value in values.items()), *held]


def _probe(path: str, *, period: int) -> Manifest:
    request = {"path": path, "port": "health", "scheme": "HTTP"}
    return {"httpGet": request, "periodSeconds": period, "timeoutSeconds": 5, "failureThreshold": 6}
