"""Git's packets, as bytes."""

import pytest

from kpack_reconciler.clients.git.protocol import NoProtocolError, ls_refs_command, read_refs
from kpack_reconciler.clients.git.references import Ref

ID = "1" * 40


def test_a_request_names_what_the_revisions_can_mean() -> None:
    """A full name is asked for as it is, too."""
    asked = ls_refs_command(["main", "refs/pull/7/head", "main"])

    assert asked.count(b"ref-prefix refs/heads/main\n") == 1
    assert b"ref-prefix refs/main\n" in asked
    assert b"ref-prefix refs/pull/7/head\n" in asked
    assert b"refs/refs/" not in asked
    assert asked.endswith(b"0000")


@pytest.mark.parametrize("odd", ["a\nb", "main~1", "x" * 70000, "", "\ud800", "a b"])
def test_an_odd_revision_does_not_spoil_the_others(odd: str) -> None:
    """What no reference can be called is not asked for; alone it asks for next to nothing."""
    assert ls_refs_command(["main", odd]) == ls_refs_command(["main"])
    assert b"ref-prefix HEAD\n" in ls_refs_command([odd])


def test_references_are_read_with_what_stands_beside_them() -> None:
    """Capabilities, peeled ids and references without an object are left out."""
    lines = [f"{ID} refs/heads/main\0caps agent=x\n", f"{ID} HEAD symref-target:refs/heads/main\n", "unborn HEAD\n"]
    body = b"".join(f"{len(line) + 4:04x}{line}".encode() for line in lines) + b"0000"

    assert read_refs(body) == (Ref(name="refs/heads/main", object_id=ID), Ref(name="HEAD", object_id=ID))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"<html>0000", b"zzzz0000", b"000bERR no00000000"[:15], b"000eERR absent0000"]
)
def test_what_is_no_protocol_is_told(body: bytes) -> None:
    """A page, a cut answer, an error."""
    with pytest.raises(NoProtocolError):
        read_refs(body)
