"""Registries into facts: asks what each builder image is.

Owns when to ask, and how a builder image is read. Leaves requests to `clients.registry`, labels to
`model.builder_image`, the meaning to `decide`.

Rules:
- One look per distinct image and service account and interval, whatever the number of builders.
- A look is one HEAD while the tag has not moved; the whole image description is read only when it has.
- A builder with update policy `external` is read when it appears or changes, and then never again.

Cost: a HEAD for the builder and one for its run image per question and interval.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
import msgspec

from kpack_api.types import Builder, UpdatePolicy
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.builder_image import BuilderLabels, read_builder_labels
from kpack_reconciler.model.facts import BuilderImage, BuilderImageQuestion, BuilderImageSeen, Fault
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import builder_question
from kpack_reconciler.model.references import InvalidReferenceError, parse_image

_SHORTEST_PAUSE = 0.2


class RegistryPoller:
    """Asks again and again while `run` runs; `inspect` asks once for whoever needs it."""

    def __init__(
        self,
        cache: Cache,
        accounts: ServiceAccounts,
        http: aiohttp.ClientSession,
        *,
        interval: timedelta,
        now: Callable[[], datetime],
        changed: Callable[[Key], None],
    ) -> None:
        self._cache, self._accounts, self._http = cache, accounts, http
        self._interval, self._now, self._changed = interval, now, changed
        self._woken = asyncio.Event()
        self._labels: dict[str, BuilderLabels] = {}

    def wake(self) -> None:
        """Look for new questions now."""
        self._woken.set()

    async def run(self) -> None:
        """Ask what is due, then wait for the next due question or a wake-up; until cancelled."""
        while True:
            self._woken.clear()
            await self.ask_due()
            try:
                async with asyncio.timeout(max(_SHORTEST_PAUSE, self._until_next().total_seconds())):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def ask_due(self) -> None:
        """Ask every question whose answer is missing or older than the interval."""
        due = [question for question in self._askers() if (at := self._due_at(question)) and at <= self._now()]
        async with asyncio.TaskGroup() as tasks:
            for question in due:
                tasks.create_task(self._ask(question))

    async def inspect(self, question: BuilderImageQuestion) -> BuilderImageSeen:
        """Ask a registry now; faults are part of the answer."""
        answer: BuilderImage | Fault
        try:
            answer = await self._read(question)
        except (InvalidReferenceError, msgspec.DecodeError) as error:
            answer = Fault(reason="InvalidImage", message=str(error), permanent=True)
        except PermanentError as error:
            answer = Fault(reason=error.reason, message=str(error), permanent=True)
        except TransientError as error:
            answer = Fault(reason="RegistryUnavailable", message=str(error), permanent=False)
        return BuilderImageSeen(question=question, answer=answer, at=self._now())

    async def _read(self, question: BuilderImageQuestion) -> BuilderImage:
        keychain = await self._accounts.keychain(question.namespace, question.service_account, question.pull_secrets)
        client = RegistryClient(self._http, keychain)
        reference = parse_image(question.image)
        digest = reference.digest or await client.digest(reference)
        labels = self._labels.get(digest)
        if labels is None:
            config = await client.config(reference.with_digest(digest))
            labels = self._labels[digest] = read_builder_labels(config.labels, config.env)
        run_image = parse_image(labels.run_image)
        run_digest = run_image.digest or await client.digest(run_image)
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

    async def _ask(self, question: BuilderImageQuestion) -> None:
        seen = await self.inspect(question)
        askers = self._askers().get(question, [])
        if self._cache.facts.record(seen):
            for builder in askers:
                self._changed(Key(builder.kind, builder.metadata.namespace, builder.metadata.name))

    def _askers(self) -> dict[BuilderImageQuestion, list[Builder]]:
        askers: dict[BuilderImageQuestion, list[Builder]] = {}
        for store in (self._cache.builders, self._cache.cluster_builders):
            for builder in store.values():
                askers.setdefault(builder_question(builder), []).append(builder)
        return askers

    def _due_at(self, question: BuilderImageQuestion) -> datetime | None:
        """When to ask next; None for never."""
        seen = self._cache.facts.builder_image(question)
        if seen is None:
            return self._now()
        policies = {builder.spec.update_policy for builder in self._askers().get(question, [])}
        return None if policies == {UpdatePolicy.EXTERNAL} else seen.at + self._interval

    def _until_next(self) -> timedelta:
        due = [at for question in self._askers() if (at := self._due_at(question))]
        return min((at - self._now() for at in due), default=self._interval)
