"""kpack's controller v0.17.1 as it is measured: `kpack.io/v1alpha2`, a builder that it composes itself.

Rules:
- `SCALING_FACTOR` scales its client's rate limits and its workers together; 1 is its default.
- The definitions are kpack's own (any object, with a status) without the conversion webhook, of version v1alpha2 only.
- It has neither leader election nor a second replica.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dev.bench.builder_images import BUILDPACK, LIFECYCLE_VERSION, STACK_ID
from dev.bench.load import NAMESPACE
from dev.bench.place import Place
from dev.bench.subject import BUILDER, Wanted, daemon_name, image_of, namespace
from dev.cluster.api import Object
from dev.machine.processes import Daemon

VERSION: Final = "v0.17.1"
PROGRAM: Final = "kpack-controller"
GROUP: Final = "kpack.io"
SYSTEM: Final = "kpack"
_API_VERSION = f"{GROUP}/v1alpha2"
_API = f"/apis/{_API_VERSION}"
_NAMESPACED = ("Build", "Builder", "Buildpack", "Image", "SourceResolver")
_CLUSTER_WIDE = ("ClusterBuilder", "ClusterBuildpack", "ClusterLifecycle", "ClusterStack", "ClusterStore")
_LOGGING = '{"level":"info","outputPaths":["stdout"],"errorOutputPaths":["stderr"],"encoding":"json"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpack:
    """See `Subject`."""

    factor: int
    api: str = _API
    rebases_itself: bool = False

    @property
    def name(self) -> str:
        """The head of its column."""
        return "kpack" if self.factor == 1 else f"kpack, factor {self.factor}"

    def definitions(self) -> Sequence[Object]:
        """Give kpack's CustomResourceDefinitions."""
        scopes = {**dict.fromkeys(_NAMESPACED, "Namespaced"), **dict.fromkeys(_CLUSTER_WIDE, "Cluster")}
        return tuple(_definition(kind, scope) for kind, scope in scopes.items())

    def objects(self, place: Place) -> Sequence[Wanted]:
        """Give kpack's namespace and settings, and a builder of stack, store and lifecycle."""
        registry = place.registry
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "controller"}}
        logging = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "config-logging"},
            "data": {"zap-logger-config": _LOGGING},
        }
        run_image, build_image = {"image": f"{registry}/stack/run:1"}, {"image": f"{registry}/stack/build:1"}
        builder = {
            "tag": f"{registry}/composed/builder",
            "stack": {"kind": "ClusterStack", "name": BUILDER},
            "store": {"kind": "ClusterStore", "name": BUILDER},
            "lifecycle": {"kind": "ClusterLifecycle", "name": BUILDER},
            "serviceAccountRef": {"name": "default", "namespace": NAMESPACE},
            "order": [{"group": [{"id": BUILDPACK["id"]}]}],
        }
        return (
            namespace(SYSTEM),
            (f"/api/v1/namespaces/{SYSTEM}/serviceaccounts", account),
            (f"/api/v1/namespaces/{SYSTEM}/configmaps", logging),
            _cluster_wide("ClusterLifecycle", {"image": f"{registry}/lifecycle:1"}),
            _cluster_wide("ClusterStack", {"id": STACK_ID, "buildImage": build_image, "runImage": run_image}),
            _cluster_wide("ClusterStore", {"sources": [{"image": f"{registry}/buildpack:1"}]}),
            _cluster_wide("ClusterBuilder", builder),
        )

    def daemon(self, place: Place, replica: int) -> Daemon:
        """Describe the controller's process."""
        names = ("BUILD_INIT_IMAGE", "BUILD_WAITER_IMAGE", "REBASE_IMAGE", "COMPLETION_IMAGE")
        environment = {
            **{name: f"{place.registry}/{name.lower().replace('_', '-')}" for name in names},
            "SCALING_FACTOR": str(self.factor),
            "SYSTEM_NAMESPACE": SYSTEM,
            "SYSTEM_SERVICE_ACCOUNT": "controller",
            "CONFIG_LOGGING_NAME": "config-logging",
            "CONFIG_OBSERVABILITY_NAME": "config-observability",
            "METRICS_DOMAIN": GROUP,
        }
        command = (place.cluster.tool(PROGRAM), f"-kubeconfig={place.cluster.state.kubeconfig}")
        return Daemon(name=daemon_name(replica), command=command, environment=environment)

    def stand_by(self, place: Place) -> None:
        """Do nothing: it has no second replica."""

    def recover(self, place: Place) -> None:
        """Start it again at once: a kubelet would take longer."""
        place.start(self.daemon(place, 0))

    def image(self, place: Place, name: str, *, tag: str, repository: str) -> Object:
        """Give an Image with its version of the API, and its word for the service account."""
        image = image_of(place, name, tag=tag, repository=repository)
        return {**image, "apiVersion": _API_VERSION, "spec": {**image["spec"], "serviceAccountName": "default"}}

    def success(self, build: Object, builder: Object, *, latest_image: str) -> Object:
        """Give what kpack's controller notes of a pod that ended well."""
        since = build["metadata"]["creationTimestamp"]
        return {
            "conditions": [{"type": "Succeeded", "status": "True", "lastTransitionTime": since}],
            "latestImage": latest_image,
            "stack": {"runImage": builder["status"]["stack"]["runImage"], "id": STACK_ID},
            "lifecycleVersion": LIFECYCLE_VERSION,
            "buildMetadata": [BUILDPACK],
            "podName": f"{build['metadata']['name']}-build-pod",
        }

    def move_run_image(self, place: Place) -> tuple[str, Mapping[str, object]]:
        """Have the stack name the other run image; kpack then composes the builder anew."""
        return f"{_API}/clusterstacks/{BUILDER}", {"spec": {"runImage": {"image": f"{place.registry}/stack/run:2"}}}

    def trigger(self) -> Object:
        """Annotate a Build as `kp image trigger` does."""
        return {"metadata": {"annotations": {f"image.{GROUP}/additionalBuildNeeded": "true"}}}


def _cluster_wide(kind: str, spec: Mapping[str, object]) -> Wanted:
    body = {"apiVersion": _API_VERSION, "kind": kind, "metadata": {"name": BUILDER}, "spec": spec}
    return f"{_API}/{kind.lower()}s", body


def _definition(kind: str, scope: str) -> Object:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1alpha2",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": scope, "names": names, "versions": [version]},
    }
