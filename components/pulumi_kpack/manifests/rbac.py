"""What the controller and the webhook may do: their service accounts, roles and bindings.

Names are kpack's (`config/` of kpack v0.0.9). Rules:
- least privilege: secrets can be read one by one, never listed by the controller; the webhook touches its own Secret
  and its own two configurations only;
- where only some namespaces are watched, a Role in each of them grants what else a ClusterRole does; ClusterRoles then
  hold only what is no namespace's;
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
CONTROLLER_BUILDS = "kpack-controller-builds"
"""In a namespace that is watched."""
CONTROLLER_CLUSTER = "kpack-controller-clusterbuilders"
CONTROLLER_EVENTS = "kpack-controller-events"
CONTROLLER_LEASE = "kpack-controller-lease"
WEBHOOK_CERTIFICATES = "kpack-webhook-certs-admin"
WEBHOOK_CONFIGURATIONS = "kpack-webhook-mutatingwebhookconfiguration-admin"

_READ = ("get", "list", "watch")
_OWN = (*_READ, "create", "update", "patch", "delete")
_RUN = (*_READ, "create", "patch", "delete")
_EVENTS_OF_CLUSTER = "default"
"""The namespace of Events on objects that have none (Kubernetes, client-go's recorder)."""


def access(namespace: str, *, labels: Labels | None = None, everywhere: bool = True) -> tuple[Manifest, ...]:
    """The service accounts, roles and bindings of the service; without `everywhere`, `access_to` makes the others."""
    controller, webhook = (CONTROLLER_SERVICE_ACCOUNT, namespace), (WEBHOOK_SERVICE_ACCOUNT, namespace)
    everything = _granted(CONTROLLER_ADMIN, controller_rules(), controller, labels=labels)
    little = (
        *_granted(CONTROLLER_CLUSTER, cluster_rules(), controller, labels=labels),
        *_granted(CONTROLLER_EVENTS, [_EVENTS], controller, labels=labels, within=_EVENTS_OF_CLUSTER),
    )
    return (
        _service_account(*controller, labels),
        _service_account(*webhook, labels),
        *(everything if everywhere else little),
        *_granted(CONTROLLER_LEASE, lease_rules(), controller, labels=labels, within=namespace),
        *_granted(WEBHOOK_CERTIFICATES, certificate_rules(), webhook, labels=labels, within=namespace),
        *_granted(WEBHOOK_CONFIGURATIONS, configuration_rules(), webhook, labels=labels),
    )


def access_to(
    watched: object, namespace: str, *, name: str = CONTROLLER_BUILDS, labels: Labels | None = None
) -> tuple[Manifest, Manifest]:
    """The role in a namespace that is watched, and its binding to the controller of the system namespace."""
    kinds = [kind for kind in Kind if kind is not Kind.CLUSTER_BUILDER]
    controller = (CONTROLLER_SERVICE_ACCOUNT, namespace)
    return _granted(name, controller_rules(kinds), controller, labels=labels, within=watched)


def cluster_rules() -> list[Manifest]:
    """What the controller may do with objects that have no namespace, where it may do little else in the cluster."""
    plural = PLURALS[Kind.CLUSTER_BUILDER]
    return [rule(BUILD_GROUP, [plural], _READ), rule(BUILD_GROUP, [f"{plural}/status"], ("patch",))]


def controller_rules(kinds: Sequence[Kind] = tuple(Kind)) -> list[Manifest]:
    """What the controller may do with these kinds, their pods and what they read: in every namespace, or in one."""
    plurals = [PLURALS[kind] for kind in kinds]
    return [
        rule(BUILD_GROUP, [*plurals, *(f"{plural}/status" for plural in plurals)], _OWN),
        rule(BUILD_GROUP, [f"{PLURALS[Kind.IMAGE]}/finalizers", f"{PLURALS[Kind.BUILD]}/finalizers"], ("update",)),
        rule("", ["pods", "persistentvolumeclaims"], _RUN),
        rule("", ["serviceaccounts"], ("get", "list")),
        rule("", ["secrets"], ("get",)),
        _EVENTS,
    ]


def lease_rules() -> list[Manifest]:
    """What the controller may do in its own namespace: elect a leader."""
    return [
        rule("coordination.k8s.io", ["leases"], ("create",)),
        rule("coordination.k8s.io", ["leases"], ("get", "watch", "update"), names=[LEASE_NAME]),
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


_EVENTS = rule("", ["events"], ("create", "patch"))


def _service_account(name: str, namespace: str, labels: Labels | None) -> Manifest:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, namespace, labels=labels)}


def _granted(
    name: str,
    rules: list[Manifest],
    account: tuple[str, str],
    *,
    labels: Labels | None,
    within: object = None,
) -> tuple[Manifest, Manifest]:
    """A role in a namespace, or for the cluster, and its binding to an account, given as (name, namespace)."""
    prefix = "Cluster" if within is None else ""
    version = {"apiVersion": f"{RBAC_GROUP}/v1"}
    subject = {"kind": "ServiceAccount", "name": account[0], "namespace": account[1]}
    role: Manifest = {**version, "kind": f"{prefix}Role", "metadata": metadata(name, within, labels=labels)}
    binding: Manifest = {
        **version,
        "kind": f"{prefix}RoleBinding",
        "metadata": metadata(f"{name}-binding", within, labels=labels),
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": f"{prefix}Role", "name": name},
        "subjects": [subject],
    }
    return {**role, "rules": rules}, binding
