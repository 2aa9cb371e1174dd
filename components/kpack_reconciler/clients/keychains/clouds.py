"""Logins that a cloud gives to its own machines, for its own registries.

Owns when a cloud is asked, and what is kept of its answers. Leaves how each cloud is asked to a module of its own,
which is loaded when one of its registries is met.

Rules:
- A login is renewed when half of its life is over; one that cannot be renewed serves until its end (ECR helper).
- A cloud that gives no login is asked again after five minutes: it is another's registry, or a right that is to come.
- What goes wrong is logged; the registry is then asked without a login, and its refusal is what the user sees (kpack).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import structlog

from kpack_reconciler.clients.keychains.cloud_logins import AskCloud, CloudLogin
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.cloud_registries import Cloud, cloud_of
from kpack_reconciler.model.credentials import Login

log = structlog.get_logger(__name__)

_ASKED_AGAIN = timedelta(minutes=5)
GOOGLE_METADATA = "metadata.google.internal"
AZURE_METADATA = "169.254.169.254"


@dataclass(slots=True)
class _Known:
    login: CloudLogin | None
    ask_at: datetime


class CloudKeychains:
    """All clouds; `google` and `azure` are the hosts of their metadata servers."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        now: Callable[[], datetime],
        google: str = GOOGLE_METADATA,
        azure: str = AZURE_METADATA,
    ) -> None:
        self._http, self._now = http, now
        self._google, self._azure = google, azure
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def login(self, registry: str) -> Login | None:
        """The login for a registry host; None for one that is not a cloud's, or where the cloud gives none."""
        cloud = cloud_of(registry)
        if cloud is None:
            return None
        async with self._locks.setdefault(registry, asyncio.Lock()):
            known = self._known.get(registry)
            if known is None or known.ask_at <= self._now():
                known = self._known[registry] = await self._renewed(cloud, registry, known.login if known else None)
            return known.login.login if known.login else None

    async def _renewed(self, cloud: Cloud, registry: str, earlier: CloudLogin | None) -> _Known:
        try:
            login = await self._asker(cloud)(registry)
        except (PermanentError, TransientError) as error:
            log.info("no cloud login", cloud=cloud.value, registry=registry, reason=str(error))
            valid = earlier is not None and earlier.expires_at > self._now()
            return _Known(earlier if valid else None, self._now() + _ASKED_AGAIN)
        return _Known(login, self._now() + (login.expires_at - self._now()) / 2)

    def _asker(self, cloud: Cloud) -> AskCloud:
        match cloud:
            case Cloud.AMAZON:
                from kpack_reconciler.clients.keychains.amazon import AmazonRegistries  # noqa: PLC0415 - boto3

                return AmazonRegistries(now=self._now)
            case Cloud.GOOGLE:
                from kpack_reconciler.clients.keychains.google import GoogleRegistries  # noqa: PLC0415

                return GoogleRegistries(self._http, now=self._now, metadata=self._google)
            case Cloud.AZURE:
                from kpack_reconciler.clients.keychains.azure import AzureRegistries  # noqa: PLC0415

                return AzureRegistries(self._http, now=self._now, metadata=self._azure)
