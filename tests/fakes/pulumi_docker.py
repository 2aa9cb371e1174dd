"""A stand-in for the package pulumi-docker 5, whose plugin Pulumi would ask for if it were installed.

Owns the classes, arguments and wire names that the project uses; defaults and all other resources are left out. It is
kept honest by `tests/e2e/test_pulumi_docker.py`, which declares the same with the real package.
"""

import json
from collections.abc import Mapping
from enum import StrEnum

import pulumi


class BuilderVersion(StrEnum):
    """Which builder the daemon uses."""

    BUILDER_BUILD_KIT = "BuilderBuildKit"


@pulumi.input_type
class DockerBuildArgs:
    """What is built."""

    def __init__(
        self,
        *,
        args: Mapping[str, pulumi.Input[str]] | None = None,
        builder_version: BuilderVersion | None = None,
        context: str | None = None,
        dockerfile: str | None = None,
    ) -> None:
        pulumi.set(self, "args", args)
        pulumi.set(self, "builder_version", builder_version)
        pulumi.set(self, "context", context)
        pulumi.set(self, "dockerfile", dockerfile)

    args: pulumi.Input[Mapping[str, pulumi.Input[str]] | None] = pulumi.property("args")
    builder_version: pulumi.Input[str | None] = pulumi.property("builderVersion")
    context: pulumi.Input[str | None] = pulumi.property("context")
    dockerfile: pulumi.Input[str | None] = pulumi.property("dockerfile")


@pulumi.input_type
class RegistryArgs:
    """A login."""

    def __init__(
        self,
        *,
        password: pulumi.Input[str] | None = None,
        server: pulumi.Input[str] | None = None,
        username: pulumi.Input[str] | None = None,
    ) -> None:
        pulumi.set(self, "password", password)
        pulumi.set(self, "server", server)
        pulumi.set(self, "username", username)

    password: pulumi.Input[str | None] = pulumi.property("password")
    server: pulumi.Input[str | None] = pulumi.property("server")
    username: pulumi.Input[str | None] = pulumi.property("username")


class Provider(pulumi.ProviderResource):
    """The daemon."""

    def __init__(
        self, name: str, *, host: str, disable_docker_daemon_check: bool, opts: pulumi.ResourceOptions
    ) -> None:
        inputs = {"host": host, "disableDockerDaemonCheck": json.dumps(disable_docker_daemon_check)}
        super().__init__("docker", name, inputs, opts)


class Image(pulumi.CustomResource):
    """An image that is built and pushed."""

    repoDigest: pulumi.Output[str]  # noqa: N815 - the name on the wire

    def __init__(
        self,
        name: str,
        *,
        image_name: pulumi.Input[str],
        build: DockerBuildArgs,
        build_on_preview: bool,
        registry: RegistryArgs | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "imageName": image_name,
            "build": build,
            "buildOnPreview": build_on_preview,
            "registry": registry,
            "skipPush": False,
            "repoDigest": None,
        }
        super().__init__("docker:index/image:Image", name, inputs, opts)

    @property
    def repo_digest(self) -> pulumi.Output[str]:
        """The image by digest."""
        return self.repoDigest
