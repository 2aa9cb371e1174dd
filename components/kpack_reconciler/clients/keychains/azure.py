"""Azure Container Registry: the identity of the workload or the machine, exchanged for a token of one registry.

Rules (Azure's own helpers and SDK):
- Workload identity counts where its variables are set (`AZURE_FEDERATED_TOKEN_FILE`, `AZURE_TENANT_ID`,
  `AZURE_CLIENT_ID`); else the instance metadata service is asked, for the identity that `AZURE_CLIENT_ID` names.
- Either gives a token for Azure's resource manager; the registry exchanges it for an identity token, which serves for
  three hours.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import msgspec

from kpack_reconciler.clients.keychains.cloud_logins import CloudLogin, get_json, post_json
from kpack_reconciler.errors import TransientError
from kpack_reconciler.model.credentials import Login

_PATH = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F"
_AUTHORITY = "https://login.microsoftonline.com"
_LIFE = timedelta(hours=3)


class _Identity(msgspec.Struct):
    access_token: str


class _Exchanged(msgspec.Struct):
    refresh_token: str


class AzureRegistries:
    """Asks who this process is, at Azure's login or at the metadata service of this host; then the registry."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        now: Callable[[], datetime],
        metadata: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._http, self._now, self._metadata, self._environment = http, now, metadata, environment

    async def __call__(self, registry: str) -> CloudLogin:
        """A login for this registry. Raises TransientError."""
        file = self._environment.get("AZURE_FEDERATED_TOKEN_FILE", "")
        identity = await self._of_workload(Path(file)) if file else await self._of_machine()
        form = {"grant_type": "access_token", "service": registry, "access_token": identity.access_token}
        exchanged = await post_json(self._http, f"https://{registry}/oauth2/exchange", _Exchanged, form=form)
        return CloudLogin(login=Login(identity_token=exchanged.refresh_token), expires_at=self._now() + _LIFE)

    async def _of_machine(self) -> _Identity:
        client = self._environment.get("AZURE_CLIENT_ID", "")
        url = f"http://{self._metadata}{_PATH}{f'&client_id={quote(client)}' if client else ''}"
        return await get_json(self._http, url, _Identity, headers={"Metadata": "true"})

    async def _of_workload(self, file: Path) -> _Identity:
        try:
            assertion = (await asyncio.to_thread(file.read_text)).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TransientError(f"the token in AZURE_FEDERATED_TOKEN_FILE cannot be read: {error}") from error
        authority = self._environment.get("AZURE_AUTHORITY_HOST", _AUTHORITY).rstrip("/")
        tenant = quote(self._environment.get("AZURE_TENANT_ID", ""), safe="")
        form = {
            "grant_type": "client_credentials",
            "client_id": self._environment.get("AZURE_CLIENT_ID", ""),
            "scope": "https://management.azure.com/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return await post_json(self._http, f"{authority}/{tenant}/oauth2/v2.0/token", _Identity, form=form)
