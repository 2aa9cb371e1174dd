"""Rebases in registries: reads two images, composes the third, pushes it under all tags.

Owns the order of requests and what a failure is called. Leaves the composition to `model.rebase`, requests to
`clients.registry`, when to rebase to `decide`.

Rules:
- An order is taken at once and carried out in the background: registries may take minutes, workers wait for none.
- The same order given twice while it is under way is carried out once. Carried out again it writes the same bytes.
- The rebase speaks the platform API that the application was built with, so that its labels are those that a build
  would have. For all that kpack's builds made (0.11 and earlier) the bytes are those of its `rebase`, which speaks 0.9.
- Tags are written in their order, the main one first; one that is refused does not stop the others, but it fails the
  rebase (the lifecycle's `rebaser`).
- An application image that is gone or is none has to be built; the same of a run image is a fault, for no build could
  use it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import msgspec
import structlog

from kpack_api.types import BuiltImage
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.clients.registry import KnownRegistries, RegistryClient
from kpack_reconciler.clients.registry.copying import copy_blobs
from kpack_reconciler.clients.registry.images import read_image
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.actions import RebaseImage
from kpack_reconciler.model.application_image import read_built_image
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.facts import Fault, ImageRebased, NotRebasable, RebaseQuestion
from kpack_reconciler.model.image_documents import DOCKER_MANIFEST, digest_of
from kpack_reconciler.model.rebase import RebasedImage, RemoteImage, documents_of, rebase
from kpack_reconciler.model.rebase_checks import NotRebasableError, platform_api_of
from kpack_reconciler.model.references import ImageReference, InvalidReferenceError, parse_image, parse_tag

log = structlog.get_logger(__name__)

ReadKeychain = Callable[[str, str, tuple[LocalObjectReference, ...]], Awaitable[Keychain]]
"""The registry logins of the service account of this namespace and name, and of these pull secrets."""

PARALLEL: Final = 8
"""How many images are rebased at once."""
LONGEST: Final = timedelta(minutes=15)
"""How long one rebase may take; what it has copied by then is there for the next attempt."""
_MOST_BASES = 16
_MOST_STATUS_BYTES = 64 << 10
_LONGEST_MESSAGE = 2000
_NO_IMAGE = frozenset({"NotFound", "UnsupportedImage", "UnsupportedPlatform"})


@dataclass(slots=True, kw_only=True)
class Rebaser:
    """Carries out rebases while `run` runs; `done` takes each outcome."""

    keychain: ReadKeychain
    http: aiohttp.ClientSession
    now: Callable[[], datetime]
    done: Callable[[ImageRebased], None]
    known: KnownRegistries = field(default_factory=KnownRegistries)
    _orders: asyncio.Queue[RebaseImage] = field(default_factory=asyncio.Queue)
    _under_way: set[RebaseQuestion] = field(default_factory=set)
    _bases: dict[ImageReference, RemoteImage] = field(default_factory=dict)

    def begin(self, order: RebaseImage) -> None:
        """Take an order, unless the same is under way."""
        if order.question not in self._under_way:
            self._under_way.add(order.question)
            self._orders.put_nowait(order)

    async def run(self) -> None:
        """Carry out orders until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(PARALLEL):
                tasks.create_task(self._work())

    async def carry_out(self, order: RebaseImage) -> ImageRebased:
        """Rebase now; faults are part of the answer."""
        question = order.question
        answer: BuiltImage | NotRebasable | Fault
        quiet = timedelta(0)
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                answer = await self._rebase(question)
        except NotRebasableError as error:
            message = f"{question.app_image} cannot be rebased: {error}"
            answer = NotRebasable(reason=error.reason, message=message[:_LONGEST_MESSAGE])
        except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
            answer = _fault(error, question)
            quiet = _quiet(error)
        return ImageRebased(question=question, answer=answer, at=self.now(), attempt=order.attempt, quiet=quiet)

    async def _work(self) -> None:
        while True:
            order = await self._orders.get()
            outcome = await self.carry_out(order)
            self._under_way.discard(order.question)
            log.info(
                "rebased",
                namespace=order.question.namespace,
                build=order.question.build,
                outcome=type(outcome.answer).__name__,
                attempt=outcome.attempt,
            )
            self.done(outcome)

    async def _rebase(self, question: RebaseQuestion) -> BuiltImage:
        keychain = await self.keychain(question.namespace, question.service_account, question.pull_secrets)
        client = RegistryClient(self.http, keychain, self.known)
        app = await _read_application(client, question.app_image)
        base = await self._read_base(client, parse_image(question.run_image))
        version = platform_api_of(documents_of(app))
        image = rebase(app, base, run_image=question.run_image, platform_api=version)
        tags = tuple(parse_tag(tag) for tag in question.tags)
        result = _result(tags[0].with_digest(image.digest), image)
        await _write(client, image, tags)
        return result

    async def _read_base(self, client: RegistryClient, reference: ImageReference) -> RemoteImage:
        """The run image, which many applications share: read once, then only asked for with each one's rights."""
        if reference in self._bases:
            await client.check_pull(reference)
            return self._bases[reference]
        image = await read_image(client, reference)
        if reference.digest is not None:
            if len(self._bases) >= _MOST_BASES:
                self._bases.clear()
            self._bases[reference] = image
        return image


