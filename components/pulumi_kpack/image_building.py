"""How the reconciler's image is built: by `pulumi_docker_build.Image` or by `pulumi_docker.Image`.

Owns what each package is told. Leaves where the files lie to `reconciler_image`.

Rules:
- Each package is imported only where it builds: the first takes its time, the second need not be installed. It is no
  dependency, since Pulumi would ask for its plugin wherever it is installed.
- A preview builds nothing; with pulumi-docker it asks for no daemon either.
- The image stays in its registry when the component goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import pulumi

from pulumi_kpack.args import ReconcilerImageArgs
from pulumi_kpack.options import child_options

DEFAULT_BASE = "python:3.11-slim"

_EXPORT = "type=image,push=true,rewrite-timestamp=true"
"""With SOURCE_DATE_EPOCH this makes two builds of the same content the same image."""


_SERVER = {"address": "server"}
"""pulumi-docker's word for a login's registry."""


class BuiltBy(StrEnum):
    """The Pulumi packages that can build it."""

    DOCKER_BUILD = "docker-build"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is built: the folder with the packages, and the Dockerfile."""

    context: Path
    dockerfile: Path


def build(
    name: str, args: ReconcilerImageArgs, recipe: Recipe, *, parent: pulumi.ComponentResource
) -> pulumi.Output[str]:
    """Declare the image and its provider as children; the image by digest."""
    by_docker = args.get("built_by") == BuiltBy.DOCKER
    return (_by_docker if by_docker else _by_docker_build)(name, args, recipe, parent)


def _by_docker_build(
    name: str, args: ReconcilerImageArgs, recipe: Recipe, parent: pulumi.ComponentResource
) -> pulumi.Output[str]:
    import pulumi_docker_build as docker_build  # noqa: PLC0415

    provider = docker_build.Provider(f"{name}-buildx", host=args.get("host", ""), opts=child_options(parent))
    login = args.get("registry")
    builder = args.get("builder")
    image = docker_build.Image(
        f"{name}-image",
        context={"location": str(recipe.context)},
        dockerfile={"location": str(recipe.dockerfile)},
        build_args=_build_args(args),
        tags=[_tag(args)],
        exports=[{"raw": _EXPORT}],
        push=False,
        build_on_preview=False,
        secrets={"ca.crt": args["certificates"]} if "certificates" in args else None,
        builder={"name": builder} if builder else None,
        registries=[docker_build.RegistryArgs(**login)] if login else None,
        opts=_options(parent, provider),
    )
    return image.ref


def _by_docker(
    name: str, args: ReconcilerImageArgs, recipe: Recipe, parent: pulumi.ComponentResource
) -> pulumi.Output[str]:
    try:
        docker = import_module("pulumi_docker")
    except ModuleNotFoundError as error:
        raise pulumi.RunError(
            f"{name}: built_by 'docker' needs the package pulumi-docker: `pip install 'pulumi-docker>=5,<6'`, "
            "or leave `built_by` out"
        ) from error
    host, login = args.get("host", ""), args.get("registry")
    provider = docker.Provider(
        f"{name}-docker", host=host, disable_docker_daemon_check=True, opts=child_options(parent)
    )
    build_args = {"builder_version": docker.BuilderVersion.BUILDER_BUILD_KIT, "args": _build_args(args)}
    image = docker.Image(
        f"{name}-image",
        image_name=_tag(args),
        build=docker.DockerBuildArgs(context=str(recipe.context), dockerfile=str(recipe.dockerfile), **build_args),
        build_on_preview=False,
        registry=docker.RegistryArgs(**{_SERVER.get(key, key): value for key, value in login.items()})
        if login
        else None,
        opts=_options(parent, provider),
    )
    digest: pulumi.Output[str] = image.repo_digest
    return digest


def _build_args(args: ReconcilerImageArgs) -> Mapping[str, pulumi.Input[str]]:
    return {"BASE": args.get("base", DEFAULT_BASE), "SOURCE_DATE_EPOCH": "0"}


def _tag(args: ReconcilerImageArgs) -> pulumi.Output[str]:
    return pulumi.Output.concat(args["repository"], ":latest")


def _options(parent: pulumi.ComponentResource, provider: pulumi.ProviderResource) -> pulumi.ResourceOptions:
    kept = child_options(parent, retain_on_delete=True)
    return pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(provider=provider))
