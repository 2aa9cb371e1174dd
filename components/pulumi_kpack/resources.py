"""Kubernetes objects as Pulumi resources, made from plain manifests.

Owns the type tokens of the Kubernetes provider and the one way to declare and to read an object. Rules:
- `status` is among the inputs, empty: so the provider gives it back as an output;
- the provider's version is the one of the installed `pulumi-kubernetes`.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pulumi

_PROVIDER_VERSION = version("pulumi-kubernetes")
_FIELDS = ("apiVersion", "kind", "metadata", "spec", "status")


class KubernetesObject(pulumi.CustomResource):
    """Any object of the cluster. The manifest is sent as it is, by server-side apply."""

    metadata: pulumi.Output[dict[str, Any]]
    """The object's metadata as the API server holds it."""

    status: pulumi.Output[dict[str, Any] | None]
    """The object's status; None where it has none yet."""

    def __init__(self, name: str, manifest: Mapping[str, object], opts: pulumi.ResourceOptions) -> None:
        """Declare the object."""
        token = type_token(str(manifest["apiVersion"]), str(manifest["kind"]))
        super().__init__(token, name, {**manifest, "status": None}, with_provider_version(opts))

    @property
    def object_name(self) -> pulumi.Output[str]:
        """The object's name in the cluster."""
        return self.metadata.apply(_name)

    @property
    def live_id(self) -> pulumi.Output[str]:
        """The ID to read the object by.

        An object that is only rendered to a file (`renderYamlToDirectory`) has no UID: its ID is unknown, and Pulumi
        leaves the reading out.
        """
        return pulumi.Output.all(self.id, self.metadata).apply(_live_id)


class SeenObject(pulumi.CustomResource):
    """An object as it is in the cluster at each `pulumi up`; it is read, never written."""

    spec: pulumi.Output[dict[str, Any] | None]
    """The object's spec at the time of reading; secret, since what is read does not say which of its values are."""

    status: pulumi.Output[dict[str, Any] | None]
    """The object's status at the time of reading."""

    def __init__(self, name: str, manifest: Mapping[str, object], opts: pulumi.ResourceOptions) -> None:
        """Read the object that `opts.id` (`<namespace>/<name>`) names; of the manifest only the kind counts."""
        token = type_token(str(manifest["apiVersion"]), str(manifest["kind"]))
        hidden = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["spec"]))
        super().__init__(token, name, dict.fromkeys(_FIELDS), with_provider_version(hidden))


def type_token(api_version: str, kind: str) -> str:
    """The Kubernetes provider's type token: `kubernetes:<group>/<version>:<Kind>`, with `core` for the core group."""
    group = api_version if "/" in api_version else f"core/{api_version}"
    return f"kubernetes:{group}:{kind}"


def with_provider_version(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options, with the provider's version."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=_PROVIDER_VERSION))


def _live_id(found: Sequence[Any]) -> str:
    place, metadata = found
    return str(place) if (metadata or {}).get("uid") else pulumi.runtime.rpc.UNKNOWN


def _name(metadata: Mapping[str, Any]) -> str:
    return str(metadata["name"])
