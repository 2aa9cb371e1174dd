"""What a process knows of registries, whichever keychain it asks with: addresses, tokens, logins of its cloud.

Rules:
- A registry's door is knocked at once; again when a request failed to reach it.
- The digest of an index tells its image for linux/amd64 for ever.
- A cloud is asked only where no keychain has a login (kpack's order).
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Protocol

import aiohttp

from kpack_reconciler.clients.registry.challenges import Challenge
from kpack_reconciler.clients.registry.endpoints import Endpoint, find_endpoint
from kpack_reconciler.clients.registry.tokens import Tokens
from kpack_reconciler.model.credentials import Login

_MOST_KEPT = 1024


class CloudKeychain(Protocol):
    """Logins that a cloud gives to its own machines."""

    async def login(self, registry: str) -> Login | None:
        """The login for a registry host; None for one that is not this cloud's, or where the cloud gives none."""


@dataclass(slots=True)
class KnownRegistries:
    """Shared by all clients of a process."""

    cloud: CloudKeychain | None = None
    tokens: Tokens = field(default_factory=Tokens)
    _endpoints: dict[str, Endpoint] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _images: dict[str, str] = field(default_factory=dict)

    async def endpoint(self, http: aiohttp.ClientSession, registry: str) -> Endpoint:
        """Where a registry answers and what it asks for. Raises TransientError and PermanentError."""
        async with self._locks.setdefault(registry, asyncio.Lock()):
            if registry not in self._endpoints:
                found = await find_endpoint(http, registry)
                _make_room(self._endpoints)
                self._endpoints[registry] = found
            return self._endpoints[registry]

    def remember(self, registry: str, challenge: Challenge) -> None:
        """A registry asked for this, though not at its door."""
        known = self._endpoints.get(registry)
        if known is not None and known.challenge is None:
            self._endpoints[registry] = replace(known, challenge=replace(challenge, scope=""))

    def forget(self, registry: str) -> None:
        """A registry could not be reached where it was known to be."""
        self._endpoints.pop(registry, None)

    async def cloud_login(self, registry: str) -> Login | None:
        """The login that the process's cloud gives it for a registry; None for anonymous."""
        return None if self.cloud is None else await self.cloud.login(registry)

    def image_of_index(self, digest: str) -> str | None:
        """The digest of an index's image, where it was read before."""
        return self._images.get(digest)

    def keep_image_of_index(self, digest: str, image: str) -> None:
        """Remember the digest of an index's image."""
        _make_room(self._images)
        self._images[digest] = image


def _make_room(kept: dict[str, Endpoint] | dict[str, str]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
