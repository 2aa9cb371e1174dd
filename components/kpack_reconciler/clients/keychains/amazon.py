"""Amazon ECR: a password for an account and region, by the credentials that the AWS SDK finds.

Rules:
- boto3 blocks, so it works in a thread; it finds credentials as AWS documents: environment, files, web identity (IRSA),
  container endpoint (Pod Identity), instance metadata.
- A password serves for twelve hours; an end that is past already is a mistake of the clock or the server.
"""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from kpack_reconciler.clients.keychains.cloud_logins import CloudLogin
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.cloud_registries import EcrRegistry, ecr_registry
from kpack_reconciler.model.credentials import Login

_LIFE = timedelta(hours=12)


class AmazonRegistries:
    """Asks ECR for authorization tokens."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now

    async def __call__(self, registry: str) -> CloudLogin:
        """A login for all repositories of the registry's account and region. Raises TransientError."""
        found = ecr_registry(registry)
        if found is None:
            raise PermanentError("InvalidRegistry", f"{registry} is no registry of Amazon ECR")
        try:
            data = await asyncio.to_thread(_authorization, found)
            username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
            expires_at = data["expiresAt"].astimezone(UTC)
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"Amazon ECR gives no login for {registry}: {error}") from error
        except (KeyError, IndexError, AttributeError, ValueError) as error:
            raise TransientError(f"Amazon ECR answered something else than a login for {registry}") from error
        now = self._now()
        return CloudLogin(
            login=Login(username=username, password=password),
            expires_at=expires_at if expires_at > now else now + _LIFE,
        )


def _authorization(registry: EcrRegistry) -> dict[str, Any]:
    config = Config(connect_timeout=5, read_timeout=10, use_fips_endpoint=registry.is_fips)
    service = "ecr" if registry.account else "ecr-public"
    client = boto3.client(service, region_name=registry.region, config=config)
    if not registry.account:
        return dict(client.get_authorization_token()["authorizationData"])
    return dict(client.get_authorization_token(registryIds=[registry.account])["authorizationData"][0])
