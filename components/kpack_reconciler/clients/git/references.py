"""What a revision is, given what a git server advertises.

Rules:
- A branch wins over a tag of the same name. An annotated tag gives the tag object's id, as in kpack.
- A revision that is no reference is taken for a commit, unverified, where it can be one (`git rev-parse` syntax);
  otherwise it is a fault, unlike in kpack, which starts a build that fails.
"""

import re
from dataclasses import dataclass

from kpack_api.types import GitType
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.facts import Revision

_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}|.*[~^].*")
"""A possibly abbreviated object id, or an expression such as `main~1`."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An advertised reference and the id of its object."""

    name: str
    object_id: str


def resolve(refs: tuple[Ref, ...], revision: str) -> Revision:
    """What a revision is, given what the server advertises. Raises PermanentError where it can be nothing."""
    ids = {ref.name: ref.object_id for ref in refs}
    for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision):
        if name in ids:
            return Revision(revision=ids[name], type=_type_of(name))
    if not _COMMIT.fullmatch(revision):
        raise PermanentError(
            "RevisionNotFound",
            f"the repository has no branch or tag {revision!r}: push it, or correct spec.source.git.revision",
        )
    return Revision(revision=revision, type=GitType.COMMIT)


def _type_of(name: str) -> GitType:
    """By the reference's place; HEAD moves like the branch that it stands for."""
    if name == "HEAD" or name.startswith("refs/heads/"):
        return GitType.BRANCH
    return GitType.TAG if name.startswith("refs/tags/") else GitType.UNKNOWN
