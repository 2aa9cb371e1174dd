"""What the controller and the webhook may do: their service accounts, roles and bindings.

Names are kpack's (`config/` of kpack v0.0.9). Rules:
- least privilege: secrets can be read one by one, never listed by the controller; the webhook touches its own Secret
  and its own two configurations only;
- only the two service accounts of the system namespace are bound.
"""

from collections.abc import Sequence

from kpack_api.dialects.build_pivotal_io_v1alpha1 import PLURALS
from kpack_api.names import BUILD_GROUP
from kpack_api.process import (
    CONTROLLER_SERVICE_ACCOUNT,
    LEASE_NAME,
    MUTATING_WEBHOOK,
    VALIDATING_WEBHOOK,
    WEBHOOK_SECRET,
    WEBHOOK_SERVICE_ACCOUNT,
)
from kpack_api.types import Kind
from pulumi_kpack.manifests import Labels, Manifest, metadata

RBAC_GROUP = "rbac.authorization.k8s.io"
CONTROLLER_ADMIN = "kpack-controller-admin"
CONTROLLER_LEASE = "kpack-controller-lease"
WEBHOOK_CERTIFICATES = "kpack-webhook-certs-admin"
WEBHOOK_CONFIGURATIONS = "kpack-webhook-mutatingwebhookconfiguration-admin"

_READ = ("get", "list", "watch")
_OWN = (*_READ, "create", "update", "patch", "delete")
_RUN = (*_READ, "create", "patch", "delete")


def access(namespace: str, *, labels: Labels | None = None) -> tuple[Manifest, ...]:
    """The service accounts, roles and bindings of the service."""
    controller, webhook = (CONTROLLER_SERVICE_ACCOUNT, namespace), (WEBHOOK_SERVICE_ACCOUNT, namespace)
    return (
        _service_account(*controller, labels),
        _service_account(*webhook, labels),
        *_granted(CONTROLLER_ADMIN, controller_rules(), controller, labels=labels, cluster_wide=True),
        *_granted(CONTROLLER_LEASE, lease_rules(), controller, labels=labels),
        *_granted(WEBHOOK_CERTIFICATES, certificate_rules(), webhook, labels=labels),
        *_granted(WEBHOOK_CONFIGURATIONS, configuration_rules(), webhook, labels=labels, cluster_wide=True),
    )


def controller_rules() -> list[Manifest]:
    """What the controller may do in every namespace."""
    plurals = [PLURALS[kind] for kind in Kind]
    return [
        rule(BUILD_GROUP, [*plurals, *(f"{plural}/status" for plural in plurals)], _OWN),
        rule(BUILD_GROUP, [f"{PLURALS[Kind.IMAGE]}/finalizers", f"{PLURALS[Kind.BUILD]}/finalizers"], ("update",)),
        rule("", ["pods", "persistentvolumeclaims"], _RUN),
        rule("", ["serviceaccounts"], ("get", "list")),
        rule("", ["secrets"], ("get",)),
        rule("", ["events"], ("create", "patch")),
    ]


def lease_rules() -> list[Manifest]:
    """What the controller may do in its own namespace: elect a leader."""
    return [
        rule("coordination.k8s.io", ["leases"], ("create",)),
        rule("coordination.k8s.io", ["leases"], ("get", "update", "patch"), names=[LEASE_NAME]),
    ]


def certificate_rules() -> list[Manifest]:
    """What the webhook may do in its own namespace: keep its certificate. `create` cannot be limited to a name."""
    return [
        rule("", ["secrets"], ("create",)),
        rule("", ["secrets"], ("get", "update", "patch"), names=[WEBHOOK_SECRET]),
    ]


def configuration_rules() -> list[Manifest]:
    """What the webhook may do in the cluster: tell whom to trust, and see whether there is a default storage class."""
    group = "admissionregistration.k8s.io"
    verbs = ("get", "patch")
    return [
        rule(group, ["mutatingwebhookconfigurations"], verbs, names=[MUTATING_WEBHOOK]),
        rule(group, ["validatingwebhookconfigurations"], verbs, names=[VALIDATING_WEBHOOK]),
        rule("storage.k8s.io", ["storageclasses"], _READ),
    ]


def rule(group: str, resources: Sequence[str], verbs: Sequence[str], *, names: Sequence[str] = ()) -> Manifest:
    """One rule of a role."""
    named: Manifest = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs), **named}


def _service_account(name: str, namespace: str, labels: Labels | None) -> Manifest:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, namespace, labels=labels)}


def _granted(
    name: str,
    rules: list[Manifest],
    account: tuple[str, str],
    *,
    labels: Labels | None,
    cluster_wide: bool = False,
) -> tuple[Manifest, Manifest]:
    """A role and its binding to an account, given as (name, namespace)."""
    prefix, namespace = ("Cluster", None) if cluster_wide else ("", account[1])
    version = {"apiVersion": f"{RBAC_GROUP}/v1"}
    subject = {"kind": "ServiceAccount", "name": account[0], "namespace": account[1]}
    role: Manifest = {**version, "kind": f"{prefix}Role", "metadata": metadata(name, namespace, labels=labels)}
    binding: Manifest = {
        **version,
        "kind": f"{prefix}RoleBinding",
        "metadata": metadata(f"{name}-binding", namespace, labels=labels),
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": f"{prefix}Role", "name": name},
        "subjects": [subject],
    }
    return {**role, "rules": rules}, binding
