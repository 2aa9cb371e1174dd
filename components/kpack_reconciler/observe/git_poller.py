"""Git servers into facts: asks which commit each SourceResolver's revision is.

Owns when to ask. Leaves the protocol to `clients.git`, the meaning to `decide`.

Rules:
- One request per distinct URL, revision and credentials and interval, whatever the number of SourceResolvers.
- A new question is asked at once; a fault is asked again after the interval, like an answer.
- Each answer that differs from the one before wakes the SourceResolvers that asked.

Cost: one POST of about 200 bytes per question and interval, and the Secrets of each service account once an interval.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.git import ls_refs, resolve
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Fault, Revision, RevisionQuestion, RevisionResolved
from kpack_reconciler.model.git_credentials import GitCredentials
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import revision_question

_PARALLEL = 16
_SHORTEST_PAUSE = 0.2


class GitPoller:
    """Asks again and again while `run` runs."""

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
        self._limit = asyncio.Semaphore(_PARALLEL)

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
        """Ask every question whose answer is missing or older than the interval; equal ones once."""
        askers = self._askers()
        due = [question for question in askers if self._due_at(question) <= self._now()]
        requests: dict[tuple[str, str, GitCredentials | None], list[RevisionQuestion]] = {}
        for question in due:
            credentials = await self._credentials(question)
            if isinstance(credentials, Fault):
                self._record(question, credentials, askers[question])
            else:
                requests.setdefault((question.url, question.revision, credentials), []).append(question)
        async with asyncio.TaskGroup() as tasks:
            for (url, revision, credentials), questions in requests.items():
                tasks.create_task(self._ask(url, revision, credentials, {q: askers[q] for q in questions}))

    async def _ask(
        self,
        url: str,
        revision: str,
        credentials: GitCredentials | None,
        askers: dict[RevisionQuestion, list[Key]],
    ) -> None:
        async with self._limit:
            answer: Revision | Fault
            try:
                answer = resolve(await ls_refs(self._http, url, revision, credentials=credentials), revision)
            except PermanentError as error:
                answer = Fault(reason=error.reason, message=str(error), permanent=True)
            except TransientError as error:
                answer = Fault(reason="GitUnavailable", message=str(error), permanent=False)
        for question, keys in askers.items():
            self._record(question, answer, keys)

    def _record(self, question: RevisionQuestion, answer: Revision | Fault, askers: list[Key]) -> None:
        if self._cache.facts.record(RevisionResolved(question=question, answer=answer, at=self._now())):
            for key in askers:
                self._changed(key)

    async def _credentials(self, question: RevisionQuestion) -> GitCredentials | Fault | None:
        try:
            return await self._accounts.git_credentials(question.namespace, question.service_account, question.url)
        except (PermanentError, TransientError) as error:
            return Fault(reason="CredentialsUnavailable", message=str(error), permanent=False)

    def _askers(self) -> dict[RevisionQuestion, list[Key]]:
        askers: dict[RevisionQuestion, list[Key]] = {}
        for resolver in self._cache.source_resolvers.values():
            question = revision_question(resolver)
            if question is not None:
                key = Key(Kind.SOURCE_RESOLVER, resolver.metadata.namespace, resolver.metadata.name)
                askers.setdefault(question, []).append(key)
        return askers

    def _due_at(self, question: RevisionQuestion) -> datetime:
        resolved = self._cache.facts.revision(question)
        return self._now() if resolved is None else resolved.at + self._interval

    def _until_next(self) -> timedelta:
        due = [self._due_at(question) for question in self._askers()]
        return min((at - self._now() for at in due), default=self._interval)
