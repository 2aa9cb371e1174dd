"""The endpoint of push hooks in the controller's process: its port, certificate and secrets, and whom it tells.

Rules:
- Secrets are read anew at each hook: the kubelet replaces the files, and two may hold while one is rotated.
- A given certificate is looked at each minute and replaced without a restart; without one the process makes its own,
  which senders can only take unchecked. One that cannot be loaded leaves the one before in place, and is logged.
- Every replica takes hooks; the leader's address and fingerprint are on the Lease (`notes`).
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiohttp import web
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from kpack_api.process import HOOKS_ANNOTATION, HOOKS_NAME
from kpack_reconciler.hooks.forwarding import Leader, forward, read_leader
from kpack_reconciler.hooks.server import Receiver, make_app
from kpack_reconciler.model.hooks import ImagesPushed, Pushed
from kpack_reconciler.observe.git_poller import GitPoller
from kpack_reconciler.observe.registry_poller import RegistryPoller
from kpack_reconciler.settings import HookSettings
from kpack_reconciler.webhook.certificate import is_good, make_certificate
from kpack_reconciler.wiring.tls import load

if TYPE_CHECKING:
    from kpack_reconciler.model.serving_certificate import ServingCertificate

log = structlog.get_logger(__name__)

_CERTIFICATE_SECONDS = 60.0
_SHUTDOWN_SECONDS = 2.0


class Hooks:
    """One replica's endpoint. `told` gives what the leader wrote on the Lease, `leads` whether that is this replica."""

    def __init__(
        self,
        settings: HookSettings,
        pollers: tuple[GitPoller, RegistryPoller],
        *,
        namespace: str,
        leads: Callable[[], bool],
        told: Callable[[], Mapping[str, str]],
    ) -> None:
        self._settings, self._namespace = settings, namespace
        self._git, self._registry = pollers
        self._leads, self._told = leads, told
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._served: tuple[bytes, bytes] | None = None
        self._own: ServingCertificate | None = None
        self._fingerprint = b""

    def notes(self) -> Mapping[str, str]:
        """What the leader writes on the Lease."""
        host = self._settings.address
        if not host or not self._fingerprint:
            return {}
        bracketed = f"[{host}]" if ":" in host else host
        return {
            HOOKS_ANNOTATION: str(Leader(address=f"{bracketed}:{self._settings.port}", fingerprint=self._fingerprint))
        }

    async def run(self) -> None:
        """Serve until cancelled."""
        async with aiohttp.ClientSession() as http:

            async def pass_on(headers: Mapping[str, str], body: bytes) -> tuple[int, str] | None:
                leader = read_leader(self._told().get(HOOKS_ANNOTATION, ""))
                return None if leader is None else await forward(http, leader, headers, body)

            receiver = Receiver(
                secrets=lambda: read_secrets(self._settings.secrets),
                leads=self._leads,
                pushed=self._pushed,
                forward=pass_on,
                now=monotonic,
            )
            runner = web.AppRunner(make_app(receiver), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
            await runner.setup()
            try:
                await self._serve(runner)
            finally:
                await runner.cleanup()

    async def _serve(self, runner: web.AppRunner) -> None:
        site: web.TCPSite | None = None
        while True:
            self._renew_certificate()
            if site is None and self._served is not None:
                site = web.TCPSite(runner, port=self._settings.port, ssl_context=self._tls)
                await site.start()
                log.info("hooks are taken", port=self._settings.port)
            await asyncio.sleep(_CERTIFICATE_SECONDS)

    def _renew_certificate(self) -> None:
        try:
            certificate, key = self._certificate()
            if (certificate, key) != self._served:
                load(self._tls, certificate, key)
                self._served = (certificate, key)
                self._fingerprint = load_pem_x509_certificate(certificate).fingerprint(SHA256())
        except (OSError, ValueError) as error:
            log.warning("certificate of hooks not loaded", folder=str(self._settings.certificate), reason=str(error))

    def _certificate(self) -> tuple[bytes, bytes]:
        """The certificate to serve and its key."""
        if (folder := self._settings.certificate) is not None:
            return (folder / "tls.crt").read_bytes(), (folder / "tls.key").read_bytes()
        now = datetime.now(UTC)
        if self._own is None or not is_good(self._own, HOOKS_NAME, self._namespace, now=now):
            self._own = make_certificate(HOOKS_NAME, self._namespace, now=now)
        return self._own.certificate, self._own.key

    def _pushed(self, push: Pushed | ImagesPushed) -> int:
        return self._git.pushed(push) if isinstance(push, Pushed) else self._registry.pushed(push)


def read_secrets(folder: Path) -> tuple[str, ...]:
    """The secrets in a folder's files, without the line's end that editors leave; none where there is no folder."""
    with suppress(FileNotFoundError):
        files = [file for file in sorted(folder.iterdir()) if not file.name.startswith(".") and file.is_file()]
        return tuple(filter(None, (file.read_text(errors="replace").rstrip("\r\n") for file in files)))
    return ()
