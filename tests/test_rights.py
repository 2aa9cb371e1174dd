"""What the processes ask for is what they were given, in the whole cluster and in single namespaces; nothing elsewhere.

Requests come from the code that makes them, rights from the manifests that are installed.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, get_args

import aiohttp
import pytest
from msgspec.structs import replace

from kpack_api.core import Pod
from kpack_api.names import IMAGE_LABEL
from kpack_api.process import LEASE_NAME
from kpack_api.types import BuilderStatus, BuildStatus, ImageStatus, Kind, SourceResolverStatus
from kpack_api.wire import ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.errors import ConflictError, PermanentError
from kpack_reconciler.model import actions
from kpack_reconciler.model.keys import Key
from kpack_reconciler.observe.lease import LeaseElection, LeaseTerms
from kpack_reconciler.wiring import webhook as wiring
from kpack_reconciler.wiring.controller import Controller
from pulumi_kpack.manifests.rbac import access, access_to
from tests.fakes.rights import GuardedKubernetes
from tests.kpack_reconciler.effects.test_kube_objects import BUILD, CLAIM, RESOLVER, run
from tests.kpack_reconciler.wiring.test_controller import IMAGE, settings, until
from tests.kpack_reconciler.wiring.test_webhook import CONFIGURATIONS, NAMES, running_webhook

SYSTEM = "kpack"
CONTROLLER, WEBHOOK = ("controller", SYSTEM), ("webhook", SYSTEM)
EVERYWHERE = access(SYSTEM)
IN_TEAM = (*access(SYSTEM, everywhere=False), *access_to("team", SYSTEM))
STATUSES = {
    Kind.IMAGE: ImageStatus(),
    Kind.BUILD: BuildStatus(),
    Kind.BUILDER: BuilderStatus(),
    Kind.CLUSTER_BUILDER: BuilderStatus(),
    Kind.SOURCE_RESOLVER: SourceResolverStatus(),
}
INSIDE = (
    actions.TakeTurn,
    actions.GiveTurnBack,
    actions.InspectBuilderImage,
    actions.RebaseImage,
    actions.ReadServiceAccount,
)
"""Actions that send the API server nothing, or what `ServiceAccounts` sends."""


def orders(namespace: str) -> list[actions.Action]:
    """One action of each type that writes, on objects of this namespace."""
    key = Key(Kind.IMAGE, namespace, "app")
    premises = (actions.Premise(key=key, resource_version="1"),)
    meta = ObjectMeta(name="app", namespace=namespace)
    build, resolver, claim = (
        replace(BUILD, metadata=replace(meta, labels={IMAGE_LABEL: "app"})),
        replace(RESOLVER, metadata=meta),
        replace(CLAIM, metadata=meta),
    )
    gone = {"namespace": namespace, "name": "app", "uid": "u", "reason": "r"}
    return [
        actions.CreateBuild(build=build, reason="r"),
        actions.CreateBuild(build=build, premises=premises, seen=frozenset(), reason="r"),
        actions.DeleteBuild(**gone),
        actions.CreateSourceResolver(source_resolver=resolver, reason="r"),
        actions.UpdateSourceResolver(source_resolver=resolver, reason="r"),
        actions.CreateCacheClaim(claim=claim, reason="r"),
        actions.UpdateCacheClaim(claim=claim, reason="r"),
        actions.DeleteCacheClaim(**gone),
        actions.CreatePod(pod=Pod(metadata=meta), reason="r"),
        actions.DeletePod(**gone),
        *(
            actions.PatchStatus(key=Key(kind, namespace, "app"), resource_version="1", status=status, reason="r")
            for kind, status in STATUSES.items()
            if kind is not Kind.CLUSTER_BUILDER
        ),
        actions.RecordEvent(kind=Kind.IMAGE, subject=meta, type="Normal", reason="r", message=""),
    ]


OF_CLUSTER: list[actions.Action] = [
    actions.PatchStatus(
        key=Key(Kind.CLUSTER_BUILDER, "", "base"), resource_version="1", status=BuilderStatus(), reason="r"
    ),
    actions.RecordEvent(
        kind=Kind.CLUSTER_BUILDER, subject=ObjectMeta(name="base"), type="Normal", reason="r", message=""
    ),
]


def named(action: actions.Action) -> str:
    """What an action does to which kind, as the ID of a case."""
    kind = action.key.kind if isinstance(action, actions.PatchStatus) else getattr(action, "kind", "")
    checked = "checked" if getattr(action, "premises", ()) else ""
    return " ".join(filter(None, (type(action).__name__, kind, checked)))


async def attempt(api: GuardedKubernetes, action: actions.Action) -> None:
    """Carry an action out; that its object does not exist is no matter of rights."""
    with suppress(PermanentError, ConflictError):
        await run(api, action)


def test_no_action_is_forgotten() -> None:
    """A new action needs a case here, or a reason why it asks the API server for nothing."""
    assert {type(action) for action in orders("team")} | set(INSIDE) == set(get_args(actions.Action))


@pytest.mark.parametrize("granted", [EVERYWHERE, IN_TEAM], ids=["whole cluster", "one namespace"])
@pytest.mark.parametrize("action", [*orders("team"), *OF_CLUSTER], ids=named)
async def test_each_action_is_allowed(action: actions.Action, granted: tuple[Any, ...]) -> None:
    """The controller may do all that decisions order."""
    api = GuardedKubernetes(CONTROLLER, granted)

    await attempt(api, action)

    assert api.requests
    assert api.refused == []


@pytest.mark.parametrize("action", orders("other"), ids=named)
async def test_nothing_is_allowed_in_another_namespace(action: actions.Action) -> None:
    """Where single namespaces are watched, the controller cannot touch anything elsewhere."""
    api = GuardedKubernetes(CONTROLLER, IN_TEAM)

    await attempt(api, action)

    assert len(api.refused) == len(api.requests) == 1


async def ask_for_credentials(api: GuardedKubernetes, namespace: str) -> None:
    """Read a service account and its Secret in each way that there is."""
    account = {"metadata": {"name": "bot"}, "secrets": [{"name": "login"}]}
    api.put(f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
    api.put(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "login"}, "type": "Opaque"})
    async with api.serve() as config, KubeClient(config) as kube:
        accounts = ServiceAccounts(kube)
        for ask in (accounts.describe, accounts.keychain, accounts.git_candidates):
            with suppress(PermanentError):
                await ask(namespace, "bot")


@pytest.mark.parametrize("granted", [EVERYWHERE, IN_TEAM], ids=["whole cluster", "one namespace"])
async def test_credentials_of_builds_are_readable(granted: tuple[Any, ...]) -> None:
    """Accounts are read and listed, Secrets are read by name."""
    api = GuardedKubernetes(CONTROLLER, granted)

    await ask_for_credentials(api, "team")

    assert ("GET", "/api/v1/namespaces/team/secrets/login") in api.requests
    assert api.refused == []


async def test_no_secret_of_another_namespace_is_readable() -> None:
    """No right on Secrets reaches further than the namespaces that are watched."""
    api = GuardedKubernetes(CONTROLLER, IN_TEAM)

    await ask_for_credentials(api, "other")
    with pytest.raises(PermanentError, match="may not get secrets/login in other"):
        async with api.serve() as config, KubeClient(config) as kube:
            await kube.get("/api/v1/namespaces/other/secrets/login")

    assert "get serviceaccounts/bot in other" in api.refused


@pytest.mark.parametrize("granted", [EVERYWHERE, IN_TEAM], ids=["whole cluster", "one namespace"])
def test_no_cluster_role_of_single_namespaces_is_on_secrets(granted: tuple[Any, ...]) -> None:
    """Only the service for the whole cluster has a ClusterRole on Secrets; none lists them."""
    roles = [each for each in granted if each["kind"] == "ClusterRole"]
    verbs = [rule["verbs"] for role in roles for rule in role["rules"] if "secrets" in rule["resources"]]

    assert verbs == ([["get"]] if granted is EVERYWHERE else [])


@asynccontextmanager
async def controlling(api: GuardedKubernetes, *namespaces: str) -> AsyncIterator[Controller]:
    """Run a whole controller that watches these namespaces; none are all."""
    given = dataclasses.replace(settings("first"), namespaces=namespaces)
    async with api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
        controller = Controller(given, kube, http)
        task = asyncio.create_task(controller.run())
        try:
            yield controller
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def put_image(api: GuardedKubernetes, namespace: str) -> str:
    """Put an Image; gives its path."""
    path = f"/apis/build.pivotal.io/v1alpha1/namespaces/{namespace}/images"
    api.put(path, IMAGE)
    return f"{path}/app"


@pytest.mark.parametrize(
    ("granted", "namespaces"), [(EVERYWHERE, ()), (IN_TEAM, ("team",))], ids=["whole cluster", "one namespace"]
)
async def test_a_whole_controller_is_allowed_all_it_does(granted: tuple[Any, ...], namespaces: tuple[str, ...]) -> None:
    """Lists, watches, the Lease and the first look at an Image; of another namespace nothing is asked."""
    api = GuardedKubernetes(CONTROLLER, granted)
    image = put_image(api, "team")
    elsewhere = put_image(api, "other")

    async with controlling(api, *namespaces) as controller:
        await until(lambda: "status" in api.get(image))
        assert controller.unready() == ""

    assert api.refused == []
    if namespaces:
        assert "status" not in api.get(elsewhere)
        assert not [path for _, path in api.requests if "/other/" in path]


async def test_a_standby_is_allowed_to_watch_the_lease() -> None:
    """The Lease of that name, which is all that it asks for."""
    api = GuardedKubernetes(CONTROLLER, EVERYWHERE)
    async with api.serve() as config, KubeClient(config) as kube:
        leader, standby = (
            LeaseElection(kube, terms, now=lambda: datetime.now(UTC), monotonic=monotonic)
            for terms in (LeaseTerms(namespace=SYSTEM, name=LEASE_NAME, holder=name) for name in ("first", "second"))
        )
        await leader.acquire()
        standing_by = asyncio.create_task(standby.acquire())
        await until(lambda: any(path.endswith("/leases") for method, path in api.requests if method == "GET"))
        standing_by.cancel()
        await asyncio.gather(standing_by, return_exceptions=True)

    assert api.refused == []


async def test_a_namespace_that_cannot_be_seen_does_not_hold_the_others_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was deleted, or its Role was: the others are worked on, and it is, too, once its Role is there."""
    monkeypatch.setattr("kpack_reconciler.wiring.controller._NAMESPACES_SECONDS", 0.0)
    api = GuardedKubernetes(CONTROLLER, IN_TEAM)
    image, hidden = put_image(api, "team"), put_image(api, "gone")

    async with controlling(api, "gone", "team") as controller:
        await until(lambda: "status" in api.get(image))
        unready = controller.unready()
        api.grant(access_to("gone", SYSTEM))
        await until(lambda: "status" in api.get(hidden))

    assert unready.startswith("not listed yet: builders in gone, ")
    assert "in team" not in unready


@pytest.mark.parametrize("granted", [EVERYWHERE, IN_TEAM], ids=["whole cluster", "one namespace"])
async def test_the_webhook_is_allowed_all_it_does(
    granted: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    """Its Secret, its two registrations and the storage classes, in both forms."""
    monkeypatch.setattr(wiring, "WEBHOOK_PORT", unused_tcp_port)
    api = GuardedKubernetes(WEBHOOK, granted)
    for word, name in NAMES.items():
        path = f"{CONFIGURATIONS}/{word}webhookconfigurations"
        api.put(path, {"metadata": {"name": name}, "webhooks": [{"name": name, "clientConfig": {}}]})

    async with running_webhook(api):
        assert api.refused == []
