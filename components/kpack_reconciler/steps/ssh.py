"""The program that git runs in place of ssh: `python3 -m kpack_reconciler.steps.ssh … host command`.

Owns the piping. Leaves who is trusted, and how one logs in, to `clients.git.ssh_connection`.

Rules:
- Where to connect to and with which key comes from the environment; of git's arguments only the command counts.
- Only `git-upload-pack` is run: prepare reads repositories, and nothing else.
- A failure is one line for `steps.git`: `ssh (<exit code>): <what to do>`.
"""

import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.model.git_credentials import SshCredentials
from kpack_reconciler.model.git_urls import SshAddress

LOGIN = "KPACK_SSH_LOGIN"
"""The environment variable that says where to connect to, and with which key."""
FAILURE = re.compile(r"^ssh \((?P<code>\d+)\): (?P<text>.*)$", re.MULTILINE)

_FAILED = 255
_STDOUT, _STDERR = 1, 2
_BLOCK = 1 << 16
_ALLOWED = "git-upload-pack "


class _Reader(Protocol):
    async def read(self, n: int, /) -> bytes: ...


class _Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def write_eof(self) -> None: ...


class _Login(msgspec.Struct):
    address: SshAddress
    credentials: SshCredentials | None


def encode_login(address: SshAddress, credentials: SshCredentials | None) -> str:
    """The value of `LOGIN`."""
    return msgspec.json.encode(_Login(address=address, credentials=credentials)).decode()


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run git's command on the server, with this process's streams; the command's exit code, 255 where it did not."""
    login = msgspec.json.decode(environment[LOGIN], type=_Login)
    command = arguments[-1]
    if not command.startswith(_ALLOWED):
        return _fail(GENERIC, f"{command.split()[0]!r} is not for prepare to run")
    try:
        return asyncio.run(_run(command, login, environment.get("GIT_PROTOCOL", "")))
    except PermanentError as error:
        return _fail(CREDENTIALS, str(error))
    except TransientError as error:
        return _fail(TRANSIENT, str(error))
    except ValueError as error:
        return _fail(GENERIC, f"{login.address.host} is no host: {error}; correct spec.source.git.url")


async def _run(command: str, login: _Login, git_protocol: str) -> int:
    import asyncssh  # noqa: PLC0415 - git_command needs only `encode_login`

    from kpack_reconciler.clients.git.ssh_connection import connected  # noqa: PLC0415 - likewise

    try:
        async with connected(login.address, login.credentials) as connection:
            process = await connection.create_process(command, env={"GIT_PROTOCOL": git_protocol}, encoding=None)
            given = asyncio.create_task(_give(process.stdin))
            await asyncio.gather(_take(process.stdout, _STDOUT), _take(process.stderr, _STDERR))
            given.cancel()
            status = (await process.wait()).exit_status
    except (OSError, asyncssh.Error) as error:
        raise TransientError(f"the connection to {login.address.host} broke off: {error}") from error
    return _FAILED if status is None else status


async def _give(writer: _Writer) -> None:
    """Pass on what git writes, to its end."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while block := await reader.read(_BLOCK):
        writer.write(block)
        await writer.drain()
    writer.write_eof()


async def _take(reader: _Reader, descriptor: int) -> None:
    """Pass on what the server writes, to its end."""
    while block := await reader.read(_BLOCK):
        await asyncio.to_thread(_write_all, descriptor, block)


def _write_all(descriptor: int, block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[os.write(descriptor, left) :]


def _fail(code: int, text: str) -> int:
    print(f"ssh ({code}): {' '.join(text.split())}", file=sys.stderr, flush=True)  # noqa: T201 - git reads it
    return _FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
