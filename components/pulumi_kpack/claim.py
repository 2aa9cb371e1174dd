"""Who may install: the first, until it is gone. A second BuildService of the cluster is refused before it acts.

Leaves to `manifests.claim` what the object looks like, and to the API server the refusal.
"""

import pulumi

from pulumi_kpack.manifests import Labels
from pulumi_kpack.manifests.claim import claim
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject


def claim_cluster(name: str, parent: pulumi.Resource, namespace: str, *, labels: Labels) -> KubernetesObject:
    """Claim the cluster for the BuildService `name` of this stack, whose system namespace this is.

    Another owner's claim is another object: a renamed stack gives its old claim up first.
    """
    manifest = claim(owner(name, namespace), labels=labels)
    anew = pulumi.ResourceOptions(replace_on_changes=["metadata.annotations"], delete_before_replace=True)
    opts = pulumi.ResourceOptions.merge(child_options(parent), anew)
    return KubernetesObject(f"{name}-claim", manifest, opts)


def owner(name: str, namespace: str) -> str:
    """Who installs, in words: what the refused one reads."""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    return f"BuildService {name} of stack {stack} in namespace {namespace}"
