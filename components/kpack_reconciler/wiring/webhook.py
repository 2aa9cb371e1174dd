"""The webhook's process: admission behind TLS, its certificate kept good, the API server's trust kept up to date.

Rules:
- The port is opened only with a certificate, and once the storage classes were asked for, or the first Images would get
  no cache; ready means that the API server has been told to trust it.
- Certificate and trust are looked at again and again: a Secret that is replaced, a certificate that grows old and a
  configuration that is installed anew are all healed without a restart.
- A new certificate is trusted before it is served, and its predecessor stays trusted: no review fails meanwhile.
"""

import asyncio
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import msgspec
import structlog
from aiohttp import web

from kpack_api.process import (
    HEALTH_PORT,
    MUTATING_PATH,
    VALIDATING_PATH,
    WEBHOOK_NAME,
    WEBHOOK_PORT,
    WEBHOOK_SECRET,
)
from kpack_api.wire import ObjectMeta
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig
from kpack_reconciler.clients.kube.paths import resource_path
from kpack_reconciler.effects.webhook_registration import WebhookRegistration
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError
from kpack_reconciler.loop.health import serve_health
from kpack_reconciler.metrics import CERTIFICATE_ENDS
from kpack_reconciler.model.serving_certificate import ServingCertificate
from kpack_reconciler.settings import Settings
from kpack_reconciler.webhook.certificate import ends_at, is_good, make_certificate
from kpack_reconciler.webhook.server import make_app
from kpack_reconciler.wiring.counting import counting_requests, counting_reviews
from kpack_reconciler.wiring.tls import load

log = structlog.get_logger(__name__)

_TRUST_SECONDS = 15.0
_STORAGE_SECONDS = 60.0
_FIRST_TRY_SECONDS = 1.0
_SHUTDOWN_SECONDS = 2.0
_DEFAULT_STORAGE_CLASS = "storageclass.kubernetes.io/is-default-class"
_FAILURES = (ConflictError, PermanentError, TransientError)


class _StorageClass(msgspec.Struct):
    metadata: ObjectMeta


class _StorageClasses(msgspec.Struct):
    items: list[_StorageClass]


class Webhook:
    """The parts of one webhook process, put together but not yet running."""

    def __init__(self, settings: Settings, kube: KubeClient) -> None:
        self._kube = kube
        self._default_storage_class = False
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._served: ServingCertificate | None = None
        self._looked = asyncio.Event()
        self._certified = asyncio.Event()
        self._trusted = asyncio.Event()
        self._serving = asyncio.Event()
        namespace = settings.system_namespace
        self._registration = WebhookRegistration(
            kube=kube,
            namespace=namespace,
            make=lambda before: make_certificate(WEBHOOK_NAME, namespace, now=datetime.now(UTC), before=before),
            good=lambda stored: is_good(stored, WEBHOOK_NAME, namespace, now=datetime.now(UTC)),
        )

    def ready(self) -> bool:
        """Whether the port is open with a good certificate that the API server has been told to trust."""
        return not self.unready()

    def unready(self) -> str:
        """Why no review can come yet, or any more; "" where they can."""
        if not self._serving.is_set():
            return "no certificate is served yet"
        if not self._trusted.is_set():
            return "the API server has not been told yet whom to trust"
        if self._served is None or datetime.now(UTC) >= ends_at(self._served):
            return f"the certificate has ended: delete the Secret {WEBHOOK_SECRET}"
        return ""

    def default_storage_class(self) -> bool:
        """Whether the cluster had a default StorageClass when it was last looked at."""
        return self._default_storage_class

    async def run(self) -> None:
        """Serve until cancelled."""
        app = make_app(default_storage_class=self.default_storage_class)
        app.middlewares.append(counting_reviews(MUTATING_PATH, VALIDATING_PATH))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_storage_class())
                tasks.create_task(self._keep_trust())
                await self._certified.wait()
                await self._looked.wait()
                await web.TCPSite(runner, port=WEBHOOK_PORT, ssl_context=self._tls).start()
                self._serving.set()
                log.info("webhook serves", port=WEBHOOK_PORT)
        finally:
            await runner.cleanup()

    async def _keep_trust(self) -> None:
        while True:
            try:
                await self._renew_trust()
            except _FAILURES as error:
                log.warning("trust not renewed", reason=str(error))
            await asyncio.sleep(_TRUST_SECONDS if self.ready() else _FIRST_TRY_SECONDS)

    async def _renew_trust(self) -> None:
        pems = await self._registration.certificate()
        await self._registration.register(pems)
        if pems != self._served:
            _load(self._tls, pems)
            self._served = pems
            CERTIFICATE_ENDS.set(ends_at(pems).timestamp())
            self._certified.set()
        self._trusted.set()

    async def _keep_storage_class(self) -> None:
        path = resource_path("storage.k8s.io/v1", "storageclasses", "")
        while True:
            try:
                found = msgspec.json.decode(await self._kube.get(path), type=_StorageClasses)
            except _FAILURES as error:
                log.warning("storage classes not read", reason=str(error))
            else:
                marks = (item.metadata.annotations.get(_DEFAULT_STORAGE_CLASS) for item in found.items)
                self._default_storage_class = "true" in marks
            self._looked.set()
            await asyncio.sleep(_STORAGE_SECONDS)


async def run_webhook(settings: Settings, config: ClusterConfig) -> None:
    """Run the webhook, its client and its health server until cancelled."""
    async with AsyncExitStack() as stack:
        kube = await stack.enter_async_context(KubeClient(config, answered=counting_requests(config.server)))
        webhook = Webhook(settings, kube)
        await stack.enter_async_context(serve_health(HEALTH_PORT, unready=webhook.unready, sick=lambda: ""))
        await webhook.run()


def _load(tls: ssl.SSLContext, pems: ServingCertificate) -> None:
    """Serve new connections with this certificate."""
    try:
        load(tls, pems.certificate, pems.key)
    except ssl.SSLError as error:
        raise PermanentError("InvalidCertificate", f"delete the Secret {WEBHOOK_SECRET}: {error}") from error
