"""Access to registries, asked before minutes of building: may the tag be written, the run image be read?

Rules (kpack v0.0.9):
- Writing is asked with the service account's secrets only; reading with pull secrets as well.
- A refusal says which registry, with whose login, and which credential is missing.
- What may pass is tried three times: a pod's network can be a moment behind its first process.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from kpack_api.names import DOCKER_ANNOTATION
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.references import ImageReference, parse_image, parse_tag
from kpack_reconciler.steps.report import StepError

_PAUSES_SECONDS = (1, 3)
_REFUSED = "Unauthorized"


async def check_write(tag: str, keychain: Keychain) -> None:
    """Raise StepError when this keychain may not write to the tag's repository; InvalidReferenceError for no tag."""
    reference = parse_tag(tag)
    try:
        await _with(keychain, lambda client: client.check_push(reference))
    except (PermanentError, TransientError) as error:
        cause = _cause(error, reference, keychain, "push to")
        raise StepError(f'Error verifying write access to "{tag}": {cause}') from error


async def check_read(image: str, keychain: Keychain) -> None:
    """Raise StepError when this keychain may not read the run image; InvalidReferenceError for no image."""
    reference = parse_image(image)
    try:
        await _with(keychain, lambda client: client.check_pull(reference))
    except (PermanentError, TransientError) as error:
        cause = _cause(error, reference, keychain, "pull from")
        raise StepError(f'Error verifying read access to run image "{image}": {cause}') from error


async def _with(keychain: Keychain, ask: Callable[[RegistryClient], Awaitable[None]]) -> None:
    async with aiohttp.ClientSession() as http:
        for pause in _PAUSES_SECONDS:
            try:
                return await ask(RegistryClient(http, keychain))
            except TransientError:
                await asyncio.sleep(pause)
        return await ask(RegistryClient(http, keychain))


def _cause(error: Exception, reference: ImageReference, keychain: Keychain, verb: str) -> str:
    if not isinstance(error, PermanentError) or error.reason != _REFUSED:
        return str(error)
    registry, login = reference.registry, keychain.find(reference.registry)
    if login is not None:
        return (
            f"UNAUTHORIZED: registry {registry} does not let user {login.username!r} {verb} {reference.repository}:"
            " correct the service account's secret for this registry, or the user's rights"
        )
    held = f"its secrets are for {', '.join(keychain.keys)}" if keychain.keys else "it has none"
    return (
        f"UNAUTHORIZED: the service account has no credentials for registry {registry} ({held}): give it a"
        f" kubernetes.io/dockerconfigjson secret, or a basic-auth secret annotated {DOCKER_ANNOTATION}: {registry}"
    )
