"""A git server over ssh in a thread: the real `git upload-pack` behind asyncssh, for one user key.

`speaks_v2` False drops the client's GIT_PROTOCOL, as servers do that accept no environment. `commands` records what was
asked for, with the user who asked.
"""

import asyncio
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import asyncssh

from dev.services.git_server import without_git

_BLOCK = 65536
_LAST_SECONDS = 10


class SshHost:
    """The server's keys and what it was asked; `private_key` is the one that is let in."""

    def __init__(self, root: Path, address: str) -> None:
        self.root, self.address, self.port = root, address, 0
        self.commands: list[tuple[str, str]] = []
        self.speaks_v2 = True
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._user_key = asyncssh.generate_private_key("ssh-ed25519")

    @property
    def private_key(self) -> str:
        """The private key, as a Secret holds it."""
        return self._user_key.export_private_key().decode()

    @property
    def known_hosts(self) -> str:
        """What `ssh-keyscan` prints."""
        return f"[{self.address}]:{self.port} {self._host_key.export_public_key().decode()}"

    def url(self, name: str, *, user: str = "git") -> str:
        """The URL of a repository below the root."""
        return f"ssh://{user}@{self.address}:{self.port}/{name}.git"

    async def listen(self) -> asyncssh.SSHAcceptor:
        """Serve on a free port."""
        acceptor = await asyncssh.listen(
            self.address,
            0,
            server_host_keys=[self._host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self._user_key.export_public_key().decode()),
            process_factory=self._serve,
            encoding=None,
        )
        self.port = acceptor.get_port()
        return acceptor

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.commands.append((process.get_extra_info("username"), process.command or ""))
        program, path = shlex.split(process.command or "")
        environment = {**without_git(os.environ), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        environment |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        if self.speaks_v2:
            environment["GIT_PROTOCOL"] = process.env.get("GIT_PROTOCOL", "")
        pipe = subprocess.PIPE
        git = await asyncio.create_subprocess_exec(
            *("git", program.removeprefix("git-"), str(self.root / path.lstrip("/"))),
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        if git.stdin is None or git.stdout is None or git.stderr is None:
            raise AssertionError("pipes were asked for")
        told = asyncio.create_task(_give(process.stdin, git.stdin))
        try:
            await asyncio.gather(_pass_on(git.stdout, process.stdout), _pass_on(git.stderr, process.stderr))
        finally:
            told.cancel()
            await asyncio.gather(told, return_exceptions=True)
            git.stdin.close()
            code = await git.wait()
        process.exit(code)


class _Reader(Protocol):
    async def read(self, n: int, /) -> bytes: ...


class _Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...


async def _pass_on(reader: _Reader, writer: _Writer) -> None:
    """Copy a stream to its end."""
    with suppress(ConnectionError, asyncssh.BreakReceived):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()


async def _give(reader: _Reader, git: asyncio.StreamWriter) -> None:
    """Copy what the client writes, and tell git when that ends."""
    await _pass_on(reader, git)
    git.close()


@contextmanager
def ssh_host(root: Path, *, address: str = "127.0.0.1") -> Iterator[SshHost]:
    """Serve the repositories below `root` while the context is open."""
    host, loop = SshHost(root, address), asyncio.new_event_loop()
    acceptor = loop.run_until_complete(host.listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield host
    finally:
        asyncio.run_coroutine_threadsafe(_close(acceptor), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if left:
        await asyncio.wait(left, timeout=_LAST_SECONDS)
