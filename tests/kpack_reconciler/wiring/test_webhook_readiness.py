"""When a webhook can be relied on."""

from datetime import UTC, datetime, timedelta

import pytest

from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.webhook.certificate import LIFETIME, ends_at, make_certificate
from kpack_reconciler.wiring.webhook import Webhook
from tests.kpack_reconciler.wiring.test_webhook import SETTINGS, cluster
from tests.scrape import scraped


def new_webhook() -> Webhook:
    return Webhook(SETTINGS, KubeClient(ClusterConfig(server="http://127.0.0.1:1")))


@pytest.mark.parametrize(
    ("serves", "trusted", "age", "ailment"),
    [
        (False, False, timedelta(0), "no certificate is served yet"),
        (True, False, timedelta(0), "the API server has not been told yet whom to trust"),
        (True, True, LIFETIME, "the certificate has ended: delete the Secret webhook-certs"),
        (True, True, timedelta(days=300), ""),
    ],
)
async def test_ready_is_who_serves_what_is_trusted_and_good(
    *, serves: bool, trusted: bool, age: timedelta, ailment: str
) -> None:
    """The port, the API server's trust and the certificate's life are all asked for, and what is missing is said."""
    webhook = new_webhook()
    webhook._served = make_certificate("kpack-webhook", "kpack", now=datetime.now(UTC) - age)
    if serves:
        webhook._serving.set()
    if trusted:
        webhook._trusted.set()

    assert (webhook.unready(), webhook.ready()) == (ailment, not ailment)


async def test_the_end_of_the_served_certificate_is_shown() -> None:
    """What is exported is the end of the certificate that new connections get."""
    api = cluster()

    async with api.serve() as config, KubeClient(config) as kube:
        webhook = Webhook(SETTINGS, kube)
        await webhook._renew_trust()

    assert webhook._served is not None
    shown = scraped("kpack_webhook_certificate_not_after_timestamp_seconds")
    assert shown == ends_at(webhook._served).timestamp()
