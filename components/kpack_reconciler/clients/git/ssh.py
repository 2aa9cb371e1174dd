"""References of a repository over ssh: `git-upload-pack` on the server, asked by protocol v2.

Leaves who is trusted to `ssh_connection`. Rules:
- A server that does not speak protocol v2 tells all references at once, and that answer counts.
- No answer is read beyond its limit; what the server writes about an error is quoted on one line.
"""

import asyncio
from collections.abc import Collection

import asyncssh

from kpack_reconciler.clients.git.protocol import (
    FLUSH,
    MOST_BYTES,
    PACKET_HEAD,
    NoProtocolError,
    ls_refs_command,
    packet_length,
    read_refs,
)
from kpack_reconciler.clients.git.references import Ref
from kpack_reconciler.clients.git.ssh_connection import connected
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.git_credentials import SshCredentials
from kpack_reconciler.model.git_urls import public_url, ssh_address

_SECONDS = 30
_VERSION_2 = b"version 2"
_ERROR_BYTES, _MOST_WORDS = 4096, 300
_ABSENT = ("not found", "not be found", "does not appear to be", "does not exist", "no such", "not exported")


async def ls_refs_over_ssh(url: str, revisions: Collection[str], credentials: SshCredentials | None) -> tuple[Ref, ...]:
    """The references that the revisions can mean.

    Raises ValueError for what is no URL, PermanentError for a refusal, TransientError otherwise.
    """
    shown = public_url(url)
    address = ssh_address(url)
    try:
        async with asyncio.timeout(_SECONDS), connected(address, credentials) as connection:
            command = f"git-upload-pack {quoted(address.path)}"
            process = await connection.create_process(command, env={"GIT_PROTOCOL": "version=2"}, encoding=None)
            return read_refs(await _Asked(process, shown).answer(revisions))
    except NoProtocolError as error:
        raise TransientError(f"git server of {shown} sent no git protocol; it is asked again later") from error
    except (TimeoutError, OSError, asyncssh.Error) as error:
        raise TransientError(f"git server of {shown} does not answer: {type(error).__name__} {error}") from error


def quoted(path: str) -> str:
    """A path as the server's shell must be given it (git's `sq_quote`)."""
    return "'" + path.replace("'", "'\\''").replace("!", "'\\!'") + "'"


class _Asked:
    """One conversation with `git-upload-pack`."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], shown: str) -> None:
        self._process, self._shown = process, shown

    async def answer(self, revisions: Collection[str]) -> bytes:
        """The packets of the answer, by whichever protocol the server speaks."""
        first = await self._section()
        if not first[PACKET_HEAD:].startswith(_VERSION_2):
            self._process.stdin.write(FLUSH)
            return first
        self._process.stdin.write(ls_refs_command(revisions))
        answer = await self._section()
        self._process.stdin.write(FLUSH)
        return answer

    async def _section(self) -> bytes:
        """The packets up to and with the next flush."""
        read, body = self._process.stdout.readexactly, bytearray()
        try:
            while len(body) <= MOST_BYTES:
                head = await read(PACKET_HEAD)
                body += head + await read(max(packet_length(head) - PACKET_HEAD, 0))
                if head == FLUSH:
                    return bytes(body)
        except asyncio.IncompleteReadError as error:
            raise await self._ended() from error
        raise PermanentError("TooManyReferences", f"{self._shown} lists more than {MOST_BYTES} bytes of references")

    async def _ended(self) -> PermanentError | TransientError:
        """What the server's early end means."""
        said = " ".join((await self._process.stderr.read(_ERROR_BYTES)).decode(errors="replace").split())[:_MOST_WORDS]
        if any(words in said.lower() for words in _ABSENT):
            return PermanentError(
                "GitNotFound",
                f"{self._shown} does not exist, or the key may not read it ({said}): correct spec.source.git.url, or"
                " the key's rights",
            )
        return TransientError(f"git server of {self._shown} ended without an answer ({said}); it is asked again later")
