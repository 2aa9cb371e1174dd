"""The webhook's Secret and the API server's trust, against an API server in memory."""

import asyncio
import base64

import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.effects.webhook_registration import WebhookRegistration
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model.serving_certificate import ServingCertificate
from tests.fakes.kubernetes import FakeKubernetes

SECRET = "/api/v1/namespaces/kpack/secrets/webhook-certs"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
OLD = ServingCertificate(authority=b"old", certificate=b"old", key=b"old")
NEW = ServingCertificate(authority=b"authority", certificate=b"certificate", key=b"key")


def registration(kube: KubeClient, made: ServingCertificate = NEW) -> WebhookRegistration:
    return WebhookRegistration(kube=kube, namespace="kpack", make=lambda _: made, good=lambda pems: pems != OLD)


async def test_the_first_replica_stores_a_certificate_and_the_second_serves_the_same() -> None:
    """Whoever comes second reads what the first one stored."""
    api = FakeKubernetes()
    other = ServingCertificate(authority=b"x", certificate=b"x", key=b"x")

    async with api.serve() as config, KubeClient(config) as kube:
        first = await registration(kube).certificate()
        second = await registration(kube, other).certificate()

    assert (first, second) == (NEW, NEW)


async def test_losing_the_race_for_the_secret_means_reading_it() -> None:
    """A conflict on writing is followed by a new look at the Secret."""
    api = FakeKubernetes()
    api.refuse_next("POST", "secrets", 409)

    async with api.serve() as config, KubeClient(config) as kube:
        assert await registration(kube).certificate() == NEW


async def test_replicas_that_renew_at_once_end_with_one_certificate() -> None:
    """However many find the certificate outworn in the same moment, all serve the one that was stored."""
    api = FakeKubernetes()
    made = [ServingCertificate(authority=name, certificate=name, key=name) for name in (b"1", b"2", b"3")]

    async with api.serve() as config, KubeClient(config) as kube:
        await registration(kube, OLD).certificate()
        served = await asyncio.gather(*(registration(kube, pems).certificate() for pems in made))

    stored = base64.b64decode(api.get(SECRET)["data"]["server-cert.pem"])
    assert {pems.certificate for pems in served} == {stored}
    assert served[0] in made


async def test_a_secret_that_never_stands_still_is_a_conflict() -> None:
    """After three lost races the attempt is dropped; the next one comes by itself."""
    api = FakeKubernetes()
    for _ in range(3):
        api.refuse_next("POST", "secrets", 409)

    async with api.serve() as config, KubeClient(config) as kube:
        with pytest.raises(ConflictError, match="changes faster than it can be read"):
            await registration(kube).certificate()


async def test_a_certificate_is_renewed_in_view_of_the_one_before() -> None:
    """Whoever makes a certificate is given the one that it replaces, and None where there is none."""
    api = FakeKubernetes()
    seen: list[ServingCertificate | None] = []

    def make(before: ServingCertificate | None) -> ServingCertificate:
        seen.append(before)
        return NEW if before else OLD

    async with api.serve() as config, KubeClient(config) as kube:
        renewing = WebhookRegistration(kube=kube, namespace="kpack", make=make, good=lambda pems: pems != OLD)
        await renewing.certificate()
        await renewing.certificate()

    assert seen == [None, OLD]


async def test_an_empty_or_outworn_secret_is_filled() -> None:
    """A Secret without our keys, as kpack's release ships it, and one with an old certificate are written over."""
    api = FakeKubernetes()
    api.put(SECRET.rpartition("/")[0], {"metadata": {"name": "webhook-certs"}})

    async with api.serve() as config, KubeClient(config) as kube:
        await registration(kube, OLD).certificate()
        await registration(kube).certificate()

    assert api.get(SECRET)["data"]["server-key.pem"] == base64.b64encode(b"key").decode()


async def test_only_the_bundle_of_the_configurations_is_written() -> None:
    """Both configurations get the authority; what the installer wrote stays."""
    api = FakeKubernetes()
    names = {"mutating": "defaults.webhook.kpack.pivotal.io", "validating": "validation.webhook.kpack.pivotal.io"}
    for word, name in names.items():
        webhook = {"name": name, "clientConfig": {"service": {"name": "kpack-webhook"}}}
        path = f"{CONFIGURATIONS}/{word}webhookconfigurations"
        api.put(path, {"metadata": {"name": name}, "webhooks": [webhook]})

    async with api.serve() as config, KubeClient(config) as kube:
        await registration(kube).register(NEW)

    for word, name in names.items():
        webhook = api.get(f"{CONFIGURATIONS}/{word}webhookconfigurations/{name}")["webhooks"][0]
        bundle = base64.b64encode(b"authority").decode()
        assert webhook["clientConfig"] == {"service": {"name": "kpack-webhook"}, "caBundle": bundle}
