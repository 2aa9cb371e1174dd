"""The components for logins: to registries and to git servers."""

from collections.abc import Mapping

import pulumi

from pulumi_kpack.args import DOCKER_HUB, GitCredentialsArgs, RegistryCredentialsArgs
from pulumi_kpack.manifests import credentials as manifests
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject
from pulumi_kpack.rules import check_git_credentials, check_registry_credentials

DEFAULT_NAMESPACE = "default"


class RegistryCredentials(pulumi.ComponentResource):
    """A login to a registry as a Secret that builds use once a `BuildServiceAccount` names it."""

    secret_name: pulumi.Output[str]
    """The Secret's name."""

    pulls: bool
    """Whether the kubelet can pull with it: a docker configuration can, a login cannot."""

    def __init__(self, name: str, args: RegistryCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Secret `name`."""
        check_registry_credentials(name, args)
        super().__init__("pulumi-kpack:index:RegistryCredentials", name, None, opts)
        namespace = args.get("namespace", DEFAULT_NAMESPACE)
        self.pulls = "docker_config_json" in args
        self.registry: pulumi.Input[str] = args.get("registry", DOCKER_HUB)
        if self.pulls:
            manifest = manifests.docker_config(name, namespace, pulumi.Output.secret(args["docker_config_json"]))
        else:
            manifest = manifests.registry_login(
                name,
                namespace,
                self.registry,
                username=args["username"],
                password=pulumi.Output.secret(args["password"]),
            )
        self.secret_name = _secret(self, name, manifest).object_name
        self.register_outputs({"secretName": self.secret_name})


class GitCredentials(pulumi.ComponentResource):
    """A login to a git server as a Secret that builds use once a `BuildServiceAccount` names it."""

    secret_name: pulumi.Output[str]
    """The Secret's name."""

    pulls: bool = False
    """The kubelet never pulls with it."""

    def __init__(self, name: str, args: GitCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Secret `name`."""
        check_git_credentials(name, args)
        super().__init__("pulumi-kpack:index:GitCredentials", name, None, opts)
        namespace = args.get("namespace", DEFAULT_NAMESPACE)
        if "ssh_private_key" in args:
            key = pulumi.Output.secret(args["ssh_private_key"])
            hosts = args.get("known_hosts")
            manifest = manifests.git_key(name, namespace, args["url"], private_key=key, known_hosts=hosts)
        else:
            password = pulumi.Output.secret(args["password"])
            manifest = manifests.git_login(name, namespace, args["url"], username=args["username"], password=password)
        self.secret_name = _secret(self, name, manifest).object_name
        self.register_outputs({"secretName": self.secret_name})


def _secret(parent: pulumi.Resource, name: str, manifest: Mapping[str, object]) -> KubernetesObject:
    hidden = pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
    opts = pulumi.ResourceOptions.merge(child_options(parent), hidden)
    return KubernetesObject(f"{name}-secret", manifest, opts)
