"""Every action as requests, against an API server in memory."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from kpack_api.core import PersistentVolumeClaim, PersistentVolumeClaimSpec, Pod, VolumeResourceRequirements
from kpack_api.types import (
    Build,
    BuildSpec,
    ImageStatus,
    Kind,
    Source,
    SourceResolver,
    SourceResolverSpec,
)
from kpack_api.wire import Condition, ConditionStatus, ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.effects.kube_objects import KubeObjects
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model import actions
from kpack_reconciler.model.facts import (
    BuilderImageQuestion,
    BuilderImageSeen,
    Credentials,
    Fault,
    RebaseQuestion,
    ServiceAccountQuestion,
    ServiceAccountSeen,
)
from kpack_reconciler.model.keys import Key
from tests.fakes.kubernetes import FakeKubernetes

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KPACK = "/apis/build.pivotal.io/v1alpha1/namespaces/team"
CORE = "/api/v1/namespaces/team"
IMAGE = Key(Kind.IMAGE, "team", "app")


def meta(name: str = "app", **rest: object) -> ObjectMeta:
    return ObjectMeta(name=name, namespace="team", **rest)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Answers:
    """What service accounts and registries say."""

    credentials: Credentials | None = None
    begun: list[actions.RebaseImage] = field(default_factory=list)

    async def describe(self, namespace: str, name: str) -> Credentials | None:
        """Credentials of `team/default` only."""
        return self.credentials if (namespace, name) == ("team", "default") else None

    async def inspect(self, question: BuilderImageQuestion) -> BuilderImageSeen:
        """A registry that is down."""
        return BuilderImageSeen(question=question, answer=Fault(reason="Down", message="", permanent=False), at=NOW)


async def run(api: FakeKubernetes, action: actions.Action, answers: Answers | None = None) -> object:
    told = answers or Answers()
    async with api.serve() as config, KubeClient(config) as kube:
        effects = KubeObjects(
            kube=kube, describe=told.describe, inspect=told.inspect, rebase=told.begun.append, now=lambda: NOW
        )
        return await effects.run(action)


BUILD = Build(metadata=meta("app-build-1"), spec=BuildSpec(tags=("registry/app",), builder_image="registry/builder"))
RESOLVER = SourceResolver(metadata=meta("app-source"), spec=SourceResolverSpec(source=Source(sub_path="x")))
CLAIM = PersistentVolumeClaim(metadata=meta("app-cache"))


@pytest.mark.parametrize(
    ("action", "path"),
    [
        (actions.CreateBuild(build=BUILD, reason="CONFIG"), f"{KPACK}/builds/app-build-1"),
        (
            actions.CreateSourceResolver(source_resolver=RESOLVER, reason="missing"),
            f"{KPACK}/sourceresolvers/app-source",
        ),
        (actions.CreateCacheClaim(claim=CLAIM, reason="wanted"), f"{CORE}/persistentvolumeclaims/app-cache"),
        (actions.CreatePod(pod=Pod(metadata=meta("app-pod")), reason="missing"), f"{CORE}/pods/app-pod"),
    ],
    ids=["Build", "SourceResolver", "PersistentVolumeClaim", "Pod"],
)
async def test_creating_twice_is_a_conflict(action: actions.Action, path: str) -> None:
    """An object is created under its computed name and kind; the second attempt is refused as a conflict."""
    api = FakeKubernetes()

    await run(api, action)
    with pytest.raises(ConflictError):
        await run(api, action)

    assert api.get(path)["kind"] in {"Build", "SourceResolver", "PersistentVolumeClaim", "Pod"}


@pytest.mark.parametrize(
    ("action", "collection"),
    [
        (actions.DeleteBuild(namespace="team", name="app", uid="u1", reason="history"), f"{KPACK}/builds"),
        (
            actions.DeleteCacheClaim(namespace="team", name="app", uid="u1", reason="no cache"),
            f"{CORE}/persistentvolumeclaims",
        ),
        (actions.DeletePod(namespace="team", name="app", uid="u1", reason="given up"), f"{CORE}/pods"),
    ],
    ids=["Build", "PersistentVolumeClaim", "Pod"],
)
async def test_a_deletion_names_the_uid(action: actions.Action, collection: str) -> None:
    """What was seen is deleted; a successor of the same name is not."""
    api = FakeKubernetes()
    api.put(collection, {"metadata": {"name": "app", "uid": "u2"}})

    with pytest.raises(ConflictError):
        await run(api, action)
    api.put(collection, {"metadata": {"name": "app", "uid": "u1"}})
    await run(api, action)

    assert api.all(collection) == []


async def test_a_status_is_written_for_the_version_that_was_seen() -> None:
    """The status is merged, and a stale decision is refused."""
    api = FakeKubernetes()
    spec = {"tag": "registry/app"}
    before = api.put(f"{KPACK}/images", {"metadata": {"name": "app"}, "spec": spec, "status": {"buildCounter": 1}})
    ready = Condition(type="Ready", status=ConditionStatus.TRUE)
    status = ImageStatus(observed_generation=1, build_counter=2, conditions=(ready,))
    version = before["metadata"]["resourceVersion"]
    action = actions.PatchStatus(key=IMAGE, resource_version=version, status=status, reason="built")

    await run(api, action)
    with pytest.raises(ConflictError):
        await run(api, action)

    after = api.get(f"{KPACK}/images/app")
    assert (after["spec"], after["status"]["buildCounter"]) == (spec, 2)
    assert after["status"]["conditions"] == [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize("held", [True, False], ids=["they hold", "one does not"])
async def test_a_build_is_made_only_while_its_premises_hold(*, held: bool) -> None:
    """What the watches brought may be old: the API server itself is asked, and a Build from older inputs is refused."""
    api = FakeKubernetes()
    seen = api.put(f"{KPACK}/images", {"metadata": {"name": "app"}, "spec": {"tag": "registry/app"}})
    premise = actions.Premise(key=IMAGE, resource_version=seen["metadata"]["resourceVersion"])
    if not held:
        api.put(f"{KPACK}/images", {"metadata": {"name": "app"}, "spec": {"tag": "registry/other"}})

    with nullcontext() if held else pytest.raises(ConflictError, match="has changed"):
        await run(api, actions.CreateBuild(build=BUILD, premises=(premise,), reason="COMMIT"))

    assert len(api.all(f"{KPACK}/builds")) == held


async def test_a_build_is_not_made_for_an_object_that_is_gone() -> None:
    """An Image that was deleted gets no Build, although the watch has not told yet."""
    api = FakeKubernetes()
    premise = actions.Premise(key=IMAGE, resource_version="1")

    with pytest.raises(ConflictError, match="is gone"):
        await run(api, actions.CreateBuild(build=BUILD, premises=(premise,), reason="COMMIT"))

    assert api.all(f"{KPACK}/builds") == []


async def test_the_status_of_an_object_that_is_gone_is_no_error() -> None:
    """Between decision and action an object may be deleted."""
    action = actions.PatchStatus(key=IMAGE, resource_version="1", status=ImageStatus(), reason="late")

    assert await run(FakeKubernetes(), action) is None


async def test_a_claim_is_grown_by_its_labels_and_size_only() -> None:
    """Fields of a claim that the cluster set stay as they are."""
    api = FakeKubernetes()
    spec = {"volumeName": "pv-1", "resources": {"requests": {"storage": "1Gi"}}}
    old = {"name": "app-cache", "labels": {"no-longer": "wanted"}}
    before = api.put(f"{CORE}/persistentvolumeclaims", {"metadata": old, "spec": spec})
    size = VolumeResourceRequirements(requests={"storage": "2Gi"})
    metadata = meta("app-cache", labels={"a": "b"}, resource_version=before["metadata"]["resourceVersion"])
    claim = PersistentVolumeClaim(metadata=metadata, spec=PersistentVolumeClaimSpec(resources=size))

    await run(api, actions.UpdateCacheClaim(claim=claim, reason="grown"))

    after = api.get(f"{CORE}/persistentvolumeclaims/app-cache")
    assert after["spec"] == {"volumeName": "pv-1", "resources": {"requests": {"storage": "2Gi"}}}
    assert after["metadata"]["labels"] == {"a": "b"}


async def test_a_source_resolver_is_overwritten() -> None:
    """Spec and labels become the wanted ones; the status stays."""
    api = FakeKubernetes()
    before = api.put(
        f"{KPACK}/sourceresolvers",
        {"metadata": {"name": "app-source"}, "spec": {"serviceAccount": "old"}, "status": {"observedGeneration": 1}},
    )
    resolver = SourceResolver(
        metadata=meta("app-source", labels={"a": "b"}, resource_version=before["metadata"]["resourceVersion"]),
        spec=SourceResolverSpec(service_account="new"),
    )

    await run(api, actions.UpdateSourceResolver(source_resolver=resolver, reason="source changed"))

    after = api.get(f"{KPACK}/sourceresolvers/app-source")
    assert after["spec"]["serviceAccount"] == "new"
    assert (after["metadata"]["labels"], after["status"]) == ({"a": "b"}, {"observedGeneration": 1})


async def test_questions_yield_facts() -> None:
    """A service account that exists, one that does not, and a builder image: each answer comes back as a fact."""
    api, answers = FakeKubernetes(), Answers(Credentials(missing=("registry-login",)))
    known, unknown = ServiceAccountQuestion("team", "default"), ServiceAccountQuestion("team", "nobody")
    builder = BuilderImageQuestion("registry/builder", "team", "default")

    facts = [
        await run(api, actions.ReadServiceAccount(question=known, reason="not read"), answers),
        await run(api, actions.ReadServiceAccount(question=unknown, reason="not read"), answers),
        await run(api, actions.InspectBuilderImage(question=builder, reason="not read"), answers),
    ]

    assert facts == [
        ServiceAccountSeen(question=known, answer=Credentials(missing=("registry-login",)), at=NOW),
        ServiceAccountSeen(question=unknown, answer=None, at=NOW),
        await answers.inspect(builder),
    ]


async def test_an_event_tells_which_object_it_is_about() -> None:
    """An Event carries the subject's UID, and a time."""
    api = FakeKubernetes()
    subject = meta(uid="u1")

    await run(
        api, actions.RecordEvent(kind=Kind.IMAGE, subject=subject, type="Warning", reason="BuildFailed", message="x")
    )

    (event,) = api.all(f"{CORE}/events")
    assert event["involvedObject"]["uid"] == "u1"
    assert (event["type"], event["reason"], event["firstTimestamp"]) == (
        "Warning",
        "BuildFailed",
        "2026-11-24T10:00:00Z",
    )


async def test_an_event_that_cannot_be_written_ends_no_look() -> None:
    """Missing rights for events do not stop builds."""
    api = FakeKubernetes()
    api.refuse_next("POST", "events", 403)

    action = actions.RecordEvent(kind=Kind.IMAGE, subject=meta(), type="Normal", reason="Built", message="")

    assert await run(api, action) is None


async def test_a_rebase_is_begun_and_nobody_waits_for_it() -> None:
    """Its fact comes when it is done, so the action yields none."""
    question = RebaseQuestion(
        namespace="team",
        build="app-build-2",
        build_uid="u",
        service_account="bot",
        app_image="a",
        run_image="r",
        tags=(),
    )
    order, answers = actions.RebaseImage(question=question, attempt=1, reason="STACK"), Answers()

    assert await run(FakeKubernetes(), order, answers) is None
    assert answers.begun == [order]
