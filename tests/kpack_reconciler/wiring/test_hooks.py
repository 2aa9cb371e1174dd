"""Push hooks through whole controllers: an API server, a git server and a registry in memory, TLS for real."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace as replace_fields
from structlog.testing import capture_logs

from kpack_api.names import SOURCE_POLLING_ANNOTATION
from kpack_api.process import HOOKS_ANNOTATION
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.hooks.forwarding import read_leader
from kpack_reconciler.model.hooks import Provider
from kpack_reconciler.settings import HookSettings
from kpack_reconciler.wiring.controller import Controller, _asks_anew
from kpack_reconciler.wiring.hooks import read_secrets
from tests import make
from tests.fakes.git import FakeGit
from tests.fakes.hook_senders import SECRET, Sent, image_push, push
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry
from tests.fakes.tls import Authority
from tests.kpack_reconciler.wiring.test_controller import KPACK, LEASES, settings, until
from tests.kpack_reconciler.wiring.test_rebase import CORE, put_image, put_images

HOUR = timedelta(hours=1)
UNCHECKED = ssl.create_default_context()
UNCHECKED.check_hostname, UNCHECKED.verify_mode = False, ssl.CERT_NONE


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder of a mounted Secret."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "secret").write_text(f"{SECRET}\n")
    return folder


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Cluster:
    """An API server with an Image, a Builder and what they name; polling takes an hour."""

    def __init__(self, folder: Path, secrets: Path) -> None:
        self.api, self.git, self.registry, self.secrets = (
            FakeKubernetes(),
            FakeGit(folder / "app"),
            FakeRegistry(),
            secrets,
        )
        self.address = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Cluster"]:
        """Have all servers while the context is open."""
        async with self.git.serve() as url, self.registry.serve() as address:
            self.address = address
            put_images(self.registry, address)
            self.api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
            builder = {"metadata": {"name": "base", "generation": 1}, "spec": {"image": f"{address}/stack/builder"}}
            self.api.put(f"{KPACK}/builders", builder)
            source = {"git": {"url": url, "revision": "main"}}
            spec = {"tag": f"{address}/team/app", "builder": {"kind": "Builder", "name": "base"}, "source": source}
            self.api.put(f"{KPACK}/images", {"metadata": {"name": "app", "uid": "u1", "generation": 1}, "spec": spec})
            yield self

    @asynccontextmanager
    async def replica(self, name: str, certificate: Path | None = None) -> AsyncIterator["Replica"]:
        """Run a controller while the context is open."""
        port = free_port()
        hooks = HookSettings(secrets=self.secrets, certificate=certificate, address="127.0.0.1", port=port)
        chosen = replace(settings(name), source_poll=HOUR, builder_poll=HOUR, hooks=hooks)
        async with self.api.serve() as config, KubeClient(config) as kube, aiohttp.ClientSession() as http:
            task = asyncio.create_task(Controller(chosen, kube, http).run())
            try:
                yield Replica(http, f"https://127.0.0.1:{port}/hooks")
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def builds(self) -> list[dict[str, Any]]:
        """All Builds."""
        found: list[dict[str, Any]] = self.api.all(f"{KPACK}/builds")
        return found

    def end_builds(self) -> None:
        """Have all Builds succeed, so that the next one may begin."""
        for build in self.builds():
            ready = {
                "conditions": [{"type": "Succeeded", "status": "True"}],
                "latestImage": f"{self.address}/team/app@sha256:{'a' * 64}",
            }
            stack = {"id": "s1", "runImage": build["metadata"]["annotations"]["image.build.pivotal.io/runImage"]}
            self.api.put(f"{KPACK}/builds", build | {"status": {**ready, "stack": stack, "observedGeneration": 1}})


class Replica:
    """Sends hooks to one controller."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, url

    async def send(self, hook: Sent) -> tuple[int, str]:
        """Status and text of the answer."""
        async with self.http.post(self.url, data=hook.body, headers=hook.headers, ssl=UNCHECKED) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def cluster(tmp_path: Path, secrets: Path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, secrets).serve() as made:
        yield made


