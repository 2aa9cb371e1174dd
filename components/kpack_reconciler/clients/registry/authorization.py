"""Logging in to registries: which header a request carries, and what a 401 asks for.

Owns challenges and tokens (distribution spec, token authentication). Leaves requests to `client`.

Rules: a token is kept per registry and scope for as long as the client lives; passwords go only where the challenge of
the registry sends them.
"""

import base64
import re
from dataclasses import dataclass, field

import aiohttp
import msgspec

from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain, Login
from kpack_reconciler.model.references import ImageReference

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_REFUSALS = {400, 401, 403, 404}
PULL = "pull"
PULL_AND_PUSH = "pull,push"


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""


@dataclass(slots=True)
class Authorizer:
    """Headers by registry, repository and actions, learnt from challenges."""

    http: aiohttp.ClientSession
    keychain: Keychain
    _headers: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def header(self, reference: ImageReference, actions: str) -> dict[str, str]:
        """What is known so far for this repository; empty before the first challenge."""
        known = self._headers.get((reference.registry, reference.repository, actions))
        return {} if known is None else {"Authorization": known}

    async def answer(self, challenge: str, reference: ImageReference, actions: str) -> bool:
        """Take a `WWW-Authenticate` challenge; False when there is nothing (more) to answer with."""
        key = (reference.registry, reference.repository, actions)
        login = self.keychain.find(reference.registry)
        scheme, _, parameters = challenge.partition(" ")
        if key in self._headers:
            del self._headers[key]
            return False
        if scheme.lower() == "basic":
            if login is None:
                return False
            self._headers[key] = _basic(login)
            return True
        values = dict(_PARAMETER.findall(parameters))
        token = await self._token(values, login, f"repository:{reference.repository}:{actions}")
        self._headers[key] = f"Bearer {token}"
        return True

    async def _token(self, values: dict[str, str], login: Login | None, scope: str) -> str:
        realm = values.get("realm", "")
        query = {"scope": scope, **({"service": values["service"]} if "service" in values else {})}
        headers = {} if login is None else {"Authorization": _basic(login)}
        try:
            async with self.http.get(realm, params=query, headers=headers) as response:
                if response.status in _REFUSALS:
                    raise PermanentError("Unauthorized", f"{realm} refused the login ({response.status})")
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise TransientError(f"{realm} answered {response.status} to a token request")
                token = msgspec.json.decode(await response.read(), type=_Token)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            raise TransientError(f"no token from {realm}: {error}") from error
        return token.token or token.access_token


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
