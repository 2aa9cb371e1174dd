"""What must hold of the objects on the API server, whatever was delayed, lost or crashed: at each write, and at rest.

Three kinds of breach: a build that is lost, one that is made twice, a status that is stale.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from kpack_api.names import BUILD_NEEDED_ANNOTATION, BUILD_REASON_ANNOTATION
from tests.fakes.api_objects import Change, Json, Target
from tests.scenarios.objects import (
    BUILDER,
    BUILDS,
    CORE,
    IMAGES,
    KPACK,
    PODS,
    Inputs,
    build_number,
    inputs_of,
    number_of,
    owner_uid,
    succeeded,
)
from tests.scenarios.world import Watcher, World


class Breach(StrEnum):
    """What a planted bug can do."""

    LOST = "lost build"
    DOUBLE = "double build"
    STALE = "stale status"
    STORM = "writes without end"
    CRASH = "crash"
    LIMIT = "too many builds at once"


class BrokenLawError(AssertionError):
    """A law does not hold."""

    def __init__(self, breach: Breach, law: str) -> None:
        super().__init__(f"{breach}: {law}")
        self.breach = breach


@dataclass(slots=True)
class Made:
    """One Build that was made, by the API server's record: its number, its inputs, and whether it was deleted."""

    name: str
    uid: str
    number: int
    inputs: Inputs
    reasons: frozenset[str]
    triggered: bool = False
    ended: str = "Unknown"
    image: str = ""


