"""Google's Container and Artifact Registry: the access token of the machine's or workload's service account.

The metadata server gives it (Compute Engine; Workload Identity answers at the same place on GKE). It is sent as the
password of the user `_token`, as Google's own helper does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
import msgspec

from kpack_reconciler.clients.keychains.cloud_logins import CloudLogin, get_json
from kpack_reconciler.model.credentials import Login

_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
_FLAVOR = {"Metadata-Flavor": "Google"}
_USER = "_token"


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 0


class GoogleRegistries:
    """Asks the metadata server at this host."""

    def __init__(self, http: aiohttp.ClientSession, *, now: Callable[[], datetime], metadata: str) -> None:
        self._http, self._now, self._metadata = http, now, metadata

    async def __call__(self, registry: str) -> CloudLogin:  # noqa: ARG002 - one token opens all
        """A login for all of Google's registries. Raises TransientError."""
        token = await get_json(self._http, f"http://{self._metadata}{_PATH}", _Token, headers=_FLAVOR)
        return CloudLogin(
            login=Login(username=_USER, password=token.access_token),
            expires_at=self._now() + timedelta(seconds=token.expires_in),
        )
