"""Which question each object asks of the world. Pollers, `gather` and `decide` ask by these, so that answers are found.

Rules (kpack v0.0.9):
- A Builder reads its image with its pull secrets and the service account `default` of its namespace.
- A ClusterBuilder reads it with the process's own credentials only.
- A Build reads it with its service account and the builder's pull secrets.
"""

from kpack_api.types import Build, Builder, Kind, SourceResolver
from kpack_reconciler.model.facts import BuilderImageQuestion, RebaseQuestion, RevisionQuestion, ServiceAccountQuestion

_BUILDER_SERVICE_ACCOUNT = "default"


def revision_question(source_resolver: SourceResolver) -> RevisionQuestion | None:
    """What a SourceResolver asks of a git server; None for other sources, which need no answer."""
    git = source_resolver.spec.source.git
    if git is None:
        return None
    return RevisionQuestion(
        git.url, git.revision, source_resolver.metadata.namespace, source_resolver.spec.service_account
    )


def builder_question(builder: Builder) -> BuilderImageQuestion:
    """What a Builder or ClusterBuilder asks of a registry."""
    if builder.kind is Kind.CLUSTER_BUILDER:
        return BuilderImageQuestion(builder.spec.image, "", "")
    return BuilderImageQuestion(
        builder.spec.image, builder.metadata.namespace, _BUILDER_SERVICE_ACCOUNT, builder.spec.image_pull_secrets
    )


def build_builder_question(build: Build) -> BuilderImageQuestion:
    """What a Build asks of a registry before its pod can be made."""
    spec = build.spec
    return BuilderImageQuestion(
        spec.builder_image, build.metadata.namespace, spec.service_account, spec.builder_image_pull_secrets
    )


def service_account_question(build: Build) -> ServiceAccountQuestion:
    """Whose credentials a Build needs before its pod can be made."""
    return ServiceAccountQuestion(build.metadata.namespace, build.spec.service_account)


def rebase_question(build: Build, run_image: str) -> RebaseQuestion:
    """What becomes of a Build's last result on this run image."""
    metadata, spec = build.metadata, build.spec
    return RebaseQuestion(
        namespace=metadata.namespace,
        build=metadata.name,
        build_uid=metadata.uid,
        service_account=spec.service_account,
        pull_secrets=spec.builder_image_pull_secrets,
        app_image="" if spec.last_build is None else spec.last_build.image,
        run_image=run_image,
        tags=spec.tags,
    )
