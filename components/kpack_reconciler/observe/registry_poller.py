"""Registries into facts: asks what each builder image is.

Owns how a builder image is read. Leaves when to `polling`, requests to `clients.registry`, labels to
`model.builder_image`, the meaning to `decide`.

Rules:
- One look per distinct image and service account and interval, whatever the number of builders.
- A look is one HEAD while the tag has not moved; the whole image description is read only when it has.
- A builder with update policy `external` is read when it appears or changes, and then never again, unless it failed.
- Each answer that differs from the one before wakes the builders that ask by then.
- A pushed tag of a builder image, and one of the repository of its run image, is looked at now (`hurry`).
- Looks are spread over the interval by the images' names.
- A fault of one image leaves the others alone; a registry that asks to be left alone is, for that image.
- A builder image and its run image are the linux/amd64 ones of an index: the lifecycle notes the same digest on what it
  builds, and a difference would mean a new stack for ever.

Cost: a HEAD for the builder and one for its run image per question and interval; tokens are kept between them.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from kpack_api.types import Builder, UpdatePolicy
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.registry import ImageConfig, RegistryClient, UnauthorizedError
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.metrics import Source, polled
from kpack_reconciler.model.builder_image import read_builder_labels
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.facts import BuilderImage, BuilderImageQuestion, BuilderImageSeen, Fault
from kpack_reconciler.model.hooks import ImagesPushed
from kpack_reconciler.model.host_classes import host_class
from kpack_reconciler.model.keys import Key, key_of
from kpack_reconciler.model.questions import builder_question
from kpack_reconciler.model.references import ImageReference, InvalidReferenceError, parse_image
from kpack_reconciler.model.registry_access import Asker, explain_refusal
from kpack_reconciler.observe.hurry import AT_ONCE, Hurry
from kpack_reconciler.observe.polling import PARALLEL, Schedule, fault_of, turn_after

_MOST_CONFIGS = 64


class RegistryPoller:
    """Asks again and again while `run` runs; `inspect` asks once for whoever needs it.

    `client_of` gives a client with a keychain.
    """

    def __init__(
        self,
        cache: Cache,
        accounts: ServiceAccounts,
        client_of: Callable[[Keychain], RegistryClient],
        *,
        interval: timedelta,
        now: Callable[[], datetime],
        changed: Callable[[Key], None],
    ) -> None:
        self._cache, self._accounts, self._client_of = cache, accounts, client_of
        self._interval, self._now, self._changed = interval, now, changed
        self._limit = asyncio.Semaphore(PARALLEL)
        self._hurry = Hurry[BuilderImageQuestion](lambda question: question.image)
        self._schedule = Schedule(due=self._due, ask=self._ask_all, interval=interval, now=now, hurry=self._hurry)
        self._configs: dict[str, ImageConfig] = {}
        self._left_alone: dict[BuilderImageQuestion, tuple[datetime, Fault]] = {}

    def wake(self) -> None:
        """Look for new questions now."""
        self._schedule.wake()

    def pushed(self, push: ImagesPushed) -> int:
        """Look now at what a push may have changed; how many questions that are."""
        questions = [
            question
            for question, builders in self._askers().items()
            if self._may_move(question, push) and self._due_at(question, builders) is not None
        ]
        self._schedule.hurry(questions)
        return len(questions)

    async def run(self) -> None:
        """Ask what is due, then wait for the next due question or a wake-up; until cancelled."""
        await self._schedule.run()

    async def ask_due(self) -> None:
        """Ask every question whose answer is missing or old, unless it is being asked; return with the answers."""
        await self._schedule.ask_due()

    async def inspect(self, question: BuilderImageQuestion) -> BuilderImageSeen:
        """Ask a registry now; faults are part of the answer."""
        until, fault = self._left_alone.get(question, (AT_ONCE, None))
        if fault is not None and self._now() < until:
            return BuilderImageSeen(question=question, answer=fault, at=self._now())
        answer: BuilderImage | Fault
        self._left_alone.pop(question, None)
        try:
            answer = await self._read(question)
        except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
            answer = _fault(error, subject=question.image)
            if isinstance(error, TransientError) and error.retry_after is not None:
                self._left_alone[question] = (self._now() + timedelta(seconds=error.retry_after), answer)
        return BuilderImageSeen(question=question, answer=answer, at=self._now())

    async def _ask_all(self, questions: frozenset[BuilderImageQuestion]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for question in questions:
                tasks.create_task(self._ask(question))

    def _may_move(self, question: BuilderImageQuestion, push: ImagesPushed) -> bool:
        """Whether a push may concern the builder image, or its run image as last seen."""
        seen = self._cache.facts.builder_image(question)
        run_image = [seen.answer.run_image] if seen is not None and isinstance(seen.answer, BuilderImage) else []
        try:
            return any(push.moves(parse_image(image)) for image in (question.image, *run_image))
        except InvalidReferenceError:
            return False

    async def _read(self, question: BuilderImageQuestion) -> BuilderImage:
        with _telling("unable to create builder image keychain"):
            keychain = await self._accounts.keychain(
                question.namespace, question.service_account, question.pull_secrets
            )
        client, asker = self._client_of(keychain), _asker(question)
        reference = parse_image(question.image)
        with _telling("unable to fetch remote builder image"), _explaining(reference, keychain, asker):
            digest = await client.digest(reference)
            config = await self._config_of(client, reference.with_digest(digest))
        labels = read_builder_labels(config.labels, config.env)
        run_image = parse_image(labels.run_image)
        with _telling("unable to fetch remote run image"), _explaining(run_image, keychain, asker):
            run_digest = await client.digest(run_image)
        return BuilderImage(
            latest_image=str(reference.with_digest(digest)),
            stack_id=labels.stack_id,
            run_image=str(run_image.with_digest(run_digest)),
            user_id=labels.user_id,
            group_id=labels.group_id,
            lifecycle_version=labels.lifecycle_version,
            platform_apis=labels.platform_apis,
            buildpacks=labels.buildpacks,
        )

    async def _config_of(self, client: RegistryClient, reference: ImageReference) -> ImageConfig:
        """The config of an image that this client may read; kept by digest, since it cannot change."""
        digest = reference.identifier
        if digest not in self._configs:
            config = await client.config(reference)
            if len(self._configs) >= _MOST_CONFIGS:
                self._configs.clear()
            self._configs[digest] = replace(config, raw=b"")
        return self._configs[digest]

    async def _ask(self, question: BuilderImageQuestion) -> None:
        async with self._limit:
            seen = await self.inspect(question)
        _count(seen)
        if self._cache.facts.record(seen):
            self._hurry.learned((question,))
            for builder in self._askers().get(question, ()):
                self._changed(key_of(builder))

    def _askers(self) -> dict[BuilderImageQuestion, list[Builder]]:
        askers: dict[BuilderImageQuestion, list[Builder]] = {}
        for store in (self._cache.builders, self._cache.cluster_builders):
            for builder in store.values():
                askers.setdefault(builder_question(builder), []).append(builder)
        return askers

    def _due(self) -> dict[BuilderImageQuestion, datetime | None]:
        askers = self._askers()
        self._cache.facts.keep_builder_images(askers, since=self._now() - self._interval)
        self._left_alone = {asked: left for asked, left in self._left_alone.items() if self._now() < left[0]}
        return {question: self._due_at(question, builders) for question, builders in askers.items()}

    def _due_at(self, question: BuilderImageQuestion, askers: Iterable[Builder]) -> datetime | None:
        """When to ask; None for never."""
        seen = self._cache.facts.builder_image(question)
        if seen is None:
            return AT_ONCE
        external = all(builder.spec.update_policy == UpdatePolicy.EXTERNAL for builder in askers)
        if external and isinstance(seen.answer, BuilderImage):
            return None
        until, _ = self._left_alone.get(question, (AT_ONCE, None))
        usual = turn_after(seen.at, self._interval, subject=question.image)
        hurried = self._hurry.due(question, self._now())
        return max(usual if hurried is None else min(usual, hurried), until)


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Begin the message of each error with what was being done, in kpack's words."""
    try:
        yield
    except PermanentError as error:
        raise PermanentError(error.reason, f"{what}: {error}") from error
    except TransientError as error:
        raise TransientError(f"{what}: {error}", retry_after=error.retry_after) from error


@contextmanager
def _explaining(reference: ImageReference, keychain: Keychain, asker: Asker) -> Iterator[None]:
    """Say of a refusal which credential is missing, and where it belongs."""
    try:
        yield
    except UnauthorizedError as error:
        raise PermanentError(error.reason, explain_refusal(error.what, reference, keychain, asker)) from error


def _count(seen: BuilderImageSeen) -> None:
    try:
        registry = parse_image(seen.question.image).registry
    except InvalidReferenceError:
        registry = ""
    polled(Source.REGISTRY, host_class(registry), seen.answer if isinstance(seen.answer, Fault) else None, seen.at)


def _asker(question: BuilderImageQuestion) -> Asker:
    account = f"{question.namespace}/{question.service_account}" if question.namespace else ""
    return Asker(account=account, is_reading=True)


def _fault(error: Exception, *, subject: str) -> Fault:
    match error:
        case InvalidReferenceError() | msgspec.DecodeError():
            return Fault(reason="InvalidImage", message=str(error), permanent=True)
    return fault_of(error, unavailable="RegistryUnavailable", subject=subject)