async def _read_application(client: RegistryClient, name: str) -> RemoteImage:
    try:
        return await read_image(client, parse_image(name))
    except InvalidReferenceError as error:
        raise NotRebasableError("ImageNotFound", str(error)) from error
    except PermanentError as error:
        if error.reason not in _NO_IMAGE:
            raise
        raise NotRebasableError("ImageNotFound", str(error)) from error


def _result(reference: ImageReference, image: RebasedImage) -> BuiltImage:
    """What a Build's status will say of the image; known before anything is written."""
    try:
        result = read_built_image(reference, image.labels)
    except ValueError as error:
        raise NotRebasableError("UnreadableMetadata", str(error)) from error
    if len(msgspec.json.encode(result)) > _MOST_STATUS_BYTES:
        raise NotRebasableError("UnreadableMetadata", "its labels tell more than a Build's status can hold")
    return result


async def _write(client: RegistryClient, image: RebasedImage, tags: tuple[ImageReference, ...]) -> None:
    """Push the image under each tag; what it is made of goes once to each repository."""
    failures: list[tuple[ImageReference, PermanentError | TransientError]] = []
    filled: set[str] = set()
    for tag in tags:
        try:
            if tag.repository_name not in filled:
                await copy_blobs(client, image.blobs, tag)
                await client.push_blob(tag, digest_of(image.config), image.config)
                filled.add(tag.repository_name)
            await client.push_manifest(tag, image.manifest, media_type=DOCKER_MANIFEST)
        except (PermanentError, TransientError) as error:
            failures.append((tag, error))
    if failures:
        raise _all_of(failures)


def _all_of(failures: list[tuple[ImageReference, PermanentError | TransientError]]) -> PermanentError | TransientError:
    """One error for all tags that were refused; it may pass as long as one of them may."""
    told = ",".join(f"[{tag}: {error}]" for tag, error in failures)
    message = f"failed to write image to the following tags: {told}"
    refusals = [error for _, error in failures if isinstance(error, PermanentError)]
    if len(refusals) == len(failures):
        return PermanentError(refusals[0].reason, message)
    return TransientError(message, retry_after=max(_quiet(error).total_seconds() for _, error in failures))


def _quiet(error: Exception) -> timedelta:
    """How long a registry asked to be left alone for."""
    return timedelta(seconds=(error.retry_after or 0) if isinstance(error, TransientError) else 0)


def _fault(error: Exception, question: RebaseQuestion) -> Fault:
    """What an error says of the rebase; anything unknown is a bug and may pass."""
    what = f"rebase of {question.app_image} onto {question.run_image}"
    match error:
        case PermanentError():
            return Fault(reason=error.reason, message=f"{what}: {error}", permanent=True)
        case InvalidReferenceError():
            return Fault(reason="InvalidImage", message=f"{what}: {error}", permanent=True)
        case TransientError():
            return Fault(reason="RegistryUnavailable", message=f"{what}: {error}", permanent=False)
        case TimeoutError():
            minutes = int(LONGEST.total_seconds() // 60)
            message = f"{what}: not done after {minutes} minutes; what was copied by then is not copied again"
            return Fault(reason="RegistryUnavailable", message=message, permanent=False)
    log.error("bug while rebasing", namespace=question.namespace, build=question.build, exc_info=error)
    return Fault(reason="InternalError", message="the controller has a bug; its log tells more", permanent=False)