async def test_a_push_becomes_a_build_without_waiting_for_the_interval(cluster: Cluster) -> None:
    """Polling once an hour, the Build of the new commit exists within a second or two of the hook."""
    async with cluster.replica("first") as replica:
        await until(lambda: len(cluster.builds()) == 1)
        cluster.end_builds()
        newer = cluster.git.commit("README", "second")
        asked, told = len(cluster.git.requests), monotonic()
        status, text = await replica.send(push(Provider.GITHUB, path="app"))
        await until(lambda: len(cluster.builds()) == 2)
        took = monotonic() - told

    assert (status, text) == (202, "asking about 1 source(s) now\n")
    assert cluster.builds()[1]["spec"]["source"]["git"]["revision"] == newer
    assert len(cluster.git.requests) == asked + 1
    assert took < 5


async def test_a_pushed_run_image_becomes_a_rebase(cluster: Cluster) -> None:
    """A registry's notification has the builder looked at, and the Image follows it."""
    async with cluster.replica("first") as replica:
        await until(lambda: len(cluster.builds()) == 1)
        cluster.end_builds()
        put_image(cluster.registry, "stack/run", ["base", "newer"], Labels={"io.buildpacks.stack.id": "s1"})
        status, _ = await replica.send(image_push(("stack/run", "latest")))
        await until(lambda: len(cluster.builds()) == 2)

    assert status == 202
    assert cluster.builds()[1]["metadata"]["annotations"]["image.build.pivotal.io/reason"] == "STACK"


async def test_a_hook_to_a_standby_reaches_the_leader(cluster: Cluster) -> None:
    """The leader's address is on the Lease; its answer is the sender's."""
    async with cluster.replica("first") as leader:
        await until(lambda: len(cluster.builds()) == 1)
        async with cluster.replica("second") as standby:
            (lease,) = cluster.api.all(LEASES)
            noted = read_leader(lease["metadata"]["annotations"][HOOKS_ANNOTATION])
            assert noted is not None
            assert noted.address in leader.url
            hook = push(Provider.GITHUB, path="app")
            async with asyncio.timeout(10):
                while await first_answer(standby, hook) != 202:  # noqa: ASYNC110 - the standby has yet to read the Lease
                    await asyncio.sleep(0.05)
            answers = [await replica.send(hook) for replica in (leader, standby)]

    assert answers == [(202, "asking about 1 source(s) now\n")] * 2


async def test_without_a_leader_a_standby_says_so(cluster: Cluster) -> None:
    """Another holder that takes no hooks is on the Lease: the sender is told to come again."""
    cluster.api.put(LEASES, {"metadata": {"name": "kpack-controller"}, "spec": {"holderIdentity": "older"}})
    async with cluster.replica("second") as standby:
        status = await first_answer(standby, push(Provider.GITHUB, path="app"))

    assert status == 503


async def first_answer(replica: Replica, hook: Sent) -> int:
    """The status of the first answer of a replica that is starting."""
    async with asyncio.timeout(10):
        while True:
            try:
                return (await replica.send(hook))[0]
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


async def test_a_rotated_secret_holds_at_once(cluster: Cluster) -> None:
    """The kubelet replaces the files; the process is not started anew."""
    hook = push(Provider.GITLAB, path="app", secret="the next one")
    async with cluster.replica("first") as replica:
        assert await first_answer(replica, hook) == 401
        (cluster.secrets / "next").write_text("the next one")
        assert await first_answer(replica, hook) == 202
        for file in cluster.secrets.iterdir():
            file.unlink()
        assert await first_answer(replica, hook) == 503


def write_certificate(folder: Path, authority: Authority) -> ssl.SSLContext:
    """Write a Secret of type kubernetes.io/tls as the kubelet does; who trusts the authority."""
    folder.mkdir(exist_ok=True)
    certificate, _, key = authority.certify("127.0.0.1").partition(b"-----BEGIN PRIVATE KEY-----")
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(b"-----BEGIN PRIVATE KEY-----" + key)
    return ssl.create_default_context(cadata=authority.pem)


