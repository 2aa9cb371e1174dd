"""Git servers into facts: asks which commit each SourceResolver's revision is.

Owns what is asked together. Leaves when to `polling`, the protocol to `clients.git`, the meaning to `decide`.

Rules:
- One request per distinct URL and credentials and interval, whatever the number of SourceResolvers and revisions.
- Branches, tags and faults are asked again after the interval, or that of the Images' own (`paces`); a commit id never,
  as in kpack. A push asks at once (`hurry`), a commit id excepted.
- Each answer that differs from the one before wakes the SourceResolvers that ask by then.
- A fault of one repository leaves the others alone. A host that fails for all, or asks for it, is left alone (`hosts`).
- Logins are read once an interval. A refusal is told only of one that was read just now.
- Requests are spread over the interval by their URLs, so that none of its seconds sees more of them than another.

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
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.metrics import Source, polled
from kpack_reconciler.model.facts import Fault, Revision, RevisionQuestion, RevisionResolved
from kpack_reconciler.model.git_credentials import AnyCredentials, GitCandidate, choose_git_credentials
from kpack_reconciler.model.git_urls import hosts_of, public_url
from kpack_reconciler.model.hooks import Pushed
from kpack_reconciler.model.host_classes import host_class
from kpack_reconciler.model.keys import Key, key_of
from kpack_reconciler.observe.hosts import Hosts
from kpack_reconciler.observe.hurry import AT_ONCE, Hurry
from kpack_reconciler.observe.polling import PARALLEL, Schedule, fault_of, turn_after

_UNAVAILABLE = "GitUnavailable"

_Account = tuple[str, str]
_LIFE = 0.9
"""For what part of the interval logins are kept."""
_SURE = timedelta(seconds=10)
"""A refusal of a login that was read so lately is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request: a repository with one set of credentials, read at that time, for all questions that it answers."""

    url: str
    credentials: AnyCredentials | None
    questions: tuple[RevisionQuestion, ...]
    read_at: datetime


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
        self._hosts = Hosts(interval)
        self._logins: dict[_Account, tuple[datetime, tuple[GitCandidate, ...]]] = {}
        self._hurry = Hurry[RevisionQuestion](lambda question: question.url)
        self._schedule = Schedule(
            due=self._due,
            ask=self._ask_all,
            interval=interval,
            now=now,
            hurry=self._hurry,
            group=lambda question: question.url,
        )

    def wake(self) -> None:
        """Look for new questions now."""
        self._schedule.wake()

    def pushed(self, push: Pushed) -> int:
        """Ask now what a push may have changed; how many questions that are."""
        questions = self._cache.revision_questions_about(push)
        self._schedule.hurry(questions)
        return len(questions)

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
        self._forget_logins(older_than=self._interval * _LIFE)
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
            _Request(url=url, credentials=login, questions=tuple(group), read_at=self._read_at(group))
            for (url, login), group in together.items()
        ]

    async def _candidates(self, account: _Account) -> tuple[GitCandidate, ...] | Fault:
        async with self._limit:
            if account in self._logins:
                return self._logins[account][1]
            try:
                found = await self._accounts.git_candidates(*account)
            except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
                fault = fault_of(error, unavailable=_UNAVAILABLE, subject="/".join(account))
                return Fault(reason="CredentialsUnavailable", message=fault.message, permanent=False)
            self._logins[account] = (self._now(), found)
            return found

    async def _ask(self, request: _Request) -> None:
        revisions = {question.revision for question in request.questions}
        host = _host(request.url)
        async with self._limit:
            if quiet := self._hosts.fault(host, self._now(), reason=_UNAVAILABLE):
                self._record(dict.fromkeys(request.questions, quiet))
                return
            try:
                refs = await ls_refs(self._http, request.url, revisions, credentials=request.credentials)
            except Exception as error:  # noqa: BLE001 - becomes a fault; a bug is logged there
                if self._is_outdated(request, error):
                    self._hurry.tell(request.questions, self._now())
                    return
                fault = fault_of(error, unavailable=_UNAVAILABLE, subject=public_url(request.url))
                self._note(host, error)
                self._count(request, fault)
                self._record(dict.fromkeys(request.questions, fault))
                return
        self._hosts.answered(host)
        self._count(request, None)
        self._record({question: _resolved(refs, question.revision) for question in request.questions})

    def _forget_logins(self, *, older_than: timedelta) -> None:
        now, none = self._now(), timedelta(0)
        self._logins = {who: login for who, login in self._logins.items() if none <= now - login[0] < older_than}

    def _is_outdated(self, request: _Request, error: Exception) -> bool:
        """Whether a refusal, if it is news, may be that of a login which was changed since: then it is read anew."""
        accounts = {(asked.namespace, asked.service_account) for asked in request.questions}
        if not isinstance(error, PermanentError) or self._now() - request.read_at <= _SURE:
            return False
        if all(self._is_refused(question) for question in request.questions):
            return False
        for account in accounts:
            self._logins.pop(account, None)
        return True

    def _is_refused(self, question: RevisionQuestion) -> bool:
        seen = self._cache.facts.revision(question)
        return seen is not None and isinstance(seen.answer, Fault) and seen.answer.permanent

    def _read_at(self, questions: Iterable[RevisionQuestion]) -> datetime:
        """When the logins of those who ask were read, the oldest of them."""
        accounts = ((asked.namespace, asked.service_account) for asked in questions)
        return min((self._logins[account][0] for account in accounts if account in self._logins), default=self._now())

    def _note(self, host: str, error: Exception) -> None:
        if isinstance(error, TransientError):
            self._hosts.failed(host, self._now(), error.retry_after)
        else:
            self._hosts.answered(host)

    def _count(self, request: _Request, fault: Fault | None) -> None:
        polled(Source.GIT, host_class(_host(request.url)), fault, self._now())

    def _record(self, answers: Mapping[RevisionQuestion, Revision | Fault]) -> None:
        at, record = self._now(), self._cache.facts.record
        news = [
            question
            for question, answer in answers.items()
            if record(RevisionResolved(question=question, answer=answer, at=at))
        ]
        self._hurry.learned(news)
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
        hurried = self._hurry.due(question, self._now())
        pace = self._cache.pace(question, self._interval)
        if pace is None and isinstance(resolved.answer, Revision):
            return hurried
        usual = turn_after(resolved.at, self._interval if pace is None else pace, subject=question.url)
        return usual if hurried is None else min(usual, hurried)


def _host(url: str) -> str:
    return min(hosts_of(url), key=len, default="")


def _resolved(refs: tuple[Ref, ...], revision: str) -> Revision | Fault:
    try:
        return resolve(refs, revision)
    except PermanentError as error:
        return Fault(reason=error.reason, message=str(error), permanent=True)
