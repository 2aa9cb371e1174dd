"""Facts as last recorded, each under the question that it answers.

Owns the newest answer to each question. Leaves asking to pollers and effects.

Rules:
- A newer fact replaces an older one; whether the answer is another one is told to whoever records it.
- What nobody asks any more is forgotten: nobody keeps it up to date, and it must not answer who asks again much later.
  A lost fact costs time, never correctness.
- What a builder image holds is found by its digest, too, within a namespace (ClusterBuilders' have none): who made a
  Build of a Builder need not ask a registry what the Builder's poll has read.
- Rebases are kept by the Build that asked, the last thousand of them: each is asked for once.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from kpack_reconciler.model.facts import (
    BuilderImage,
    BuilderImageQuestion,
    BuilderImageSeen,
    Fact,
    ImageRebased,
    RevisionQuestion,
    RevisionResolved,
    ServiceAccountQuestion,
    ServiceAccountSeen,
)
from kpack_reconciler.model.refusals import WriteRefused, Written

_MOST_REBASES = 1000
_MOST_REFUSALS = 1000


class Facts:
    """The newest fact for each question; None means: not asked yet."""

    def __init__(self) -> None:
        self._revisions: dict[RevisionQuestion, RevisionResolved] = {}
        self._builder_images: dict[BuilderImageQuestion, BuilderImageSeen] = {}
        self._contents: dict[tuple[str, str], BuilderImageSeen] = {}
        self._service_accounts: dict[ServiceAccountQuestion, ServiceAccountSeen] = {}
        self._rebases: dict[str, ImageRebased] = {}
        self._refusals: dict[Written, WriteRefused] = {}

    def record(self, fact: Fact) -> bool:
        """Remember a fact. True where its answer differs from the one before, or is the first."""
        match fact:
            case RevisionResolved():
                before: Fact | None = self._revisions.get(fact.question)
                self._revisions[fact.question] = fact
            case BuilderImageSeen():
                before = self._builder_images.get(fact.question)
                self._builder_images[fact.question] = fact
                self._keep_contents(fact)
            case ServiceAccountSeen():
                before = self._service_accounts.get(fact.question)
                self._service_accounts[fact.question] = fact
            case ImageRebased():
                before = self._rebases.pop(fact.question.build_uid, None)
                self._rebases[fact.question.build_uid] = fact
                if len(self._rebases) > _MOST_REBASES:
                    del self._rebases[next(iter(self._rebases))]
        return before is None or before.answer != fact.answer

    def revision(self, question: RevisionQuestion) -> RevisionResolved | None:
        """What a git server last said to this question."""
        return self._revisions.get(question)

    def builder_image(self, question: BuilderImageQuestion) -> BuilderImageSeen | None:
        """What a registry last said to this question."""
        return self._builder_images.get(question)

    def builder_contents(self, image: str, namespace: str) -> BuilderImageSeen | None:
        """What a registry said of this builder image, by digest, to a ClusterBuilder or to someone in the namespace."""
        return self._contents.get((image, namespace)) or self._contents.get((image, ""))

    def service_account(self, question: ServiceAccountQuestion) -> ServiceAccountSeen | None:
        """What the API server last said to this question."""
        return self._service_accounts.get(question)

    def keep_revisions(self, asked: Collection[RevisionQuestion]) -> None:
        """Forget what git servers said to other questions than these."""
        for question in self._revisions.keys() - set(asked):
            del self._revisions[question]

    def keep_builder_images(self, asked: Collection[BuilderImageQuestion], *, since: datetime) -> None:
        """Forget what registries said to other questions than these before that time."""
        for question in self._builder_images.keys() - set(asked):
            if self._builder_images[question].at < since:
                del self._builder_images[question]
        self._contents.clear()
        for seen in self._builder_images.values():
            self._keep_contents(seen)

    def refuse(self, refused: WriteRefused) -> None:
        """Remember that an object could not be written, the last thousand of them."""
        self._refusals.pop(refused.question, None)
        self._refusals[refused.question] = refused
        if len(self._refusals) > _MOST_REFUSALS:
            del self._refusals[next(iter(self._refusals))]

    def refusals(self, written: Iterable[Written]) -> tuple[WriteRefused, ...]:
        """Which of these objects could not be written."""
        return tuple(refused for what in written if (refused := self._refusals.get(what)) is not None)

    def rebased(self, build_uid: str) -> ImageRebased | None:
        """What last became of the rebase that this Build is."""
        return self._rebases.get(build_uid)

    def _keep_contents(self, seen: BuilderImageSeen) -> None:
        if isinstance(seen.answer, BuilderImage):
            self._contents[seen.answer.latest_image, seen.question.namespace] = seen
