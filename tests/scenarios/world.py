"""The world around the controller: an API server, people with kubectl, a kubelet, a garbage collector, git, a registry.

Rules: every change of an input is a step forward of a counter (commits, configurations, builder and run images), so
that a Build that steps back is seen. Nothing here knows the controller.
"""

import hashlib
from dataclasses import dataclass, field

import msgspec

from kpack_api.names import BUILD_NEEDED_ANNOTATION, Step
from kpack_api.types import BuildStack, BuiltImage, GitType
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.facts import (
    BuilderImage,
    BuilderImageQuestion,
    BuilderImageSeen,
    Fault,
    RebaseQuestion,
    Revision,
)
from tests import make
from tests.fakes.api_objects import ApiObjects, Change, Json, Target
from tests.fakes.clock import FakeClock
from tests.scenarios.objects import (
    BUILDS,
    CLAIMS,
    CORE,
    ENDED,
    KPACK,
    PODS,
    Result,
    build_number,
    buildpacks,
    digest,
    number_of,
    owner_uid,
    phase,
    place_of,
    run_image_of,
)

NAMES = ("app", "app", "web")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Watcher:
    """Told of each write."""

    def saw(self, change: Change, target: Target) -> None:
        """One write."""


@dataclass(eq=False)
class World(ApiObjects):
    """Objects, and the counters of everything outside of the API server. `watchers` are told of each write."""

    clock: FakeClock = field(default_factory=FakeClock)
    commit: int = 1
    builder: int = 1
    run_image: int = 1
    git_fault: Fault | None = None
    registry_fault: Fault | None = None
    results: dict[str, Result] = field(default_factory=dict)
    built_from: dict[str, int] = field(default_factory=dict)
    deleted_builds: set[str] = field(default_factory=set)
    watchers: list[Watcher] = field(default_factory=list)
    _images_built: int = 0
    _configurations: int = 0

    graceful = frozenset({PODS, CLAIMS})

    def __post_init__(self) -> None:
        super().__init__(lambda: self.clock.now().strftime(_TIME))
        for name in ("bot", "bot2"):
            self.put(f"{CORE}/serviceaccounts", {"metadata": {"name": name}})
        self.put(
            f"{KPACK}/builders", {"metadata": {"name": "builder"}, "spec": {"image": "registry.example/builder:test"}}
        )

    def told(self, _change: Change, _target: Target) -> None:
        """Pass a write on."""
        for watcher in self.watchers:
            watcher.saw(_change, _target)

    # A person with kubectl

    def create_image(self, name: str) -> None:
        """Apply an Image that is not there."""
        git = {"url": f"https://git.example/{name}", "revision": "main"}
        spec = {
            "tag": f"registry.example/team/{name}",
            "builder": {"kind": "Builder", "name": "builder"},
            "serviceAccount": "bot",
            "source": {"git": git, "subPath": str(self._next())},
            "build": {"env": [{"name": "E", "value": str(self._next())}]},
            "failedBuildHistoryLimit": 2,
            "successBuildHistoryLimit": 2,
        }
        self.put(f"{KPACK}/images", {"metadata": {"name": name}, "spec": spec})

    def change_image(self, name: str, **changes: object) -> None:
        """Change fields of an Image's spec; None takes one away."""
        image = self.get(f"{KPACK}/images/{name}")
        spec = {**image["spec"], **changes}
        self.put(f"{KPACK}/images", {**image, "spec": {key: value for key, value in spec.items() if value is not None}})

    def edit(self, name: str, what: str) -> None:
        """Change one thing about an Image, which is created where it is not there."""
        if place_of(f"{KPACK}/images/{name}") not in self.objects:
            self.create_image(name)
        spec = self.get(f"{KPACK}/images/{name}")["spec"]
        match what:
            case "env":
                self.change_image(name, build={"env": [{"name": "E", "value": str(self._next())}]})
            case "sub_path":
                self.change_image(name, source={**spec["source"], "subPath": str(self._next())})
            case "account":
                self.change_image(name, serviceAccount="bot2" if spec["serviceAccount"] == "bot" else "bot")
            case "history":
                limit = 1 if spec["successBuildHistoryLimit"] != 1 else 3
                self.change_image(name, successBuildHistoryLimit=limit, failedBuildHistoryLimit=limit)
            case "cache":
                self.change_image(name, cacheSize=None if "cacheSize" in spec else "2G")
            case "trigger":
                self.trigger(name)

    def take_away(self, name: str, what: str) -> None:
        """Delete an Image or its newest Build, or have another Image in the place of the first."""
        newest = self.newest(name)
        if what == "build" and newest is not None:
            self.deleted_builds.add(newest["metadata"]["uid"])
            self.delete(f"{KPACK}/builds/{newest['metadata']['name']}")
        elif what != "build":
            self.delete(f"{KPACK}/images/{name}")
        if what == "replace":
            self.create_image(name)

    def trigger(self, name: str) -> None:
        """Annotate the newest Build, as `kpack trigger` does."""
        build = self.newest(name)
        if build is not None:
            annotations = {**build["metadata"].get("annotations", {}), BUILD_NEEDED_ANNOTATION: "true"}
            self.put(f"{KPACK}/builds", {**build, "metadata": {**build["metadata"], "annotations": annotations}})

    def delete(self, path: str) -> None:
        """Delete an object, if it is there."""
        target = place_of(path)
        if target in self.objects:
            self._delete(target)

    # The cluster's own machinery, and others'

    def happen(self, what: str) -> None:
        """Something moves, or a server is down until the next time something happens."""
        fault = Fault(reason="Down", message="no answer", permanent=what == "git down")
        self.git_fault = fault if what == "git down" else None
        self.registry_fault = fault if what == "registry down" else None
        match what:
            case "commit":
                self.commit += 1
            case "builder":
                self.builder += 1
            case "run image":
                self.run_image += 1
            case "tidy":
                self.collect_garbage()
                self.end_deleted_pods()

    def collect_garbage(self) -> None:
        """Delete what belongs to objects that are gone, and claims that no pod uses any more."""
        uids = {value["metadata"]["uid"] for value in self.objects.values()}
        for place, value in list(self.objects.items()):
            owners = value["metadata"].get("ownerReferences", [])
            if owners and not any(owner["uid"] in uids for owner in owners):
                self._delete(place)
        if not self.live_pods():
            for place, claim in list(self.objects.items()):
                if place[0] == CLAIMS and "deletionTimestamp" in claim["metadata"]:
                    self._remove(place)

    def pods(self) -> list[Json]:
        """All pods, by name."""
        return self.all(f"{CORE}/pods")

    def live_pods(self) -> list[Json]:
        """The pods whose containers may run."""
        return [pod for pod in self.pods() if phase(pod) not in ENDED]

    def start_pod(self, pod: Json) -> None:
        """The first container runs."""
        running = msgspec.to_builtins(make.running(Step.PREPARE))
        self._set_pod(pod, {"phase": "Running", "initContainerStatuses": [running]})

    def finish_pod(self, pod: Json) -> None:
        """All containers end well, with an image that nobody has seen."""
        build = self._build_of(pod)
        if build is None:
            return
        self._images_built += 1
        image = f"{build['spec']['tags'][0]}@{digest(self._images_built)}"
        builder = number_of(build["spec"]["builder"]["image"])
        result = self._built(build["metadata"]["uid"], image, builder, run_image_of(pod))
        ended = make.ended_pod(make.running_build(), encode_built_image(result))
        self._set_pod(pod, msgspec.to_builtins(ended.status))

    def fail_pod(self, pod: Json) -> None:
        """The application does not build."""
        step = msgspec.to_builtins(make.terminated(Step.DETECT, 20, "no buildpack"))
        self._fail(pod, {"phase": "Failed", "initContainerStatuses": [step]})

    def evict_pod(self, pod: Json) -> None:
        """The node is short of something."""
        self._fail(pod, {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"})

    def end_deleted_pods(self) -> None:
        """The kubelet ends pods that are being deleted, and then they are gone."""
        for pod in self.pods():
            if "deletionTimestamp" in pod["metadata"]:
                if phase(pod) not in ENDED:
                    self.results[owner_uid(pod)] = Result(succeeded=False)
                self.remove(f"{CORE}/pods/{pod['metadata']['name']}")

    # What others ask

    def revision(self) -> Revision | Fault:
        """What the git server says now."""
        return self.git_fault or Revision(revision=f"{self.commit:040x}", type=GitType.BRANCH)

    def builder_image(self, question: BuilderImageQuestion) -> BuilderImageSeen:
        """What the registry says now: of the tag, or of a digest that the tag once had."""
        number = number_of(question.image) if "@" in question.image else self.builder
        answer: BuilderImage | Fault = self.registry_fault or make.builder_image(
            latest_image=f"registry.example/builder@{digest(number)}",
            run_image=f"registry.example/run@{digest(self.run_image)}",
            buildpacks=buildpacks(number),
        )
        return BuilderImageSeen(question=question, answer=answer, at=self.clock.now())

    def rebase(self, question: RebaseQuestion) -> BuiltImage:
        """Put an image onto another run image; done twice it is the same image."""
        builder = self.built_from[question.app_image]
        image = f"{question.tags[0]}@{digest(_mixed(question.app_image, question.run_image))}"
        return self._built(question.build_uid, image, builder, question.run_image)

    # What laws ask

    def images(self) -> list[Json]:
        """All Images."""
        return self.all(f"{KPACK}/images")

    def builds(self, name: str) -> list[Json]:
        """The Builds that the Image of this name owns, oldest first."""
        image = self.objects.get(place_of(f"{KPACK}/images/{name}"))
        uid = image["metadata"]["uid"] if image else ""
        owned = (build for build in self.all(f"{KPACK}/builds") if owner_uid(build) == uid)
        return sorted(owned, key=build_number)

    def newest(self, name: str) -> Json | None:
        """The newest Build of an Image."""
        return next(reversed(self.builds(name)), None)

    def result(self, build_uid: str) -> Result:
        """How a Build ended; one that never had a pod has failed."""
        return self.results.get(build_uid, Result(succeeded=False))

    def by_uid(self, collection: str, uid: str) -> Json | None:
        """The object with this UID."""
        found = (value for place, value in self.objects.items() if place[0] == collection)
        return next((value for value in found if value["metadata"]["uid"] == uid), None)

    def _built(self, build_uid: str, image: str, builder: int, run_image: str) -> BuiltImage:
        self.built_from[image] = builder
        self.results[build_uid] = Result(succeeded=True, image=image, builder=builder, run_image=number_of(run_image))
        stack = BuildStack(id=make.STACK_ID, run_image=run_image)
        return BuiltImage(latest_image=image, stack=stack, build_metadata=buildpacks(builder))

    def _next(self) -> int:
        self._configurations += 1
        return self._configurations

    def _fail(self, pod: Json, status: Json) -> None:
        build = self._build_of(pod)
        if build is not None:
            self.results[build["metadata"]["uid"]] = Result(succeeded=False)
            self._set_pod(pod, status)

    def _set_pod(self, pod: Json, status: Json) -> None:
        self.put(f"{CORE}/pods", {**pod, "status": {**pod.get("status", {}), **status}})

    def _build_of(self, pod: Json) -> Json | None:
        return self.by_uid(BUILDS, owner_uid(pod))


def _mixed(image: str, run_image: str) -> int:
    return int(hashlib.sha256(f"{image} {run_image}".encode()).hexdigest(), 16)
