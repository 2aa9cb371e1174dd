"""Our controller as it is measured: `build.pivotal.io/v1alpha1`, a ready-made builder, default settings.

Rules:
- It runs on the host with the administrator's kubeconfig, as kpack's does.
- A second replica has other ports, which in a cluster is not needed: see `replica`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dev.bench import replica as replica_module
from dev.bench.builder_images import BUILDPACK, STACK_ID
from dev.bench.place import Place
from dev.bench.subject import BUILDER, Wanted, builder_path, daemon_name, image_of, namespace
from dev.cluster.api import Object
from dev.machine.probes import answers_http, wait_for
from dev.machine.processes import Daemon
from dev.state import CHECKOUT
from kpack_api.crds import custom_resource_definitions
from kpack_api.names import BUILD_API_VERSION, BUILD_NEEDED_ANNOTATION, RUN_IMAGE_ANNOTATION
from kpack_api.process import HEALTH_PORT, NAMESPACE, Environment

READY_SECONDS: Final = 120.0
_API = f"/apis/{BUILD_API_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """See `Subject`."""

    name: str = "ours"
    api: str = _API
    rebases_itself: bool = True

    def definitions(self) -> Sequence[Object]:
        """Give our CustomResourceDefinitions."""
        return custom_resource_definitions()

    def objects(self, place: Place) -> Sequence[Wanted]:
        """Give the namespace of the Lease, and a builder of a ready-made image."""
        builder = {
            "apiVersion": BUILD_API_VERSION,
            "kind": "ClusterBuilder",
            "metadata": {"name": BUILDER},
            "spec": {"image": f"{place.registry}/ready/builder:1"},
        }
        return (namespace(NAMESPACE), (f"{_API}/clusterbuilders", builder))

    def daemon(self, place: Place, replica: int) -> Daemon:
        """Describe the controller's process."""
        environment = {
            "KUBECONFIG": str(place.cluster.state.kubeconfig),
            "PYTHONPATH": f"{CHECKOUT / 'components'}:{CHECKOUT}",
            Environment.STEP_IMAGE.value: f"{place.registry}/reconciler:1",
            Environment.SYSTEM_NAMESPACE.value: NAMESPACE,
            Environment.POD_NAME.value: f"controller-{replica}",
        }
        command = (sys.executable, "-m", replica_module.__name__, str(HEALTH_PORT + replica))
        return Daemon(name=daemon_name(replica), command=command, environment=environment)

    def stand_by(self, place: Place) -> None:
        """Start a second replica, and wait until it has seen every object."""
        place.start(self.daemon(place, 1))
        wait_for(
            lambda: answers_http(place.cluster.addresses.node, port=HEALTH_PORT + 1, path="/readyz"),
            what="a second replica that is ready",
            seconds=READY_SECONDS,
            alive=lambda: place.cluster.processes.check(daemon_name(1)),
        )

    def recover(self, place: Place) -> None:
        """Do nothing: the second replica runs."""

    def image(self, place: Place, name: str, *, tag: str, repository: str) -> Object:
        """Give an Image with its version of the API, and its word for the service account."""
        image = image_of(place, name, tag=tag, repository=repository)
        return {**image, "apiVersion": BUILD_API_VERSION, "spec": {**image["spec"], "serviceAccount": "default"}}

    def success(self, build: Object, builder: Object, *, latest_image: str) -> Object:
        """Give what completion reports."""
        run_image = build["metadata"].get("annotations", {}).get(RUN_IMAGE_ANNOTATION)
        return {
            "conditions": [
                {"type": "Succeeded", "status": "True", "lastTransitionTime": build["metadata"]["creationTimestamp"]}
            ],
            "latestImage": latest_image,
            "stack": {"runImage": run_image or builder["status"]["stack"]["runImage"], "id": STACK_ID},
            "buildMetadata": [BUILDPACK],
        }

    def move_run_image(self, place: Place) -> tuple[str, Mapping[str, object]]:
        """Have the builder be one whose run image is another."""
        return builder_path(self), {"spec": {"image": f"{place.registry}/ready/builder:2"}}

    def trigger(self) -> Object:
        """Annotate a Build as `kpack trigger` does."""
        return {"metadata": {"annotations": {BUILD_NEEDED_ANNOTATION: "true"}}}
