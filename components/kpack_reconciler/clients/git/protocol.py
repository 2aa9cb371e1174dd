"""Git's wire format as far as listing references needs it (gitprotocol-v2, gitprotocol-pack).

Owns packets, the `ls-refs` command and the reading of answers in both forms. Leaves the carrying to `http` and `ssh`.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from kpack_reconciler.clients.git.references import Ref

FLUSH: Final = b"0000"
MOST_BYTES: Final = 1 << 26
"""What of an answer is read: a million references."""
PACKET_HEAD: Final = 4
"""Bytes of a packet's length, which counts itself; smaller lengths are marks without content."""

_HEAD = "HEAD"
_NAME = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]{1,1000}")
"""What a reference's name may be (git-check-ref-format), and short enough for a packet."""
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class NoProtocolError(Exception):
    """The bytes are not what the protocol says."""


def ls_refs_command(revisions: Collection[str]) -> bytes:
    """A request by protocol v2 for the references that the revisions can mean, and no others.

    What cannot be a reference is left out, so that one odd revision does not spoil the request for the others.
    """
    names = sorted({text for text in revisions if _NAME.fullmatch(text)}) or [_HEAD]
    prefixes = sorted({prefix for text in names for prefix in (f"refs/heads/{text}", f"refs/tags/{text}", text)})
    prefixes += [f"refs/{text}" for text in names if not text.startswith("refs/")]
    arguments = b"".join(_line(f"ref-prefix {prefix}") for prefix in prefixes)
    return _line("command=ls-refs") + _line("object-format=sha1") + b"0001" + arguments + FLUSH


def read_refs(body: bytes) -> tuple[Ref, ...]:
    """References in an answer; symbolic ones without an object, capabilities and peeled ids are left out.

    Raises NoProtocolError.
    """
    if not body.endswith(FLUSH):
        raise NoProtocolError
    return tuple(_refs(body))


def packet_length(head: bytes) -> int:
    """The length that the first four bytes of a packet tell. Raises NoProtocolError."""
    try:
        return int(head, 16)
    except ValueError as error:
        raise NoProtocolError from error


def _refs(body: bytes) -> Iterator[Ref]:
    for payload in _payloads(body):
        words = payload.split(b"\0")[0].decode(errors="replace").split()
        if words and words[0] == "ERR":
            raise NoProtocolError
        if len(words) > 1 and _OBJECT_ID.fullmatch(words[0]):
            yield Ref(name=words[1], object_id=words[0])


def _payloads(body: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(body):
        length = packet_length(body[position : position + PACKET_HEAD])
        if length > PACKET_HEAD:
            yield body[position + PACKET_HEAD : position + length]
        position += max(length, PACKET_HEAD)


def _line(text: str) -> bytes:
    return f"{len(text.encode()) + 5:04x}{text}\n".encode()
