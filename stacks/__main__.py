"""The build service and one application: from a commit to an image, and by its digest to the next environment."""

import pulumi
from settings import ApplicationSettings, BuildSettings, PromotionSettings, ServiceSettings, read_settings

from pulumi_kpack import (
    Builder,
    BuildService,
    BuildServiceAccount,
    BuildServiceArgs,
    GitCredentials,
    Image,
    Promotion,
    PromotionRulesArgs,
    ReconcilerImage,
    ReconcilerImageArgs,
    RegistryCredentials,
)


def declare() -> None:
    """Declare all of the stack."""
    settings = read_settings(pulumi.Config())
    service = declare_service(settings.service)
    if isinstance(settings.application, PromotionSettings):
        promote_application(settings.application, service)
    else:
        build_application(settings.application, service)


def build_application(settings: ApplicationSettings, service: BuildService) -> None:
    """Build the application from git; the next environment's stack reads `image` and `builtAt`."""
    app = declare_application(settings, service)
    pulumi.export("image", app.latest_image)
    pulumi.export("builtAt", app.built_at)
    pulumi.export("latestBuild", app.latest_build)
    pulumi.export("tags", app.tags)


def promote_application(settings: PromotionSettings, service: BuildService) -> None:
    """Take the image of another stack by its digest; nothing is built anew."""
    before = pulumi.StackReference(settings.from_stack)
    built_at = before.require_output("builtAt")
    logins = [
        RegistryCredentials(
            f"promotion-{number}",
            {
                "registry": login.server,
                "username": login.username,
                "password": login.password,
                "namespace": settings.namespace,
            },
        )
        for number, login in enumerate(settings.logins, start=1)
    ]
    app = Promotion(
        "go-sample-app",
        {
            "image": before.require_output("image"),
            "target": settings.tag,
            "rules": promotion_rules(settings),
            "built_at": built_at,
            "reconciler_image": service.image,
            "credentials": logins,
            "namespace": settings.namespace,
        },
        pulumi.ResourceOptions(depends_on=[service]),
    )
    pulumi.export("image", app.image)
    pulumi.export("builtAt", built_at)


def promotion_rules(settings: PromotionSettings) -> PromotionRulesArgs:
    """What the image must be like."""
    rules: PromotionRulesArgs = {"max_age_hours": settings.max_age_hours}
    if settings.known_run_images:
        rules["known_run_images"] = settings.known_run_images
    return rules


def declare_service(settings: ServiceSettings) -> BuildService:
    """The build service; its image is built here when none is given."""
    args: BuildServiceArgs = {
        "image": build_reconciler(settings.image) if isinstance(settings.image, BuildSettings) else settings.image,
        "replicas": settings.replicas,
        "log_level": settings.log_level,
        "source_poll_seconds": settings.source_poll_seconds,
        "builder_poll_seconds": settings.builder_poll_seconds,
    }
    if settings.certificates is not None:
        args["certificates"] = settings.certificates.read_text()
    if settings.proxy is not None:
        words = {"no_proxy": settings.no_proxy, "namespaces": settings.build_namespaces}
        args["proxy"] = {"https": settings.proxy, **words}  # type: ignore[typeddict-item]
    if settings.hook_secret is not None:
        args["hooks"] = {"signing_secret": settings.hook_secret}
    return BuildService("kpack", args)


def build_reconciler(settings: BuildSettings) -> pulumi.Output[str]:
    """The reconciler's image, built from the installed packages."""
    args: ReconcilerImageArgs = {"repository": settings.repository}
    if settings.base is not None:
        args["base"] = settings.base
    if settings.builder is not None:
        args["builder"] = settings.builder
    if settings.certificates is not None:
        args["certificates"] = settings.certificates.read_text()
    return ReconcilerImage("reconciler", args).ref


def declare_application(settings: ApplicationSettings, service: BuildService) -> Image:
    """The application's builder, account and Image."""
    after = pulumi.ResourceOptions(depends_on=[service])
    namespace = settings.namespace
    account = BuildServiceAccount("kpack-bot", {"credentials": logins(settings), "namespace": namespace})
    builder = Builder("sample-builder", {"image": settings.builder_image, "namespace": namespace}, after)
    cache: dict[str, str] = {} if settings.cache_size is None else {"cache_size": settings.cache_size}
    return Image(
        "go-sample-app",
        {
            "tag": settings.tag,
            "builder": builder,
            "service_account": account,
            "source": {"git": {"url": settings.git_url, "revision": settings.git_revision}},
            "namespace": namespace,
            **cache,  # type: ignore[typeddict-item]
        },
        after,
    )


def logins(settings: ApplicationSettings) -> list[RegistryCredentials | GitCredentials]:
    """The logins that the stack names."""
    found: list[RegistryCredentials | GitCredentials] = []
    if login := settings.registry_login:
        words = {"username": login.username, "password": login.password, "namespace": settings.namespace}
        found.append(RegistryCredentials("regcred", {"registry": login.server, **words}))  # type: ignore[typeddict-item]
    if login := settings.git_login:
        words = {"username": login.username, "password": login.password, "namespace": settings.namespace}
        found.append(GitCredentials("gitcred", {"url": login.server, **words}))  # type: ignore[typeddict-item]
    return found


declare()
