"""The whole life of an Image through gather, decide and the wire form, against an API server of a few lines."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.dialects import build_pivotal_io_v1alpha1 as dialect
from kpack_api.names import BUILD_REASON_ANNOTATION
from kpack_api.types import Build, BuiltImage, GitType, Image, Kind
from kpack_api.wire import to_manifest
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.decide.build import decide_build
from kpack_reconciler.decide.builder import decide_builder
from kpack_reconciler.decide.image import decide_image
from kpack_reconciler.decide.source import decide_source_resolver
from kpack_reconciler.gather.build import gather_build
from kpack_reconciler.gather.builder import gather_builder
from kpack_reconciler.gather.image import gather_image
from kpack_reconciler.gather.source import gather_source_resolver
from kpack_reconciler.model.actions import (
    Action,
    CreateBuild,
    CreateCacheClaim,
    CreatePod,
    CreateSourceResolver,
    InspectBuilderImage,
    PatchStatus,
    ReadServiceAccount,
)
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import BuilderImageSeen, Revision, RevisionResolved, ServiceAccountSeen
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import builder_question, revision_question
from tests import make

INTERVAL = timedelta(seconds=60)
Manifest = dict[str, object]


class Story:
    """Objects as an API server keeps them, and a clock."""

    def __init__(self) -> None:
        self.now = make.NOW
        self.revision = "1" * 40
        self.objects: dict[tuple[str, str], Manifest] = {}
        self.cache = Cache()
        self.done: list[Action] = []
        self.create(dialect.manifest(make.ready_builder()), Kind.BUILDER)
        image = make.new_image(msgspec.structs.replace(make.image_spec(), cache_size="2G"))
        self.create(dialect.manifest(image), Kind.IMAGE)

    def create(self, body: Manifest, kind: str) -> None:
        """What the API server adds to a new object."""
        body = json.loads(json.dumps(body))
        metadata = body["metadata"]
        assert isinstance(metadata, dict)
        assert (kind, metadata["name"]) not in self.objects
        stamp = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        uid = make.IMAGE_UID if kind == Kind.IMAGE else f"{metadata['name']}-uid"
        metadata.update(uid=uid, generation=1, creationTimestamp=stamp, resourceVersion="1")
        self.keep(kind, metadata["name"], body)

    def keep(self, kind: str, name: str, body: Manifest) -> None:
        """Store an object, and show it to the cache as a watch would."""
        self.objects[kind, name] = body
        raw = json.dumps(body).encode()
        match kind:
            case "Pod":
                self.cache.pods.put(msgspec.json.decode(raw, type=Pod))
            case "PersistentVolumeClaim":
                self.cache.claims.put(msgspec.json.decode(raw, type=PersistentVolumeClaim))
            case _:
                value = dialect.decode(Kind(kind), raw)
                stores = {
                    Kind.IMAGE: self.cache.images,
                    Kind.BUILD: self.cache.builds,
                    Kind.BUILDER: self.cache.builders,
                    Kind.SOURCE_RESOLVER: self.cache.source_resolvers,
                }
                stores[Kind(kind)].put(value)  # type: ignore[attr-defined]

    def poll(self) -> None:
        """What the pollers see each interval."""
        for builder in self.cache.builders.values():
            seen = BuilderImageSeen(question=builder_question(builder), answer=make.builder_image(), at=self.now)
            self.cache.facts.record(seen)
        for resolver in self.cache.source_resolvers.values():
            question = revision_question(resolver)
            assert question is not None
            answer = Revision(revision=self.revision, type=GitType.BRANCH)
            self.cache.facts.record(RevisionResolved(question=question, answer=answer, at=self.now))

    def act(self, action: Action) -> None:
        """Carry an action out."""
        self.done.append(action)
        match action:
            case CreateBuild(build=build):
                self.create(dialect.manifest(build), Kind.BUILD)
            case CreateSourceResolver(source_resolver=resolver):
                self.create(dialect.manifest(resolver), Kind.SOURCE_RESOLVER)
            case CreateCacheClaim(claim=claim):
                self.create(to_manifest(claim, api_version="v1", kind="PersistentVolumeClaim"), "PersistentVolumeClaim")
            case CreatePod(pod=pod):
                self.create(to_manifest(pod, api_version="v1", kind="Pod"), "Pod")
            case PatchStatus(key=key, status=status):
                body = self.objects[key.kind, key.name]
                self.keep(key.kind, key.name, json.loads(json.dumps(merged(body, dialect.status_patch(status)))))
            case ReadServiceAccount(question=account):
                fact = ServiceAccountSeen(question=account, answer=make.credentials(), at=self.now)
                self.cache.facts.record(fact)
            case InspectBuilderImage(question=question):
                self.cache.facts.record(BuilderImageSeen(question=question, answer=make.builder_image(), at=self.now))

    def look(self) -> int:
        """Look once at every object, and act; how many actions it took."""
        before = len(self.done)
        for decision in self.decisions():
            for action in decision.actions:
                self.act(action)
        return len(self.done) - before

    def decisions(self) -> Iterable[Decision]:
        """What is decided about each object."""
        for kind, name in tuple(self.objects):
            decision = decide(self.cache, kind, name, self.now)
            if decision is not None:
                yield decision

    def settle(self) -> None:
        """Look until there is nothing to do."""
        for _ in range(20):
            if not self.look():
                return
            self.now += timedelta(seconds=1)
        raise AssertionError(f"never at rest: {self.done[-3:]}")

    def evict_pod(self) -> None:
        """The node of the newest pod has no memory left."""
        (build,) = [build for build in self.cache.builds.values() if not build.status.latest_image]
        status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
        self.keep("Pod", build.status.pod_name, {**self.objects["Pod", build.status.pod_name], "status": status})

    def finish_pod(self, letter: str) -> None:
        """The newest pod succeeds with an image of this digest."""
        (build,) = [build for build in self.cache.builds.values() if not build.status.latest_image]
        image = f"{make.TAG}@{make.digest(letter)}"
        stack = make.succeeded_build().status.stack
        result = encode_built_image(BuiltImage(latest_image=image, stack=stack, build_metadata=make.BUILDPACKS))
        status = msgspec.to_builtins(make.ended_pod(build, result).status)
        name = build.status.pod_name
        self.keep("Pod", name, {**self.objects["Pod", name], "status": status})

    @property
    def image(self) -> Image:
        """The Image as it stands."""
        image = self.cache.images.get("team", "app")
        assert image is not None
        return image

    def builds(self) -> list[Build]:
        """All Builds by name, that is by number."""
        return sorted(self.cache.builds.values(), key=lambda build: build.metadata.name)


def decide(cache: Cache, kind: str, name: str, now: datetime) -> Decision | None:
    match kind:
        case Kind.IMAGE if image := gather_image(cache, Key(Kind.IMAGE, "team", name)):
            return decide_image(image, now)
        case Kind.BUILD if build := gather_build(cache, Key(Kind.BUILD, "team", name), make.SETTINGS):
            return decide_build(build, now)
        case Kind.BUILDER if builder := gather_builder(cache, Key(Kind.BUILDER, "team", name), INTERVAL):
            return decide_builder(builder, now)
        case Kind.SOURCE_RESOLVER if resolver := gather_source_resolver(
            cache, Key(Kind.SOURCE_RESOLVER, "team", name), INTERVAL
        ):
            return decide_source_resolver(resolver, now)
        case _:
            return None


def merged(target: Manifest, patch: Manifest) -> Manifest:
    """A JSON merge patch (RFC 7386)."""
    result = dict(target)
    for key, value in patch.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


def built_once() -> Story:
    story = Story()
    for _ in range(2):
        story.poll()
        story.settle()
    story.finish_pod("a")
    story.settle()
    return story


def test_an_image_is_built_and_then_left_alone_for_an_hour() -> None:
    """One Build, then neither polls nor a restart of the controller write anything."""
    story = built_once()

    before = len(story.done)
    for _ in range(30):
        story.now += timedelta(minutes=1)
        story.poll()
        story.look()
    objects, story.cache = story.objects, Cache()
    for (kind, name), body in objects.items():
        story.keep(kind, name, body)
    for _ in range(30):
        story.look()
        story.now += timedelta(minutes=1)
        story.poll()

    assert story.done[before:] == []
    assert len(story.builds()) == 1
    assert story.image.status.latest_image == f"{make.TAG}@{make.digest('a')}"
    assert [(condition.type, condition.status) for condition in story.image.status.conditions] == [
        ("Ready", "True"),
        ("BuilderReady", "True"),
        ("Settled", "True"),
    ]


def test_a_push_makes_exactly_one_more_build() -> None:
    """Reason COMMIT, the cache's claim again, and the new digest at the end."""
    story = built_once()

    story.now += timedelta(minutes=1)
    story.revision = "2" * 40
    story.poll()
    story.settle()
    story.finish_pod("b")
    story.settle()

    first, second = story.builds()
    assert [build.metadata.annotations[BUILD_REASON_ANNOTATION] for build in (first, second)] == ["CONFIG", "COMMIT"]
    assert (first.spec.cache_name, second.spec.cache_name) == ("app-cache", "app-cache")
    assert second.spec.last_build is not None
    assert second.spec.last_build.image == f"{make.TAG}@{make.digest('a')}"
    assert story.image.status.latest_image == f"{make.TAG}@{make.digest('b')}"
    assert story.image.status.build_counter == 2


def test_an_evicted_build_is_tried_again_and_ends_well() -> None:
    """Two pods, one Build, and no trace of the eviction in the end."""
    story = Story()
    for _ in range(2):
        story.poll()
        story.settle()
    story.evict_pod()
    story.settle()
    (build,) = story.builds()
    waiting = build.status.conditions[0]
    story.now += timedelta(minutes=1)
    story.settle()
    story.finish_pod("a")
    story.settle()

    (build,) = story.builds()
    pods = [name for kind, name in story.objects if kind == "Pod"]
    assert (waiting.status, waiting.reason) == ("Unknown", "Evicted")
    assert pods == [f"{build.metadata.name}-build-pod", f"{build.metadata.name}-build-pod-2"]
    assert (build.status.conditions[0].status, build.status.conditions[0].message) == ("True", "")
    assert story.image.status.latest_image == f"{make.TAG}@{make.digest('a')}"
    assert [condition.status for condition in story.image.status.conditions] == ["True", "True", "True"]
