"""The component that installs the build service into a cluster."""

from collections.abc import Mapping, Sequence

import pulumi

from kpack_api.process import NAMESPACE, Command, Environment
from pulumi_kpack import manifests
from pulumi_kpack.args import BuildServiceArgs
from pulumi_kpack.manifests.admission import webhook_configurations, webhook_service
from pulumi_kpack.manifests.rbac import access
from pulumi_kpack.manifests.service import definitions, namespace
from pulumi_kpack.manifests.workloads import DEFAULT_RESOURCES, Workload, deployment, disruption_budget
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject
from pulumi_kpack.rules import check_build_service

_ROLLOUT_MINUTES = 5
_DEFAULT_REPLICAS = 2


class BuildService(pulumi.ComponentResource):
    """kpack's API and the reconciler behind it, for the whole cluster. One per cluster.

    Builders and Images depend on it (`depends_on=[service]`): they need its webhook.
    """

    namespace: pulumi.Output[str]
    """The system namespace."""

    image: pulumi.Output[str]
    """The reconciler's image that runs."""

    def __init__(self, name: str, args: BuildServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the service; `up` waits until both Deployments are ready."""
        check_build_service(name, args)
        super().__init__("pulumi-kpack:index:BuildService", name, None, opts)
        system = args.get("namespace", NAMESPACE)
        labels = args.get("labels", {})
        workload = _workload(args)
        retained = args.get("retain_definitions", True)

        home = self._declare(namespace(system, labels=labels))
        kinds = [self._declare(each, retain_on_delete=retained) for each in definitions(labels=labels)]
        rights = [self._declare(each, after=[home]) for each in access(system, labels=labels)]
        doors = [
            self._declare(webhook_service(system, labels=labels), after=[home]),
            *(self._declare(each, after=kinds) for each in webhook_configurations(system, labels=labels)),
        ]
        for command in (Command.CONTROLLER, Command.WEBHOOK):
            self._declare(disruption_budget(command, workload), after=[home])
            self._declare(deployment(command, workload), after=[*kinds, *rights, *doors], minutes=_ROLLOUT_MINUTES)
        self.namespace = home.object_name
        self.image = pulumi.Output.from_input(args["image"])
        self.register_outputs({"namespace": self.namespace, "image": self.image})

    def _declare(
        self,
        manifest: manifests.Manifest,
        *,
        after: Sequence[pulumi.Resource] = (),
        retain_on_delete: bool = False,
        minutes: int | None = None,
    ) -> KubernetesObject:
        name = f"{self._name}-{_child_suffix(manifest)}"
        opts = child_options(self, depends_on=after, retain_on_delete=retain_on_delete, minutes=minutes)
        return KubernetesObject(name, manifest, opts)


def _workload(args: BuildServiceArgs) -> Workload:
    settings: dict[Environment, object] = {
        Environment.LOG_LEVEL: args.get("log_level"),
        Environment.SOURCE_POLL_SECONDS: args.get("source_poll_seconds"),
        Environment.BUILDER_POLL_SECONDS: args.get("builder_poll_seconds"),
    }
    return Workload(
        namespace=args.get("namespace", NAMESPACE),
        image=args["image"],
        replicas=args.get("replicas", _DEFAULT_REPLICAS),
        resources=args.get("resources", DEFAULT_RESOURCES),
        environment={name: str(value) for name, value in settings.items() if value is not None},
        labels=args.get("labels", {}),
        node_selector=args.get("node_selector", {}),
        tolerations=args.get("tolerations", ()),
        pull_secrets=args.get("image_pull_secrets", ()),
    )


def _child_suffix(manifest: Mapping[str, object]) -> str:
    meta = manifest["metadata"]
    name = meta["name"] if isinstance(meta, Mapping) else ""
    return f"{str(manifest['kind']).lower()}-{name}"
