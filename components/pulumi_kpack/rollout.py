"""Whether the service runs: read at each `pulumi up`, before anything that depends on it.

Pulumi waits for a Deployment only when it changes it. A controller that broke since would leave an Image waiting until
its timeout, without a word. Rules:
- a Deployment whose rollout failed or that has no ready pod fails `up` with the next step; a preview does not judge;
- the second Deployment is read only once the first was found to run: what depends on the service starts after both.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject, SeenObject

_DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}


def see_running(
    name: str, parent: pulumi.Resource, deployments: Iterable[KubernetesObject], namespace: pulumi.Output[str]
) -> pulumi.Output[str]:
    """Read the Deployments of the BuildService `name`, in this order; gives the namespace once all of them run."""
    for declared in deployments:
        place = pulumi.Output.all(declared.live_id, namespace).apply(lambda found: str(found[0]))
        reading = pulumi.ResourceOptions.merge(
            child_options(parent, depends_on=[declared]), pulumi.ResourceOptions(id=place)
        )
        seen = SeenObject(f"{declared.pulumi_resource_name}-seen", _DEPLOYMENT, reading)
        namespace = pulumi.Output.all(namespace, place, seen.status).apply(
            lambda found: _checked(name, str(found[0]), place=str(found[1]), status=found[2])
        )
    return namespace


def _checked(name: str, namespace: str, *, place: str, status: Mapping[str, Any] | None) -> str:
    check_running(name, place, status or {})
    return namespace


def check_running(name: str, place: str, status: Mapping[str, Any]) -> None:
    """RunError when the Deployment at `place` (`<namespace>/<name>`) does not run, but in a preview."""
    why = not_running(status)
    if why is None or pulumi.runtime.is_dry_run():
        return
    namespace, _, deployment = place.rpartition("/")
    raise pulumi.RunError(
        f"BuildService {name}: {deployment} does not run: {why}; see "
        f"`kubectl -n {namespace} describe pods -l app={deployment}`, then run `pulumi up` again"
    )


def not_running(status: Mapping[str, Any]) -> str | None:
    """Why a Deployment of this status does not run; None where it does, or where nothing is known yet."""
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        found = conditions.get(kind) or {}
        if found.get("status") == bad:
            return str(found.get("message") or found.get("reason") or f"its condition {kind} is {bad}")
    known = "observedGeneration" in status
    return "none of its pods is ready" if known and not status.get("availableReplicas") else None
