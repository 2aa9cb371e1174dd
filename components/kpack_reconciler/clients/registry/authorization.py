"""Logging in to registries: which header a request carries, and what is done about a 401.

Owns which login and which rights are asked with. Leaves tokens to `tokens`, requests to `client`.

Rules (go-containerregistry `pkg/v1/remote/transport`):
- What a registry asks for at its door is given with the first request already.
- A token is asked for with the rights that are needed; rights that a later 401 names are put in front of them.
- Passwords and tokens go only where the challenge of the registry itself sends them.
"""

from collections.abc import Sequence

import aiohttp

from kpack_reconciler.clients.registry.challenges import BEARER, Challenge, read_challenge
from kpack_reconciler.clients.registry.known import KnownRegistries
from kpack_reconciler.clients.registry.tokens import TokenRequest, basic
from kpack_reconciler.model.credentials import Keychain, Login
from kpack_reconciler.model.references import ImageReference

_BEARER = "Bearer "


def pull_scope(repository: str) -> str:
    """The right to read a repository."""
    return f"repository:{repository}:pull"


def push_scope(repository: str) -> str:
    """The right to read and write a repository."""
    return f"repository:{repository}:push,pull"


class Authorizer:
    """The headers of one keychain, with what the process knows of registries."""

    def __init__(self, http: aiohttp.ClientSession, keychain: Keychain, known: KnownRegistries) -> None:
        self._http, self._keychain, self._known = http, keychain, known

    async def header(self, reference: ImageReference, scopes: tuple[str, ...]) -> str:
        """The `Authorization` for a request to the reference's registry; "" for none."""
        endpoint = await self._known.endpoint(self._http, reference.registry)
        if endpoint.challenge is None:
            return ""
        login = await self._login(reference)
        if endpoint.challenge.scheme != BEARER:
            return basic(login)
        if login is not None and login.registry_token:
            return _BEARER + login.registry_token
        request = await self._request(endpoint.challenge, reference, scopes, login)
        return _BEARER + await self._known.tokens.find(self._http, request)

    async def answer(
        self, asked: Sequence[str], refused: str, reference: ImageReference, scopes: tuple[str, ...]
    ) -> str | None:
        """The `Authorization` to try after a 401 with these challenges; None where there is nothing else to try.

        `refused` is the one that was sent. The caller asks once per request.
        """
        challenge = read_challenge(asked)
        if challenge is None:
            return None
        self._known.remember(reference.registry, challenge)
        login = await self._login(reference)
        if challenge.scheme != BEARER:
            header = basic(login)
            return header if header not in {"", refused} else None
        if login is not None and login.registry_token:
            return None
        wider = scopes if not challenge.scope or challenge.scope in scopes else (challenge.scope, *scopes)
        request = await self._request(challenge, reference, scopes, login)
        token = refused.removeprefix(_BEARER)
        return _BEARER + await self._known.tokens.replace(self._http, request, refused=token, scopes=wider)

    async def _login(self, reference: ImageReference) -> Login | None:
        found = self._keychain.find(reference.registry, reference.repository_name)
        return found or await self._known.cloud_login(reference.registry)

    async def _request(
        self, challenge: Challenge, reference: ImageReference, scopes: tuple[str, ...], login: Login | None
    ) -> TokenRequest:
        endpoint = await self._known.endpoint(self._http, reference.registry)
        return TokenRequest(
            registry=reference.registry,
            challenge=Challenge(scheme=challenge.scheme, realm=challenge.realm, service=challenge.service),
            scopes=scopes,
            login=login,
            plain=endpoint.is_plain,
        )
