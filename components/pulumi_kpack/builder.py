"""The components for builders: what turns source code into images."""

import pulumi

from kpack_api.types import Kind
from pulumi_kpack.args import BuilderArgs, ClusterBuilderArgs
from pulumi_kpack.credentials import DEFAULT_NAMESPACE
from pulumi_kpack.manifests import metadata
from pulumi_kpack.manifests.resources import builder
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject
from pulumi_kpack.rules import check_builder, check_cluster_builder


class Builder(pulumi.ComponentResource):
    """A ready-made builder image for the Images of one namespace."""

    kind: Kind = Kind.BUILDER
    """The object's kind, by which Images name it."""

    builder_name: pulumi.Output[str]
    """The object's name."""

    def __init__(self, name: str, args: BuilderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Builder `name`."""
        check_builder(name, args)
        super().__init__("pulumi-kpack:index:Builder", name, None, opts)
        meta = metadata(name, args.get("namespace", DEFAULT_NAMESPACE))
        manifest = builder(Kind.BUILDER, meta, args)
        self.builder_name = KubernetesObject(f"{name}-builder", manifest, child_options(self)).object_name
        self.register_outputs({"builderName": self.builder_name})


class ClusterBuilder(pulumi.ComponentResource):
    """A ready-made builder image for the Images of every namespace."""

    kind: Kind = Kind.CLUSTER_BUILDER
    """The object's kind, by which Images name it."""

    builder_name: pulumi.Output[str]
    """The object's name."""

    def __init__(self, name: str, args: ClusterBuilderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the ClusterBuilder `name`."""
        check_cluster_builder(name, args)
        super().__init__("pulumi-kpack:index:ClusterBuilder", name, None, opts)
        manifest = builder(Kind.CLUSTER_BUILDER, metadata(name), args)
        self.builder_name = KubernetesObject(f"{name}-clusterbuilder", manifest, child_options(self)).object_name
        self.register_outputs({"builderName": self.builder_name})
