"""The component for the account under which builds run."""

import pulumi

from pulumi_kpack.args import BuildServiceAccountArgs
from pulumi_kpack.credentials import DEFAULT_NAMESPACE
from pulumi_kpack.manifests.credentials import service_account
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject
from pulumi_kpack.rules import check_service_account


class BuildServiceAccount(pulumi.ComponentResource):
    """A service account that names the logins of its builds."""

    account_name: pulumi.Output[str]
    """The service account's name."""

    def __init__(
        self, name: str, args: BuildServiceAccountArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the service account `name`."""
        check_service_account(name, args or {})
        super().__init__("pulumi-kpack:index:BuildServiceAccount", name, None, opts)
        given: BuildServiceAccountArgs = args or {}
        credentials = given.get("credentials", ())
        manifest = service_account(
            name,
            given.get("namespace", DEFAULT_NAMESPACE),
            [*(each.secret_name for each in credentials), *given.get("secrets", ())],
            pull_secrets=[
                *(each.secret_name for each in credentials if each.pulls),
                *given.get("image_pull_secrets", ()),
            ],
        )
        self.account_name = KubernetesObject(f"{name}-serviceaccount", manifest, child_options(self)).object_name
        self.register_outputs({"accountName": self.account_name})
