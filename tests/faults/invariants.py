"""What holds of every history of an API server, whatever failed: no Build lost, none doubled, no status that lies.

Pure: a history and what was asked for go in, sentences about what is broken come out. `on_the_way` judges each write by
what was true when it was made, `at_rest` the end by what was asked for.

Rules:
- Each Image has exactly the Builds that its changes demand, numbered from 1 without gaps, one at a time.
- Each Build has one pod per attempt, the next one after the end of the one before; one that vanished is made again.
- Of Images that are gone nothing is said: the garbage collector has what is theirs.
- At rest the newest Build has succeeded: nothing here is wrong with any application.
- A Build tells of its pod, an Image of its newest Build, what is so; what has ended stays as it ended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kpack_api.core import Pod
from kpack_reconciler.decide.pod_state import built_image, has_ended
from kpack_reconciler.model.attempts import attempt_of
from tests.fakes.api_objects import Change, Json
from tests.scenarios.objects import BUILDS, IMAGES, PODS, build_number, owner_uid, succeeded

History = Mapping[str, Sequence[Change]]
"""The writes of each collection, in their order."""


@dataclass(slots=True)
class _Seen:
    """All that was true up to one write. Objects by UID, with what they own by the owner's UID."""

    images: dict[str, Json] = field(default_factory=dict)
    builds: dict[str, Json] = field(default_factory=dict)
    pods: dict[str, Json] = field(default_factory=dict)
    builds_of: dict[str, list[str]] = field(default_factory=dict)
    pods_of: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def take(self, collection: str, change: Change) -> None:
        """See one write."""
        value, uid = change.value, str(change.value["metadata"]["uid"])
        kept, owned = {
            IMAGES: (self.images, None),
            BUILDS: (self.builds, self.builds_of),
            PODS: (self.pods, self.pods_of),
        }[collection]
        if owned is not None and uid not in kept:
            owned.setdefault(owner_uid(value), []).append(uid)
        kept[uid] = value
        if change.type == "DELETED":
            self.gone.add(uid)


def on_the_way(history: History) -> tuple[str, ...]:
    """What single writes broke, in their order."""
    seen = _Seen()
    broken: list[str] = []
    for collection, change in _in_order(history):
        broken += _JUDGES[collection](change, seen)
        seen.take(collection, change)
    return tuple(broken)


def at_rest(history: History, asked: Mapping[str, int]) -> tuple[str, ...]:
    """What is not so although everything has come to rest. `asked` is how many Builds each Image's changes demand."""
    seen = _Seen()
    for collection, change in _in_order(history):
        seen.take(collection, change)
    broken = [f"nobody asked for Image {name}" for name in _names(seen) - asked.keys()]
    broken += [f"Image {name} is lost" for name in asked.keys() - _names(seen)]
    for uid, image in seen.images.items():
        if uid not in seen.gone:
            broken += _image_at_rest(image, seen, asked.get(image["metadata"]["name"], 0))
    for kind, left in (("Build", seen.builds), ("pod", seen.pods)):
        owners = seen.images.keys() | seen.builds.keys()
        orphans = (value for uid, value in left.items() if uid not in seen.gone and owner_uid(value) in seen.gone)
        broken += [f"{kind} {value['metadata']['name']} outlives its owner" for value in orphans if owners]
    return tuple(broken)


def _in_order(history: History) -> Iterable[tuple[str, Change]]:
    kept = ((kind, change) for kind in (IMAGES, BUILDS, PODS) for change in history.get(kind, ()))
    return sorted(kept, key=lambda entry: entry[1].version)


def _names(seen: _Seen) -> set[str]:
    return {str(image["metadata"]["name"]) for uid, image in seen.images.items() if uid not in seen.gone}


def _judge_build(change: Change, seen: _Seen) -> Iterator[str]:
    build, name = change.value, change.value["metadata"]["name"]
    uid = build["metadata"]["uid"]
    if owner_uid(build) in seen.gone:
        return
    before = [seen.builds[other] for other in seen.builds_of.get(owner_uid(build), ()) if other != uid]
    if change.type == "ADDED":
        if build_number(build) != len(before) + 1:
            yield f"{name} has number {build_number(build)} after {len(before)} Builds"
        running = [other["metadata"]["name"] for other in before if not _over(other, seen)]
        if running:
            yield f"{name} was made while {', '.join(running)} runs"
        return
    was = succeeded(seen.builds[uid])
    if was not in ("Unknown", succeeded(build)):
        yield f"{name} had ended with {was} and says {succeeded(build)}"
    if was == "Unknown" and succeeded(build) == "True" and _result(build, seen) != _image(build):
        yield f"{name} tells of {_image(build) or 'no image'}, its pod of {_result(build, seen) or 'none'}"
    if was == "Unknown" and succeeded(build) == "False" and _running_pods(build, seen):
        yield f"{name} says that it failed while its pod runs"


