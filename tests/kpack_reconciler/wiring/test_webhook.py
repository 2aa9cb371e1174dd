"""The webhook as a whole against an API server in memory: it is reached over the TLS that it registered."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.serving_certificate import ServingCertificate
from kpack_reconciler.settings import Settings
from kpack_reconciler.webhook.certificate import make_certificate
from kpack_reconciler.wiring import webhook as wiring
from tests.fakes.kubernetes import FakeKubernetes

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
NAMES = {"mutating": "defaults.webhook.kpack.pivotal.io", "validating": "validation.webhook.kpack.pivotal.io"}
SETTINGS = Settings(
    system_namespace="kpack",
    pod_name="webhook-1",
    step_image="",
    log_level="info",
    source_poll=timedelta(seconds=60),
    builder_poll=timedelta(seconds=60),
    workers=1,
)


def cluster() -> FakeKubernetes:
    api = FakeKubernetes()
    for word, name in NAMES.items():
        path = f"{CONFIGURATIONS}/{word}webhookconfigurations"
        api.put(path, {"metadata": {"name": name}, "webhooks": [{"name": name, "clientConfig": {}}]})
    return api


@asynccontextmanager
async def running_webhook(api: FakeKubernetes) -> AsyncIterator[None]:
    """Run the webhook against an API server until the context ends; it is ready when the context begins."""
    async with api.serve() as config, KubeClient(config) as kube:
        webhook = wiring.Webhook(SETTINGS, kube)
        task = asyncio.create_task(webhook.run())
        async with asyncio.timeout(10):
            while not webhook.ready():  # noqa: ASYNC110 - the process has no event for it
                await asyncio.sleep(0.01)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def review(port: int, bundle: str) -> dict[str, object]:
    tls = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
    request = {"uid": "1", "kind": {"kind": "Image"}, "operation": "CREATE", "object": {"spec": {}}}
    url = f"https://127.0.0.1:{port}/validate"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as http,
        http.post(url, json={"request": request}, server_hostname="kpack-webhook.kpack.svc") as response,
    ):
        answer: dict[str, object] = await response.json()
        return answer


async def test_whoever_trusts_the_registered_authority_reaches_the_webhook(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    """The certificate behind the port is the one whose authority stands in both configurations."""
    api = cluster()
    monkeypatch.setattr(wiring, "WEBHOOK_PORT", unused_tcp_port)

    async with running_webhook(api):
        bundles = {
            api.get(f"{CONFIGURATIONS}/{word}webhookconfigurations/{name}")["webhooks"][0]["clientConfig"]["caBundle"]
            for word, name in NAMES.items()
        }
        (bundle,) = bundles
        answer = await review(unused_tcp_port, bundle)

    assert answer["response"]["allowed"] is False  # type: ignore[index]


async def test_a_certificate_in_its_last_week_is_replaced_and_stays_trusted(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    """The new certificate is stored and served; the bundle still holds the authority of the old one, for replicas."""
    api = cluster()
    old = make_certificate("kpack-webhook", "kpack", now=datetime.now(UTC) - timedelta(days=359))
    parts = {"ca-cert.pem": old.authority, "server-cert.pem": old.certificate, "server-key.pem": old.key}
    data = {name: base64.b64encode(pem).decode() for name, pem in parts.items()}
    api.put("/api/v1/namespaces/kpack/secrets", {"metadata": {"name": "webhook-certs"}, "data": data})
    monkeypatch.setattr(wiring, "WEBHOOK_PORT", unused_tcp_port)

    async with running_webhook(api):
        configuration = api.get(f"{CONFIGURATIONS}/mutatingwebhookconfigurations/{NAMES['mutating']}")
        bundle = configuration["webhooks"][0]["clientConfig"]["caBundle"]
        answer = await review(unused_tcp_port, bundle)

    stored = api.get("/api/v1/namespaces/kpack/secrets/webhook-certs")["data"]
    assert stored["server-cert.pem"] != data["server-cert.pem"]
    assert old.authority in base64.b64decode(bundle)
    assert answer["response"]["allowed"] is False  # type: ignore[index]


async def test_a_default_storage_class_is_seen(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """An Image without cacheSize gets the default size only where the cluster can make volumes by default."""
    api = cluster()
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    api.put("/apis/storage.k8s.io/v1/storageclasses", {"metadata": {"name": "local", "annotations": mark}})
    monkeypatch.setattr(wiring, "WEBHOOK_PORT", unused_tcp_port)

    async with api.serve() as config, KubeClient(config) as kube:
        webhook = wiring.Webhook(SETTINGS, kube)
        task = asyncio.create_task(webhook.run())
        async with asyncio.timeout(10):
            while not webhook.default_storage_class():  # noqa: ASYNC110 - the process has no event for it
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_missing_at_first_is_waited_for(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """Refused storage classes, and configurations that are installed later, hold up readiness and end nothing."""
    api = FakeKubernetes()
    api.refuse_next("GET", "storageclasses", 403)
    monkeypatch.setattr(wiring, "WEBHOOK_PORT", unused_tcp_port)
    monkeypatch.setattr(wiring, "_FIRST_TRY_SECONDS", 0.01)
    applied = "PATCH", f"{CONFIGURATIONS}/mutatingwebhookconfigurations/{NAMES['mutating']}"

    async with api.serve() as config, KubeClient(config) as kube:
        webhook = wiring.Webhook(SETTINGS, kube)
        task = asyncio.create_task(webhook.run())
        async with asyncio.timeout(10):
            while api.requests.count(applied) < 2:  # noqa: ASYNC110 - the process has no event for it
                await asyncio.sleep(0.01)
            before = webhook.ready()
            for word, name in NAMES.items():
                body = {"metadata": {"name": name}, "webhooks": [{"name": name, "clientConfig": {}}]}
                api.put(f"{CONFIGURATIONS}/{word}webhookconfigurations", body)
            while not webhook.ready():  # noqa: ASYNC110 - the process has no event for it
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert (before, webhook.default_storage_class()) == (False, False)


def test_a_certificate_that_cannot_be_served_says_what_to_do() -> None:
    """A stored certificate that OpenSSL refuses is no reason to end; deleting the Secret heals it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    broken = ServingCertificate(authority=b"", certificate=b"", key=b"")

    with pytest.raises(PermanentError, match="delete the Secret webhook-certs"):
        wiring._load(tls, broken)
