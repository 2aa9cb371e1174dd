"""Facts as last recorded, each under the question that it answers.

Owns the newest answer to each question. Leaves asking to pollers and effects.

Rules:
- A newer fact replaces an older one; whether the answer is another one is told to whoever records it.
- Facts that nobody has asked about for long may be forgotten: that costs time, never correctness.
"""

from kpack_reconciler.model.facts import (
    BuilderImageQuestion,
    BuilderImageSeen,
    Fact,
    RevisionQuestion,
    RevisionResolved,
    ServiceAccountQuestion,
    ServiceAccountSeen,
)


class Facts:
    """The newest fact for each question; None means: not asked yet."""

    def __init__(self) -> None:
        self._revisions: dict[RevisionQuestion, RevisionResolved] = {}
        self._builder_images: dict[BuilderImageQuestion, BuilderImageSeen] = {}
        self._service_accounts: dict[ServiceAccountQuestion, ServiceAccountSeen] = {}

    def record(self, fact: Fact) -> bool:
        """Remember a fact. True where its answer differs from the one before, or is the first."""
        match fact:
            case RevisionResolved():
                before: Fact | None = self._revisions.get(fact.question)
                self._revisions[fact.question] = fact
            case BuilderImageSeen():
                before = self._builder_images.get(fact.question)
                self._builder_images[fact.question] = fact
            case ServiceAccountSeen():
                before = self._service_accounts.get(fact.question)
                self._service_accounts[fact.question] = fact
        return before is None or before.answer != fact.answer

    def revision(self, question: RevisionQuestion) -> RevisionResolved | None:
        """What a git server last said to this question."""
        return self._revisions.get(question)

    def builder_image(self, question: BuilderImageQuestion) -> BuilderImageSeen | None:
        """What a registry last said to this question."""
        return self._builder_images.get(question)

    def service_account(self, question: ServiceAccountQuestion) -> ServiceAccountSeen | None:
        """What the API server last said to this question."""
        return self._service_accounts.get(question)
