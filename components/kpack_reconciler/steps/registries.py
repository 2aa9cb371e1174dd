"""Access to registries, asked before minutes of building: may the tag be written, the run image be read?

Rules (kpack):
- Writing is asked with the service account's secrets only; reading with pull secrets as well. What the node's cloud
  gives for its own registries comes after both, and is left for the lifecycle, which knows not every cloud.
- A refusal says which service account, registry and Secret it is about, and what is missing.
- What may pass is tried three times, later where the registry asks for it: a pod's network can be a moment behind its
  first process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

import aiohttp

from kpack_reconciler.clients.keychains.clouds import CloudKeychains
from kpack_reconciler.clients.outside import outside_session
from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient, UnauthorizedError
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.model.references import ImageReference, parse_image, parse_tag
from kpack_reconciler.model.registry_access import Asker, explain_refusal
from kpack_reconciler.steps.report import StepError, say

_PAUSES_SECONDS = (1, 3)
_LONGEST_PAUSE_SECONDS = 30.0
_OF_THE_BUILD = "of the Build"

T = TypeVar("T")


async def cloud_logins(keychain: Keychain, images: Iterable[str]) -> Keychain:
    """The logins that the node's cloud has for these images' registries, where the keychain has none.

    Raises InvalidReferenceError.
    """
    found = []
    async with outside_session() as http:
        clouds = CloudKeychains(http, now=lambda: datetime.now(UTC))
        for reference in (parse_image(image) for image in images):
            login = await clouds.login(reference.registry)
            if login is not None and keychain.find(reference.registry, reference.repository_name) is None:
                say(f'Loading cluster credential helpers: the node has a login for "{reference.registry}"')
                found.append((reference.registry, login))
    return Keychain(tuple(found))


def client_of(http: aiohttp.ClientSession, keychain: Keychain) -> RegistryClient:
    """A client with this keychain and, where it has no login, what the node's cloud gives."""
    clouds = CloudKeychains(http, now=lambda: datetime.now(UTC))
    return RegistryClient(http, keychain, KnownRegistries(cloud=clouds))


async def ask_patiently(keychain: Keychain, ask: Callable[[RegistryClient], Awaitable[T]]) -> T:
    """Ask with this keychain, three times where what went wrong may pass. Raises PermanentError and TransientError."""
    async with outside_session() as http:
        client = client_of(http, keychain)
        for pause in _PAUSES_SECONDS:
            try:
                return await ask(client)
            except TransientError as error:
                await asyncio.sleep(max(pause, min(error.retry_after or 0, _LONGEST_PAUSE_SECONDS)))
        return await ask(client)


async def check_write(tag: str, keychain: Keychain, *, account: str = _OF_THE_BUILD) -> None:
    """Raise StepError when this keychain may not write to the tag's repository; InvalidReferenceError for no tag.

    `account` is the service account, as `<namespace>/<name>`.
    """
    reference = parse_tag(tag)
    try:
        await ask_patiently(keychain, lambda client: client.check_push(reference))
    except (PermanentError, TransientError) as error:
        cause = _cause(error, reference, keychain, Asker(account=account, is_reading=False))
        raise StepError(f'Error verifying write access to "{tag}": {cause}', code=code_of(error)) from error


async def check_read(image: str, keychain: Keychain, *, account: str = _OF_THE_BUILD) -> None:
    """Raise StepError when this keychain may not read the run image; InvalidReferenceError for no image.

    `account` is the service account, as `<namespace>/<name>`.
    """
    reference = parse_image(image)
    try:
        await ask_patiently(keychain, lambda client: client.check_pull(reference))
    except (PermanentError, TransientError) as error:
        cause = _cause(error, reference, keychain, Asker(account=account, is_reading=True))
        raise StepError(f'Error verifying read access to run image "{image}": {cause}', code=code_of(error)) from error


def code_of(error: Exception) -> int:
    """The exit code for what a registry answered."""
    match error:
        case UnauthorizedError():
            return CREDENTIALS
        case TransientError():
            return TRANSIENT
    return GENERIC


def _cause(error: Exception, reference: ImageReference, keychain: Keychain, asker: Asker) -> str:
    if not isinstance(error, UnauthorizedError):
        return str(error)
    return explain_refusal(error.what, reference, keychain, asker)
