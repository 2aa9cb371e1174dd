"""What the scenarios need to know of a controller that they measure.

Owns the form. Leaves our own to `ours`, kpack's to `kpack_peer`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from dev.bench.load import NAMESPACE
from dev.bench.place import Place
from dev.cluster.api import Object
from dev.machine.processes import Daemon

BUILDER: str = "bench"
Wanted: TypeAlias = tuple[str, Object]
"""The collection an object is created in, and the object."""


class Subject(Protocol):
    """A controller, and the words of the API that it speaks.

    `name` heads its column; `api` is the root of its kinds.
    """

    @property
    def name(self) -> str:
        """The head of its column."""

    @property
    def api(self) -> str:
        """The root of its kinds, `/apis/<group>/<version>`."""

    @property
    def rebases_itself(self) -> bool:
        """Whether it rebases; otherwise it makes a pod for that, and is done when there is one."""

    def definitions(self) -> Sequence[Object]:
        """Give its CustomResourceDefinitions."""

    def objects(self, place: Place) -> Sequence[Wanted]:
        """Give what is there before the first Image: the builder named `BUILDER`, and settings."""

    def daemon(self, place: Place, replica: int) -> Daemon:
        """Describe its process; replicas count from 0."""

    def stand_by(self, place: Place) -> None:
        """Have whatever takes over when the first process is killed, warm; nothing where there is none."""

    def recover(self, place: Place) -> None:
        """Do what the cluster does after the first process was killed, where nothing stands by."""

    def image(self, place: Place, name: str, *, tag: str, repository: str) -> Object:
        """Give an Image that builds a repository of the git server."""

    def success(self, build: Object, builder: Object, *, latest_image: str) -> Object:
        """Give the status of a Build that succeeded with this builder."""

    def move_run_image(self, place: Place) -> tuple[str, Mapping[str, object]]:
        """Give the object whose change brings a new run image, and the change."""

    def trigger(self) -> Object:
        """Give the change of a Build that asks for another one."""


def daemon_name(replica: int) -> str:
    """Name the daemon of a replica."""
    return f"controller-{replica}"


def collection(subject: Subject, plural: str) -> str:
    """Give the path of a kind in the namespace that is measured in."""
    return f"{subject.api}/namespaces/{NAMESPACE}/{plural}"


def builder_path(subject: Subject) -> str:
    """Give the path of the builder that all Images use."""
    return f"{subject.api}/clusterbuilders/{BUILDER}"


def namespace(name: str) -> Wanted:
    """Give a namespace."""
    return "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def image_of(place: Place, name: str, *, tag: str, repository: str) -> Object:
    """Give the part of an Image, without a cache volume, that both versions of the API write alike."""
    return {
        "kind": "Image",
        "metadata": {"name": name},
        "spec": {
            "tag": tag,
            "builder": {"kind": "ClusterBuilder", "name": BUILDER},
            "source": {"git": {"url": f"{place.git_url}/{repository}.git", "revision": "main"}},
            "failedBuildHistoryLimit": 10,
            "successBuildHistoryLimit": 10,
            "imageTaggingStrategy": "BuildNumber",
            "build": {},
        },
    }