async def test_a_given_certificate_is_served_and_replaced(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Senders that check it are content; a broken one leaves the one before; a new one needs no restart."""
    monkeypatch.setattr("kpack_reconciler.wiring.hooks._CERTIFICATE_SECONDS", 0.02)
    folder, first, second = tmp_path / "tls", Authority("first"), Authority("second")
    trust = write_certificate(folder, first)
    async with cluster.replica("first", folder) as replica:
        await first_answer(replica, push(Provider.GITHUB))
        with capture_logs() as logs:
            (folder / "tls.key").write_text("broken")
            await until(lambda: "certificate of hooks not loaded" in str(logs))
        assert await trusted(replica, trust)
        trust = write_certificate(folder, second)
        async with asyncio.timeout(5):
            while not await trusted(replica, trust):  # noqa: ASYNC110 - the endpoint has no event for it
                await asyncio.sleep(0.02)


async def trusted(replica: Replica, trust: ssl.SSLContext) -> bool:
    """Whether a new connection that checks the certificate comes about."""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(replica.url, ssl=trust) as answer:
                return answer.status == 405
        except aiohttp.ClientConnectorCertificateError:
            return False


async def test_a_certificate_that_is_missing_at_first_is_waited_for(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller works meanwhile, without its endpoint."""
    monkeypatch.setattr("kpack_reconciler.wiring.hooks._CERTIFICATE_SECONDS", 0.02)
    async with cluster.replica("first", tmp_path / "tls") as replica:
        await until(lambda: len(cluster.builds()) == 1)
        assert HOOKS_ANNOTATION not in str(cluster.api.all(LEASES))
        write_certificate(tmp_path / "tls", Authority())
        assert await first_answer(replica, push(Provider.GITHUB, path="app")) == 202


async def test_an_images_own_interval_reaches_its_source_resolver(cluster: Cluster) -> None:
    """Through the API, with the condition that tells it; taken away, it is gone."""

    def polling() -> str:
        (resolver,) = cluster.api.all(f"{KPACK}/sourceresolvers")
        conditions = resolver.get("status", {}).get("conditions", [])
        return "".join(each["status"] for each in conditions if each["type"] == "ActivePolling")

    async with cluster.replica("first"):
        await until(lambda: len(cluster.builds()) == 1)
        image = cluster.api.get(f"{KPACK}/images/app")
        metadata = {**image["metadata"], "annotations": {SOURCE_POLLING_ANNOTATION: "off"}}
        cluster.api.put(f"{KPACK}/images", image | {"metadata": metadata})
        await until(lambda: polling() == "False")
        image = cluster.api.get(f"{KPACK}/images/app")
        cluster.api.put(f"{KPACK}/images", image | {"metadata": {**image["metadata"], "annotations": {}}})
        await until(lambda: polling() == "True")


@pytest.mark.parametrize(("pace", "woken"), [("10m", True), ("", False)])
def test_another_interval_wakes_the_pollers(pace: str, *, woken: bool) -> None:
    """Annotations do not count in the generation; other ones of them change nothing."""
    before = make.metadata("app-source")
    after = replace_fields(before, annotations={"a": "b", **({SOURCE_POLLING_ANNOTATION: pace} if pace else {})})

    assert _asks_anew(before, after) is woken


def test_secrets_are_read_as_the_kubelet_mounts_them(secrets: Path) -> None:
    """Through links, without hidden files and ends of lines; an empty file, or no folder, is no secret."""
    data = secrets / "..data"
    data.mkdir()
    (data / "previous").write_text("before")
    (secrets / "previous").symlink_to(data / "previous")
    (secrets / "empty").write_text("\n")

    assert read_secrets(secrets) == ("before", SECRET)
    assert read_secrets(secrets / "missing") == ()
