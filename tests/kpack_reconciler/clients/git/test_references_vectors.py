"""What a revision is, as in kpack; the numbers are those of `docs/parity.md`."""

import pytest

from kpack_api.types import GitType
from kpack_reconciler.clients.git.references import Ref, resolve
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.facts import Revision

TIP, COMMIT, TAG_OBJECT, UNKNOWN = "1" * 40, "2" * 40, "3" * 40, "4" * 40
REFS = (
    Ref(name="HEAD", object_id=TIP),
    Ref(name="refs/heads/master", object_id=TIP),
    Ref(name="refs/tags/light", object_id=COMMIT),
    Ref(name="refs/tags/annotated", object_id=TAG_OBJECT),
    Ref(name="refs/tags/master", object_id=COMMIT),
    Ref(name="refs/notes/x", object_id=COMMIT),
)


@pytest.mark.parametrize(
    ("revision", "found", "kind"),
    [
        pytest.param("master", TIP, GitType.BRANCH, id="R28 C69 branch"),
        pytest.param("light", COMMIT, GitType.TAG, id="C70 tag"),
        pytest.param("annotated", TAG_OBJECT, GitType.TAG, id="R29 C73 annotated tag"),
        pytest.param(UNKNOWN, UNKNOWN, GitType.COMMIT, id="R27 C71 commit"),
        pytest.param("refs/heads/master", TIP, GitType.BRANCH, id="R30 C74 full name"),
        pytest.param("HEAD", TIP, GitType.BRANCH, id="C74 HEAD"),
    ],
)
def test_a_revision_is_found(revision: str, found: str, kind: GitType) -> None:
    """A branch before a tag of its name; a tag by its own object; what can be a commit as it is written."""
    assert resolve(REFS, revision) == Revision(revision=found, type=kind)


def test_a_name_that_is_none_is_refused() -> None:
    """R26: unlike in kpack, which builds it and fails."""
    with pytest.raises(PermanentError, match="no branch or tag 'doesnotexist'"):
        resolve(REFS, "doesnotexist")