@dataclass
class Laws(Watcher):
    """Watches a world. `broken` are the breaches of laws about single writes, `made` the Builds of each Image's UID.

    No more than `limit` pods may run, those not counted that are being deleted; None for any number.

    Of an Image whose newest Build somebody deleted (`meddled`), nothing is said about numbers, reasons and the last
    result: kpack gives the number again, and a controller that has not heard of it goes on from what it knows.
    """

    world: World
    limit: int | None = None
    broken: list[BrokenLawError] = field(default_factory=list)
    made: dict[str, list[Made]] = field(default_factory=dict)
    meddled: set[str] = field(default_factory=set)

    def saw(self, change: Change, target: Target) -> None:
        """Judge one write."""
        match target.collection, change.type:
            case (collection, "ADDED") if collection == BUILDS:
                self._build_made(change.value)
            case (collection, "MODIFIED") if collection == BUILDS:
                self._build_changed(change.value)
            case (collection, "DELETED") if collection == BUILDS:
                self._build_deleted(change.value)
            case (collection, "ADDED") if collection == PODS:
                self._pod_made(change.value)
            case (collection, "MODIFIED") if collection == IMAGES:
                self._image_told(change.value)

    def check(self) -> None:
        """Raise the first breach."""
        if self.broken:
            raise self.broken[0]

    def check_rest(self) -> None:
        """Raise what does not hold although everything was delivered, answered and waited for."""
        self.check()
        for image in self.world.images():
            self._check_inputs(image)
            self._check_status(image)
            self._check_children(image)
        for build in self.world.all(f"{KPACK}/builds"):
            self._check_result(build)
        self.check()

    def _breach(self, breach: Breach, law: str) -> None:
        self.broken.append(BrokenLawError(breach, law))

    # At each write

    def _build_made(self, build: Json) -> None:
        name, uid = build["metadata"]["name"], owner_uid(build)
        if self.world.by_uid(IMAGES, uid) is None:
            return  # the garbage collector will have it before anybody sees it
        history = self.made.setdefault(uid, [])
        number, inputs = build_number(build), inputs_of(build)
        reasons = frozenset(build["metadata"]["annotations"][BUILD_REASON_ANNOTATION].split(","))
        meddled = uid in self.meddled
        if not meddled and number != (history[-1].number + 1 if history else 1):
            self._breach(Breach.DOUBLE, f"{name} has number {number} after {len(history)} builds")
        running = [other["metadata"]["name"] for other in self._siblings(build) if succeeded(other) == "Unknown"]
        if running:
            self._breach(Breach.DOUBLE, f"{name} was made while {running} runs")
        if history and not meddled:
            self._justify(name, inputs, reasons, history[-1])
        history.append(Made(name, build["metadata"]["uid"], number, inputs, reasons))

    def _build_deleted(self, build: Json) -> None:
        """What people delete is not among what was made."""
        uid = owner_uid(build)
        if build["metadata"]["uid"] in self.world.deleted_builds:
            self.made[uid] = [made for made in self.made.get(uid, []) if made.uid != build["metadata"]["uid"]]
            self.meddled.add(uid)

    def _justify(self, name: str, inputs: Inputs, reasons: frozenset[str], last: Made) -> None:
        """A Build steps forward in what its reasons say, and back in nothing."""
        if inputs.behind(last.inputs):
            self._breach(Breach.DOUBLE, f"{name} is made of {inputs}, older than {last.inputs} of {last.name}")
        was, result = last.inputs, self.world.result(last.uid)
        true = {
            "COMMIT": inputs.commit > was.commit,
            "CONFIG": (inputs.env, inputs.sub_path) != (was.env, was.sub_path),
            "TRIGGER": last.triggered,
            "BUILDPACK": inputs.builder > was.builder,
            "STACK": result.succeeded and self._run_image() > result.run_image,
        }
        if not any(true[reason] for reason in reasons):
            self._breach(Breach.DOUBLE, f"{name} ({','.join(sorted(reasons))}) repeats {last.name}: nothing changed")

    def _run_image(self) -> int:
        stack = self.world.get(BUILDER).get("status", {}).get("stack", {})
        return number_of(stack["runImage"]) if "runImage" in stack else 0

    def _build_changed(self, build: Json) -> None:
        for made in self.made.get(owner_uid(build), []):
            if made.uid == build["metadata"]["uid"]:
                if made.ended not in ("Unknown", succeeded(build)):
                    self._breach(Breach.STALE, f"{made.name} had ended: {made.ended}, is {succeeded(build)} again")
                made.ended = succeeded(build)
                made.triggered |= BUILD_NEEDED_ANNOTATION in build["metadata"].get("annotations", {})
                if succeeded(build) == "True":
                    made.image = build["status"].get("latestImage", "")

    def _pod_made(self, pod: Json) -> None:
        name, owner = pod["metadata"]["name"], owner_uid(pod)
        others = [other for other in self.world.live_pods() if owner_uid(other) == owner]
        if len(others) > 1:
            self._breach(Breach.DOUBLE, f"pod {name} is the second one that runs for its Build")
        running = [other["metadata"]["name"] for other in self.world.live_pods() if not is_deleted(other)]
        if self.limit is not None and len(running) > self.limit:
            self._breach(Breach.LIMIT, f"pods {running} run, no more than {self.limit} may")
        build = self.world.by_uid(BUILDS, owner)
        if build is not None and succeeded(build) != "Unknown":
            self._breach(Breach.DOUBLE, f"pod {name} was made for a Build that has ended")

    def _image_told(self, image: Json) -> None:
        """An Image that says UpToDate of its newest generation shows a Build of that generation's wishes."""
        status, metadata = image.get("status", {}), image["metadata"]
        settled = condition(image, "Settled")
        if settled.get("status") != "True" or settled.get("reason") != "UpToDate":
            return
        if status.get("observedGeneration") != metadata["generation"] or metadata["uid"] in self.meddled:
            return
        history = self.made.get(metadata["uid"], [])
        shown = [made for made in history if made.image == status.get("latestImage")]
        env, sub_path = wishes(image)
        if not any((made.inputs.env, made.inputs.sub_path) == (env, sub_path) for made in shown):
            self._breach(Breach.STALE, f"{metadata['name']} settled with {status.get('latestImage')}, not of its spec")

    def _siblings(self, build: Json) -> list[Json]:
        others = self.world.all(f"{KPACK}/builds")
        return [other for other in others if owner_uid(other) == owner_uid(build) and other is not build]

    # At rest

    def _check_inputs(self, image: Json) -> None:
        """The newest Build has ended, and is made of what the world is now."""
        name, world = image["metadata"]["name"], self.world
        newest = world.newest(name)
        if newest is None:
            raise BrokenLawError(Breach.LOST, f"{name} has no build")
        if succeeded(newest) == "Unknown":
            raise BrokenLawError(Breach.LOST, f"{newest['metadata']['name']} never ends")
        inputs = inputs_of(newest)
        if (inputs.commit, inputs.env, inputs.sub_path) != (world.commit, *wishes(image)):
            raise BrokenLawError(Breach.LOST, f"{newest['metadata']['name']} is made of {inputs}, not of what is new")
        if BUILD_NEEDED_ANNOTATION in newest["metadata"].get("annotations", {}):
            raise BrokenLawError(Breach.LOST, f"{newest['metadata']['name']} was asked to be followed by another")
        result = world.result(newest["metadata"]["uid"])
        if result.succeeded and (result.builder, result.run_image) != (world.builder, world.run_image):
            raise BrokenLawError(Breach.LOST, f"{newest['metadata']['name']} has an old builder or run image")

    def _check_status(self, image: Json) -> None:
        """The Image says of its newest Build, and of the last that succeeded, what is true."""
        status, name = image.get("status", {}), image["metadata"]["name"]
        history = sorted(self.made[image["metadata"]["uid"]], key=lambda made: made.number)
        good = [made.image for made in history if made.image]
        meddled = image["metadata"]["uid"] in self.meddled
        ended_well = self.world.result(history[-1].uid).succeeded
        expected = {
            "observedGeneration": image["metadata"]["generation"],
            "latestBuildRef": history[-1].name,
            "buildCounter": history[-1].number,
            "latestImage": status.get("latestImage") if meddled else good[-1] if good else None,
            "Ready": "True" if ended_well else "False",
            "BuilderReady": "True",
            "Settled": ("True", "UpToDate" if ended_well else "BuildFailed"),
        }
        conditions = {found["type"]: found for found in status.get("conditions", [])}
        shown = {field: status.get(field) for field in list(expected)[:4]}
        shown |= {kind: conditions.get(kind, {}).get("status") for kind in ("Ready", "BuilderReady")}
        settled = conditions.get("Settled", {})
        shown["Settled"] = (settled.get("status"), settled.get("reason"))
        if shown != expected:
            raise BrokenLawError(Breach.STALE, f"{name} shows {shown}, expected {expected}")

    def _check_children(self, image: Json) -> None:
        """History keeps to its limits, the cache's claim is there where it is wanted and only there."""
        name, spec = image["metadata"]["name"], image["spec"]
        builds = self.world.builds(name)
        for word, limit in (("True", spec["successBuildHistoryLimit"]), ("False", spec["failedBuildHistoryLimit"])):
            kept = [build for build in builds if succeeded(build) == word]
            if len(kept) > limit:
                raise BrokenLawError(Breach.STALE, f"{name} keeps {len(kept)} builds, its limit is {limit}")
        claims = [claim["metadata"]["name"] for claim in self.world.all(f"{CORE}/persistentvolumeclaims")]
        if (f"{name}-cache" in claims) != ("cacheSize" in spec):
            raise BrokenLawError(Breach.STALE, f"{name} has claims {claims}, cacheSize {spec.get('cacheSize')}")
        resolver = self.world.get(f"{KPACK}/sourceresolvers/{name}-source")
        if owner_uid(resolver) != image["metadata"]["uid"]:
            raise BrokenLawError(Breach.STALE, f"{name}-source belongs to a predecessor")

    def _check_result(self, build: Json) -> None:
        """A Build says of its pod what the kubelet knows."""
        result, name = self.world.result(build["metadata"]["uid"]), build["metadata"]["name"]
        told = (succeeded(build), build["status"].get("latestImage", ""))
        if told != ("True" if result.succeeded else "False", result.image):
            raise BrokenLawError(Breach.STALE, f"{name} shows {told}, its pod ended with {result}")


def condition(value: Json, kind: str) -> Json:
    """A condition of an object; empty where it has none."""
    conditions = value.get("status", {}).get("conditions", [])
    return next((found for found in conditions if found["type"] == kind), {})


def is_deleted(value: Json) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in value["metadata"]


def wishes(image: Json) -> tuple[int, int]:
    """Environment and sub path of an Image, as counters."""
    spec = image["spec"]
    return int(spec["build"]["env"][0]["value"]), int(spec["source"]["subPath"])
