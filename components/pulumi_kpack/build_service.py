"""The component that installs the build service into a cluster."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from kpack_api.certificates import read_certificates
from kpack_api.network import NEVER_PROXIED
from kpack_api.process import NAMESPACE, PROXY_SECRET, Command, Environment, Proxy
from pulumi_kpack import manifests
from pulumi_kpack.args import BuildServiceArgs, ProxyArgs
from pulumi_kpack.claim import claim_cluster
from pulumi_kpack.manifests.admission import webhook_configurations, webhook_service
from pulumi_kpack.manifests.hooks import Endpoint, hooks_secret, hooks_service, hooks_url, service_host
from pulumi_kpack.manifests.network import certificates_map, certificates_source, proxy_secret, proxy_sources
from pulumi_kpack.manifests.rbac import access, access_to
from pulumi_kpack.manifests.service import definitions, namespace
from pulumi_kpack.manifests.workloads import DEFAULT_RESOURCES, Workload, deployment, disruption_budget
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject
from pulumi_kpack.rollout import see_running
from pulumi_kpack.rules import check_build_service
from pulumi_kpack.watched import known_names, watched_namespaces

_ROLLOUT_MINUTES = 5
_DEFAULT_REPLICAS = 2


class BuildService(pulumi.ComponentResource):
    """kpack's API and the reconciler behind it, for the whole cluster or for some of its namespaces. One per cluster.

    Builders and Images depend on it (`depends_on=[service]`): they need its webhook.
    """

    namespace: pulumi.Output[str]
    """The system namespace."""

    namespaces: pulumi.Output[list[str]]
    """The only namespaces that are watched; empty where all are."""

    image: pulumi.Output[str]
    """The reconciler's image that runs."""

    hook_url: pulumi.Output[str]
    """Where git servers and registries send push hooks to; empty where there are none."""

    hook_secret: pulumi.Output[str]
    """What they prove themselves with; hidden, and empty where there are no hooks."""

    def __init__(self, name: str, args: BuildServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the service; `up` waits until both Deployments are ready."""
        check_build_service(name, args)
        super().__init__("pulumi-kpack:index:BuildService", name, None, opts)
        system = args.get("namespace", NAMESPACE)
        labels = args.get("labels", {})
        retained = args.get("retain_definitions", True)

        claimed = claim_cluster(name, self, system, labels=labels)
        home = self._declare(namespace(system, labels=labels), after=[claimed])
        watched = known_names(name, args.get("namespaces") or ())
        workload = dataclasses.replace(_workload(args, watched), sources=self._connect(args, home))
        kinds = [self._declare(each, after=[claimed], retain_on_delete=retained) for each in definitions()]
        rights = self._grant(args, home)
        selected = watched.apply(sorted) if args.get("namespaces") else None
        doors = [
            self._declare(webhook_service(system, labels=labels), after=[home]),
            *(
                self._declare(each, after=kinds)
                for each in webhook_configurations(system, labels=labels, watched=selected)
            ),
            *self._take_hooks(args, home),
        ]
        for command in (Command.CONTROLLER, Command.WEBHOOK):
            self._declare(disruption_budget(command, workload), after=[home])
        processes = [
            self._declare(deployment(command, workload), after=[*kinds, *rights, *doors], minutes=_ROLLOUT_MINUTES)
            for command in (Command.CONTROLLER, Command.WEBHOOK)
        ]
        self.namespace = see_running(name, self, processes, home.object_name)
        self.namespaces = watched
        self.image = pulumi.Output.from_input(args["image"])
        self.hook_url, self.hook_secret = _hook_outputs(args)
        shown = ("namespace", "namespaces", "image", "hook_url", "hook_secret")
        self.register_outputs({output: getattr(self, output) for output in shown})

    def _take_hooks(self, args: BuildServiceArgs, home: pulumi.Resource) -> list[KubernetesObject]:
        """Declare the endpoint of push hooks, where there is one."""
        hooks, system, labels = args.get("hooks"), args.get("namespace", NAMESPACE), args.get("labels", {})
        if not hooks:
            return []
        given = {"secret": hooks["signing_secret"], "previous": hooks.get("previous_signing_secret")}
        secrets = {name: pulumi.Output.secret(value) for name, value in given.items() if value is not None}
        declared = (hooks_service(system, labels=labels), hooks_secret(secrets, system, labels=labels))
        return [self._declare(each, after=[home]) for each in declared]

    def _grant(self, args: BuildServiceArgs, home: pulumi.Resource) -> list[KubernetesObject]:
        """Declare what the processes may do: in the whole cluster, or in the namespaces that they watch."""
        system, labels, given = args.get("namespace", NAMESPACE), args.get("labels", {}), args.get("namespaces") or ()
        return [
            *(self._declare(each, after=[home]) for each in access(system, labels=labels, everywhere=not given)),
            *(
                self._declare(each, suffix=f"{_child_suffix(each)}{place.mark}", after=[home])
                for place in watched_namespaces(self._name, given)
                for each in access_to(place.namespace, system, name=place.role, labels=labels)
            ),
        ]

    def _connect(
        self, args: BuildServiceArgs, home: pulumi.Resource
    ) -> Mapping[Environment | Proxy, manifests.Manifest]:
        """Declare what describes the company's network; the variables of the processes that come of it."""
        system, labels = args.get("namespace", NAMESPACE), args.get("labels", {})
        sources: dict[Environment | Proxy, manifests.Manifest] = {}
        if certificates := read_certificates(args.get("certificates") or ""):
            manifest = certificates_map(certificates, system, labels=labels)
            sources |= certificates_source(self._declare(manifest, suffix="certificates", after=[home]).object_name)
        if proxy := args.get("proxy"):
            proxies = _proxies(proxy)
            manifest = proxy_secret(proxies, system, labels=labels)
            secret = self._declare(manifest, suffix="proxy", after=[home])
            sources |= proxy_sources(secret.metadata.apply(_chosen_name), proxies)
            for place in proxy.get("namespaces", ()):
                manifest = proxy_secret(proxies, place, name=PROXY_SECRET, labels=labels)
                self._declare(manifest, suffix=f"proxy-{place}")
        return sources

    def _declare(
        self,
        manifest: manifests.Manifest,
        *,
        suffix: str = "",
        after: Sequence[pulumi.Resource] = (),
        retain_on_delete: bool = False,
        minutes: int | None = None,
    ) -> KubernetesObject:
        name = f"{self._name}-{suffix or _child_suffix(manifest)}"
        opts = child_options(self, depends_on=after, retain_on_delete=retain_on_delete, minutes=minutes)
        hidden = ["data", "stringData"] if manifest["kind"] == "Secret" else None
        secret = pulumi.ResourceOptions(additional_secret_outputs=hidden)
        return KubernetesObject(name, manifest, pulumi.ResourceOptions.merge(opts, secret))


def _workload(args: BuildServiceArgs, watched: pulumi.Output[list[str]]) -> Workload:
    settings: dict[Environment, object] = {
        Environment.LOG_LEVEL: args.get("log_level"),
        Environment.SOURCE_POLL_SECONDS: args.get("source_poll_seconds"),
        Environment.BUILDER_POLL_SECONDS: args.get("builder_poll_seconds"),
        Environment.MAX_CONCURRENT_BUILDS: args.get("max_concurrent_builds"),
        Environment.MAX_CONCURRENT_BUILDS_PER_NAMESPACE: args.get("max_concurrent_builds_per_namespace"),
    }
    environment: dict[Environment, object] = {name: str(value) for name, value in settings.items() if value is not None}
    if args.get("namespaces"):
        environment[Environment.NAMESPACES] = watched.apply(lambda names: ",".join(sorted(names)))
    if pull_secrets := args.get("image_pull_secrets"):
        environment[Environment.PULL_SECRETS] = pulumi.Output.all(*pull_secrets).apply(",".join)
    return Workload(
        namespace=args.get("namespace", NAMESPACE),
        image=args["image"],
        replicas=args.get("replicas", _DEFAULT_REPLICAS),
        resources=args.get("resources", DEFAULT_RESOURCES),
        environment=environment,
        labels=args.get("labels", {}),
        node_selector=args.get("node_selector", {}),
        tolerations=args.get("tolerations", ()),
        pull_secrets=args.get("image_pull_secrets", ()),
        hooks=Endpoint(certificate=hooks.get("certificate_secret")) if (hooks := args.get("hooks")) else None,
    )


def _hook_outputs(args: BuildServiceArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """URL and secret of push hooks; both empty where there are none."""
    hooks = args.get("hooks")
    if not hooks:
        return pulumi.Output.from_input(""), pulumi.Output.secret("")
    host = hooks.get("outside_host", service_host(args.get("namespace", NAMESPACE)))
    return pulumi.Output.from_input(host).apply(hooks_url), pulumi.Output.secret(hooks["signing_secret"])


def _proxies(args: ProxyArgs) -> Mapping[Proxy, object]:
    """The variables of the proxies, hidden."""
    never = ",".join(dict.fromkeys((*NEVER_PROXIED, *args.get("no_proxy", ()))))
    given = {Proxy.HTTP_PROXY: args.get("http"), Proxy.HTTPS_PROXY: args.get("https"), Proxy.NO_PROXY: never}
    return {name: pulumi.Output.secret(value) for name, value in given.items() if value not in (None, "")}


def _chosen_name(metadata: Mapping[str, Any]) -> str | None:
    """The name that Pulumi chose; None where nothing was made, as under mocks."""
    return metadata.get("name")


def _child_suffix(manifest: Mapping[str, object]) -> str:
    meta = manifest["metadata"]
    name = meta["name"] if isinstance(meta, Mapping) else ""
    return f"{str(manifest['kind']).lower()}-{name}"
