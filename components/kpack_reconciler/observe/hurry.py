"""Which questions are asked before their time, since a push hook told that the answer may be another one now.

Owns the times of such questions. Leaves all other times to the poller, and the asking to it, too.

Rules:
- The first push asks at once. Further ones of the same group (a repository) within `SPACING` are asked about together
  when it has passed; so a burst of pushes costs one request at its beginning and one for each `SPACING`.
- A push during a request asks once more after it: the server may have answered from before the push.
- An answer that shows nothing new is asked for once more after `LAG`: some servers answer from a copy that is late.
- A clock that was set back delays no question.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

SPACING = timedelta(seconds=1)
LAG = timedelta(seconds=5)
AT_ONCE = datetime.min.replace(tzinfo=UTC)

Question = TypeVar("Question", bound=Hashable)


class Hurry(Generic[Question]):
    """The questions of one poller. `group` tells which of them share a request."""

    def __init__(self, group: Callable[[Question], Hashable]) -> None:
        self._group = group
        self._due: dict[Question, datetime] = {}
        self._asking: set[Question] = set()
        self._repeated: set[Question] = set()
        self._begun: dict[Hashable, datetime] = {}

    def __bool__(self) -> bool:
        """Whether any question waits."""
        return bool(self._due)

    def tell(self, questions: Iterable[Question], now: datetime) -> None:
        """A push concerns these questions."""
        zero = timedelta(0)
        self._begun = {group: at for group, at in self._begun.items() if zero <= now - at < SPACING}
        for question in questions:
            begun = self._begun.get(self._group(question))
            self._due[question] = AT_ONCE if begun is None else begun + SPACING
            self._repeated.discard(question)

    def due(self, question: Question, now: datetime) -> datetime | None:
        """When to ask; None where no push concerns it."""
        at = self._due.get(question)
        return AT_ONCE if at is not None and at - now > LAG else at

    def begin(self, questions: Iterable[Question], now: datetime) -> None:
        """These questions are being asked, for whatever reason."""
        for question in questions:
            if self._due.pop(question, None) is not None:
                self._asking.add(question)
                self._begun[self._group(question)] = now

    def learned(self, questions: Iterable[Question]) -> None:
        """These questions have another answer than before."""
        self._asking.difference_update(questions)
        self._repeated.difference_update(questions)

    def end(self, questions: Iterable[Question], now: datetime) -> None:
        """These questions were asked."""
        for question in self._asking.intersection(questions):
            self._asking.discard(question)
            if question in self._repeated:
                self._repeated.discard(question)
            elif question not in self._due:
                self._repeated.add(question)
                self._due[question] = now + LAG

    def keep(self, asked: Collection[Question]) -> None:
        """Forget all other questions."""
        for question in self._due.keys() - set(asked) if self._due else ():
            del self._due[question]
            self._repeated.discard(question)
