"""A container build service for any Kubernetes cluster, as Pulumi components: what a Pulumi program imports."""

from pulumi_kpack.args import (
    BindingArgs,
    BlobSourceArgs,
    BuildArgs,
    BuilderArgs,
    BuilderReferenceArgs,
    BuildServiceAccountArgs,
    BuildServiceArgs,
    ClusterBuilderArgs,
    ExistingImageArgs,
    GitCredentialsArgs,
    GitSourceArgs,
    ImageArgs,
    ProxyArgs,
    ReconcilerImageArgs,
    RegistryCredentialsArgs,
    RegistrySourceArgs,
    SourceArgs,
)
from pulumi_kpack.build_service import BuildService
from pulumi_kpack.builder import Builder, ClusterBuilder
from pulumi_kpack.credentials import GitCredentials, RegistryCredentials
from pulumi_kpack.image import ExistingImage, Image
from pulumi_kpack.promotion import Promotion
from pulumi_kpack.promotion_args import PromotionArgs, PromotionRulesArgs
from pulumi_kpack.reconciler_image import ReconcilerImage
from pulumi_kpack.rules import InvalidArgumentError
from pulumi_kpack.service_account import BuildServiceAccount

__all__ = [
    "BindingArgs",
    "BlobSourceArgs",
    "BuildArgs",
    "BuildService",
    "BuildServiceAccount",
    "BuildServiceAccountArgs",
    "BuildServiceArgs",
    "Builder",
    "BuilderArgs",
    "BuilderReferenceArgs",
    "ClusterBuilder",
    "ClusterBuilderArgs",
    "ExistingImage",
    "ExistingImageArgs",
    "GitCredentials",
    "GitCredentialsArgs",
    "GitSourceArgs",
    "Image",
    "ImageArgs",
    "InvalidArgumentError",
    "Promotion",
    "PromotionArgs",
    "PromotionRulesArgs",
    "ProxyArgs",
    "ReconcilerImage",
    "ReconcilerImageArgs",
    "RegistryCredentials",
    "RegistryCredentialsArgs",
    "RegistrySourceArgs",
    "SourceArgs",
]
