"""What laws and the world read off objects: states, owners, and inputs as the counters that they were made from."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from kpack_api.names import BUILD_NUMBER_LABEL
from kpack_api.types import BuildpackMetadata
from tests.fakes.api_objects import Json, Place, target_of

KPACK = "/apis/build.pivotal.io/v1alpha1/namespaces/team"
CORE = "/api/v1/namespaces/team"
PODS = "api/v1/pods"
CLAIMS = "api/v1/persistentvolumeclaims"
BUILDS = "apis/build.pivotal.io/v1alpha1/builds"
IMAGES = "apis/build.pivotal.io/v1alpha1/images"
BUILDER = f"{KPACK}/builders/builder"
ENDED = frozenset({"Succeeded", "Failed"})


def digest(number: int) -> str:
    """A digest that tells its number."""
    return f"sha256:{number:064x}"


def number_of(reference: str) -> int:
    """The number in a digest or a commit id."""
    return int(reference.rpartition(":")[2], 16)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a build is made of, as counters: commit, environment, sub path and builder image."""

    commit: int
    env: int
    sub_path: int
    builder: int

    def behind(self, other: "Inputs") -> bool:
        """Whether any part is older than the other's."""
        return any(mine < theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a Build's last pod or rebase ended, by the world's own record."""

    succeeded: bool
    image: str = ""
    builder: int = 0
    run_image: int = 0


def place_of(path: str) -> Place:
    """Where an object lies."""
    return target_of(path).place


def buildpacks(builder: int) -> tuple[BuildpackMetadata, ...]:
    """What a builder image holds."""
    return (BuildpackMetadata(id="bp.a", version=str(builder)),)


def phase(pod: Json) -> str:
    """How far a pod is."""
    return str(pod.get("status", {}).get("phase", "Pending"))


def owner_uid(value: Json) -> str:
    """Who controls an object."""
    return next((str(owner["uid"]) for owner in value["metadata"].get("ownerReferences", [])), "")


def build_number(build: Json) -> int:
    """The number of a Build."""
    return int(build["metadata"]["labels"][BUILD_NUMBER_LABEL])


def inputs_of(build: Json) -> Inputs:
    """What a Build is made of."""
    spec = build["spec"]
    return Inputs(
        commit=int(spec["source"]["git"]["revision"], 16),
        env=int(spec["env"][0]["value"]),
        sub_path=int(spec["source"]["subPath"]),
        builder=number_of(spec["builder"]["image"]),
    )


def succeeded(build: Json) -> str:
    """The status of a Build's `Succeeded` condition."""
    conditions = build.get("status", {}).get("conditions", [])
    return next((str(found["status"]) for found in conditions if found["type"] == "Succeeded"), "Unknown")


def run_image_of(pod: Json) -> str:
    """The run image that the export step was told."""
    return next(argument.partition("=")[2] for argument in _arguments(pod) if argument.startswith("-run-image="))


def _arguments(pod: Json) -> Iterator[str]:
    spec = pod["spec"]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        yield from container.get("args", ())
        yield from container.get("command", ())
