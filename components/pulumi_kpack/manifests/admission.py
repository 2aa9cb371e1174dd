"""How the API server reaches the webhook: its Service and the two webhook configurations.

Rules:
- `caBundle` is never declared: the webhook fills it, and what it filled stays;
- the objects themselves are judged, their status is not: a webhook that is down never stops the controller's reports;
- where only some namespaces are watched, only their objects are judged, and ClusterBuilders, which have none;
- every default of the API server is written out, so that the live object equals the declared one.
"""

from kpack_api.dialects.build_pivotal_io_v1alpha1 import PLURALS
from kpack_api.names import BUILD_GROUP, V1ALPHA1
from kpack_api.process import (
    MUTATING_PATH,
    MUTATING_WEBHOOK,
    VALIDATING_PATH,
    VALIDATING_WEBHOOK,
    WEBHOOK_NAME,
    WEBHOOK_PORT,
)
from kpack_api.types import Kind
from pulumi_kpack.manifests import Labels, Manifest, metadata

SERVICE_PORT = 443
TIMEOUT_SECONDS = 10


def webhook_service(namespace: str, *, labels: Labels | None = None) -> Manifest:
    """The Service in front of the webhook. Nobody waits for its endpoints: the Deployment's readiness says enough."""
    annotations = {"pulumi.com/skipAwait": "true"}
    port = {"name": "https-webhook", "port": SERVICE_PORT, "targetPort": WEBHOOK_PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(WEBHOOK_NAME, namespace, labels=labels, annotations=annotations),
        "spec": {"type": "ClusterIP", "selector": {"role": "webhook"}, "ports": [port]},
    }


def webhook_configurations(
    namespace: str, *, labels: Labels | None = None, watched: object = None
) -> tuple[Manifest, Manifest]:
    """The mutating (defaults) and the validating configuration, for the namespaces `watched`; None for all."""
    chosen = {"namespaceSelector": _named(watched)}
    defaults = {**_webhook(MUTATING_WEBHOOK, MUTATING_PATH, namespace), **chosen, "reinvocationPolicy": "Never"}
    validation = {**_webhook(VALIDATING_WEBHOOK, VALIDATING_PATH, namespace), **chosen}
    return (
        _configuration("MutatingWebhookConfiguration", defaults, labels),
        _configuration("ValidatingWebhookConfiguration", validation, labels),
    )


def _configuration(kind: str, webhook: Manifest, labels: Labels | None) -> Manifest:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": metadata(webhook["name"], labels=labels),
        "webhooks": [webhook],
    }


def _named(namespaces: object) -> Manifest:
    """The selector of namespaces by name, through the label that Kubernetes itself gives each."""
    if namespaces is None:
        return {}
    return {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}]}


def _webhook(name: str, path: str, namespace: str) -> Manifest:
    service = {"name": WEBHOOK_NAME, "namespace": namespace, "path": path, "port": SERVICE_PORT}
    rule = {
        "apiGroups": [BUILD_GROUP],
        "apiVersions": [V1ALPHA1],
        "operations": ["CREATE", "UPDATE"],
        "resources": sorted(PLURALS[kind] for kind in Kind if kind is not Kind.SOURCE_RESOLVER),
        "scope": "*",
    }
    return {
        "name": name,
        "clientConfig": {"service": service},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "matchPolicy": "Equivalent",
        "objectSelector": {},
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": TIMEOUT_SECONDS,
    }
