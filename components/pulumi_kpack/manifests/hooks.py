"""The endpoint of push hooks in the cluster: its Service, its Secret, and what the controller's pods need for it.

Rules:
- the Secret is mounted, not put into variables: it is replaced without a restart;
- every replica of the controller takes hooks, and passes them on to the leader.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kpack_api.process import (
    CONTROLLER_NAME,
    HOOKS_CERTIFICATE_MOUNT,
    HOOKS_NAME,
    HOOKS_PATH,
    HOOKS_PORT,
    HOOKS_SECRETS_MOUNT,
    Environment,
)
from pulumi_kpack.manifests import Labels, Manifest, metadata

SERVICE_PORT = 443
_MODE = 0o440
"""Read by the process through the pod's group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The endpoint's certificate: the name of its Secret; None where it makes its own."""

    certificate: object | None = None


def hooks_service(namespace: str, *, labels: Labels | None = None) -> Manifest:
    """The Service in front of the endpoint. Nobody waits for its endpoints: the Deployment's readiness says enough."""
    annotations = {"pulumi.com/skipAwait": "true"}
    port = {"name": "https-hooks", "port": SERVICE_PORT, "targetPort": HOOKS_PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(HOOKS_NAME, namespace, labels=labels, annotations=annotations),
        "spec": {"type": "ClusterIP", "selector": {"app": CONTROLLER_NAME}, "ports": [port]},
    }


def hooks_secret(secrets: Mapping[str, object], namespace: str, *, labels: Labels | None = None) -> Manifest:
    """The secrets that hold, each under a name of its own."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(HOOKS_NAME, namespace, labels=labels),
        "type": "Opaque",
        "stringData": dict(secrets),
    }


def hooks_url(host: str) -> str:
    """Where senders send to."""
    return f"https://{host}{HOOKS_PATH}"


def service_host(namespace: str) -> str:
    """The Service's name in the cluster."""
    return f"{HOOKS_NAME}.{namespace}.svc"


def hook_ports() -> list[Manifest]:
    """The ports of the controller's container."""
    return [{"name": "https-hooks", "containerPort": HOOKS_PORT, "protocol": "TCP"}]


def hook_volumes(endpoint: Endpoint) -> list[Manifest]:
    """The volumes of the controller's pods."""
    names = {HOOKS_NAME: HOOKS_NAME} | _certificate(endpoint.certificate, endpoint.certificate)
    return [{"name": name, "secret": {"secretName": secret, "defaultMode": _MODE}} for name, secret in names.items()]


def hook_mounts(endpoint: Endpoint) -> list[Manifest]:
    """Where the controller's container finds them."""
    paths = {HOOKS_NAME: HOOKS_SECRETS_MOUNT} | _certificate(endpoint.certificate, HOOKS_CERTIFICATE_MOUNT)
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path in paths.items()]


def hook_environment(endpoint: Endpoint) -> list[Manifest]:
    """What the controller is told about them."""
    address = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    told: list[Manifest] = [{"name": Environment.HOOKS_SECRETS_PATH.value, "value": HOOKS_SECRETS_MOUNT}]
    if endpoint.certificate is not None:
        told.append({"name": Environment.HOOKS_CERTIFICATE_PATH.value, "value": HOOKS_CERTIFICATE_MOUNT})
    return [*told, {"name": Environment.POD_ADDRESS.value, "valueFrom": address}]


def _certificate(name: object | None, value: object) -> dict[str, object]:
    return {} if name is None else {f"{HOOKS_NAME}-certificate": value}