def _judge_pod(change: Change, seen: _Seen) -> Iterator[str]:
    if change.type != "ADDED":
        return
    pod, name = change.value, change.value["metadata"]["name"]
    build = seen.builds.get(owner_uid(pod))
    if build is None:
        yield f"pod {name} belongs to no Build"
        return
    if {owner_uid(pod), owner_uid(build)} & seen.gone:
        return
    attempt = attempt_of(build["metadata"]["name"], name)
    before = [attempt_of(build["metadata"]["name"], other.metadata.name) for _, other in _pods(build, seen)]
    if attempt not in {max(before, default=1), max(before, default=0) + 1}:
        yield f"pod {name} is attempt {attempt}, after {before}"
    if running := _running_pods(build, seen):
        yield f"pod {name} was made while {', '.join(running)} runs"
    if succeeded(build) != "Unknown":
        yield f"pod {name} was made for a Build that has ended"


def _judge_image(change: Change, seen: _Seen) -> Iterator[str]:
    status, metadata = change.value.get("status", {}), change.value["metadata"]
    known = [seen.builds[uid] for uid in seen.builds_of.get(metadata["uid"], ())]
    shown = status.get("latestImage")
    if shown and shown not in {_image(build) for build in known if succeeded(build) == "True"}:
        yield f"Image {metadata['name']} shows {shown}, which no Build made"
    newest = next((build for build in known if build["metadata"]["name"] == status.get("latestBuildRef")), None)
    ready = _condition(change.value, "Ready")
    if ready == "True" and (newest is None or succeeded(newest) != "True"):
        yield f"Image {metadata['name']} is Ready by {status.get('latestBuildRef') or 'no Build'}"


def _image_at_rest(image: Json, seen: _Seen, asked: int) -> Iterator[str]:
    name, status, uid = image["metadata"]["name"], image.get("status", {}), image["metadata"]["uid"]
    builds = [seen.builds[build] for build in seen.builds_of.get(uid, ())]
    if len(builds) != asked:
        yield f"Image {name} has {len(builds)} Builds, its changes demand {asked}"
    if not builds:
        return
    for build in builds:
        yield from _build_at_rest(build, seen)
    newest = builds[-1]
    if succeeded(newest) == "False":
        yield f"{newest['metadata']['name']} failed, though nothing is wrong with its application"
    good = [_image(build) for build in builds if succeeded(build) == "True"]
    expected = {
        "observedGeneration": image["metadata"]["generation"],
        "latestBuildRef": newest["metadata"]["name"],
        "buildCounter": build_number(newest),
        "latestImage": good[-1] if good else None,
        "Ready": succeeded(newest),
    }
    shown = {key: status.get(key) for key in list(expected)[:-1]} | {"Ready": _condition(image, "Ready")}
    if shown != expected:
        yield f"Image {name} shows {shown}, true is {expected}"


def _build_at_rest(build: Json, seen: _Seen) -> Iterator[str]:
    name = build["metadata"]["name"]
    if succeeded(build) == "Unknown" and build["metadata"]["uid"] not in seen.gone:
        yield f"{name} never ends"
    if _result(build, seen) and succeeded(build) != "True":
        yield f"{name} shows {succeeded(build)}, its pod made {_result(build, seen)}"


def _over(build: Json, seen: _Seen) -> bool:
    return succeeded(build) != "Unknown" or build["metadata"]["uid"] in seen.gone


def _pods(build: Json, seen: _Seen) -> Iterator[tuple[str, Pod]]:
    for uid in seen.pods_of.get(build["metadata"]["uid"], ()):
        yield uid, msgspec.convert(seen.pods[uid], Pod)


def _running_pods(build: Json, seen: _Seen) -> list[str]:
    pods = _pods(build, seen)
    return [pod.metadata.name for uid, pod in pods if uid not in seen.gone and not has_ended(pod)]


def _result(build: Json, seen: _Seen) -> str:
    """The image that a pod of the Build says it made; "" for none."""
    results = (built_image(pod) for _, pod in _pods(build, seen))
    return next((result.latest_image for result in results if result is not None), "")


def _image(build: Json) -> str:
    return str(build.get("status", {}).get("latestImage", ""))


def _condition(value: Json, kind: str) -> str:
    conditions = value.get("status", {}).get("conditions", [])
    return next((str(found["status"]) for found in conditions if found["type"] == kind), "Unknown")


_JUDGES = {IMAGES: _judge_image, BUILDS: _judge_build, PODS: _judge_pod}
