"""Git servers into facts: asks which commit each SourceResolver's revision is.

Owns what is asked together. Leaves when to `polling`, the protocol to `clients.git`, the meaning to `decide`.

Rules:
- One request per distinct URL and credentials and interval, whatever the number of SourceResolvers and revisions.
- Branches, tags and faults are asked again after the interval; a commit id never, as in kpack.
- Each answer that differs from the one before wakes the SourceResolvers that ask by then.
- A fault of one repository leaves the others alone.

Cost: one POST of about 200 bytes per repository and interval, and the Secrets of each service account once an interval.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from kpack_api.types import GitType
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.clients.git.references import Ref, resolve
from kpack_reconciler.clients.git.remote import ls_refs
from kpack_reconciler.clients.service_accounts import ServiceAccounts
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.metrics import Source, polled
from kpack_reconciler.model.facts import Fault, Revision, RevisionQuestion, RevisionResolved
from kpack_reconciler.model.git_credentials import AnyCredentials, GitCandidate, choose_git_credentials
from kpack_reconciler.model.git_urls import hosts_of, public_url
from kpack_reconciler.model.host_classes import host_class
from kpack_reconciler.model.keys import Key, key_of
from kpack_reconciler.observe.polling import AT_ONCE, PARALLEL, Schedule, fault_of

_UNAVAILABLE = "GitUnavailable"

_Account = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request: a repository with one set of credentials, for all questions that it answers."""

    url: str
    credentials: AnyCredentials | None
    questions: tuple[RevisionQuestion, ...]


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
        self._limit = asyncio.Semaphore(PARALLEL)
        self._schedule = Schedule(
            due=self._due, ask=self._ask_all, interval=interval, now=now, group=lambda question: question.url
        )

    def wake(self) -> None:
        """Look for new questions now."""
        self._schedule.wake()

    async def run(self) -> None:
        """Ask what is due, then wait for the next due question or a wake-up; until cancelled."""
        await self._schedule.run()

    async def ask_due(self) -> None:
        """Ask every question whose answer is missing or old, unless it is being asked; return with the answers."""
        await self._schedule.ask_due()

    async def _ask_all(self, questions: frozenset[RevisionQuestion]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for request in await self._requests(questions):
                tasks.create_task(self._ask(request))

    async def _requests(self, questions: Iterable[RevisionQuestion]) -> list[_Request]:
        """The requests to send; questions whose credentials cannot be read are answered with a fault."""
        by_account: dict[_Account, list[RevisionQuestion]] = {}
        for question in questions:
            by_account.setdefault((question.namespace, question.service_account), []).append(question)
        found = await asyncio.gather(*(self._candidates(account) for account in by_account))
        together: dict[tuple[str, AnyCredentials | None], list[RevisionQuestion]] = {}
        for candidates, asked in zip(found, by_account.values(), strict=True):
            if isinstance(candidates, Fault):
                self._record(dict.fromkeys(asked, candidates))
                continue
            for question in asked:
                credentials = choose_git_credentials(question.url, candidates)
                together.setdefault((question.url, credentials), []).append(question)
        return [
            _Request(url=url, credentials=login, questions=tuple(group)) for (url, login), group in together.items()
        ]

    async def _candidates(self, account: _Account) -> tuple[GitCandidate, ...] | Fault:
        async with self._limit:
            try:
                return await self._accounts.git_candidates(*account)
            except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
                fault = fault_of(error, unavailable=_UNAVAILABLE, subject="/".join(account))
                return Fault(reason="CredentialsUnavailable", message=fault.message, permanent=False)

    async def _ask(self, request: _Request) -> None:
        revisions = {question.revision for question in request.questions}
        async with self._limit:
            try:
                refs = await ls_refs(self._http, request.url, revisions, credentials=request.credentials)
            except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
                fault = fault_of(error, unavailable=_UNAVAILABLE, subject=public_url(request.url))
                self._count(request, fault)
                self._record(dict.fromkeys(request.questions, fault))
                return
        self._count(request, None)
        self._record({question: _resolved(refs, question.revision) for question in request.questions})

    def _count(self, request: _Request, fault: Fault | None) -> None:
        polled(Source.GIT, host_class(min(hosts_of(request.url), key=len, default="")), fault, self._now())

    def _record(self, answers: Mapping[RevisionQuestion, Revision | Fault]) -> None:
        at, record = self._now(), self._cache.facts.record
        news = [
            question
            for question, answer in answers.items()
            if record(RevisionResolved(question=question, answer=answer, at=at))
        ]
        for question in news:
            for resolver in self._cache.source_resolvers_asking(question):
                self._changed(key_of(resolver))

    def _due(self) -> dict[RevisionQuestion, datetime | None]:
        asked = self._cache.revision_questions()
        self._cache.facts.keep_revisions(asked)
        return {question: self._due_at(question) for question in asked}

    def _due_at(self, question: RevisionQuestion) -> datetime | None:
        """When to ask; None for never."""
        resolved = self._cache.facts.revision(question)
        if resolved is None:
            return AT_ONCE
        if isinstance(resolved.answer, Revision) and resolved.answer.type == GitType.COMMIT:
            return None
        return resolved.at + self._interval


def _resolved(refs: tuple[Ref, ...], revision: str) -> Revision | Fault:
    try:
        return resolve(refs, revision)
    except PermanentError as error:
        return Fault(reason=error.reason, message=str(error), permanent=True)
