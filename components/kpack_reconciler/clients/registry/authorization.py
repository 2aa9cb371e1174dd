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
        """Take a `WWW-Authenticate` challenge; False when there is nothing to answer with.

        A token that was refused is replaced, since it may have expired. The caller answers once per request.
        """
        login = self.keychain.find(reference.registry)
        scheme, _, parameters = challenge.partition(" ")
        match scheme.lower():
            case "basic" if login is not None:
                header = _basic(login)
            case "bearer":
                values = dict(_PARAMETER.findall(parameters))
                token = await self._token(values, login, reference, actions)
                header = f"Bearer {token}"
            case _:
                return False
        self._headers[reference.registry, reference.repository, actions] = header
        return True

    async def _token(self, values: dict[str, str], login: Login | None, reference: ImageReference, actions: str) -> str:
        realm, scope = values.get("realm", ""), f"repository:{reference.repository}:{actions}"
        query = {"scope": scope, **({"service": values["service"]} if "service" in values else {})}
        headers = {} if login is None else {"Authorization": _basic(login)}
        try:
            async with self.http.get(realm, params=query, headers=headers) as response:
                if response.status in _REFUSALS:
                    raise PermanentError(
                        "Unauthorized",
                        f"{realm} gives no token for {scope} ({response.status}): give the service account a secret"
                        f" with credentials for {reference.registry}, or correct the one it has",
                    )
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise TransientError(f"{realm} answered {response.status} to a token request")
                token = msgspec.json.decode(await response.read(), type=_Token)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            raise TransientError(f"no token from {realm}: {error}") from error
        if not (text := token.access_token or token.token):
            raise TransientError(f"no token from {realm}: its answer holds none")
        return text


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
