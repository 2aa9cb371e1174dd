"""A git repository behind real smart HTTP: `git upload-pack` does the speaking."""

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.fakes.serving import served

_IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")


class FakeGit:
    """One repository at `/app`. `login` is the only `user:password` let in, "" lets everybody in.

    `moved_to` is the URL that requests are sent on to, `authorizations` what each request showed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.login = ""
        self.broken = 0
        self.moved_to = ""
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        folder.mkdir()
        self.git("init", "--quiet")
        self.commit("README", "first")

    def git(self, *arguments: str) -> str:
        """Run git in the repository; what it prints."""
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *_IDENTITY, "-C", str(self.folder), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, name: str, text: str) -> str:
        """Commit a file to the branch that is checked out; the commit's id."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", name)
        self.git("commit", "--quiet", "-m", text)
        return self.git("rev-parse", "HEAD")

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port while the context is open; the repository's URL."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with served(app) as host:
            yield f"http://{host}/app"

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.path}")
        self.authorizations.append(request.headers.get("Authorization", ""))
        if self.moved_to:
            return web.Response(
                status=302, headers={"Location": self.moved_to + str(request.rel_url).removeprefix("/app")}
            )
        if self.broken:
            return web.Response(status=self.broken)
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and request.headers.get("Authorization") != wanted:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="fake"'})
        if request.path == "/app/info/refs":
            head = b"001e# service=git-upload-pack\n0000"
            body = head + await self._upload_pack(request, "--advertise-refs")
            return web.Response(body=body, content_type="application/x-git-upload-pack-advertisement")
        if request.path == "/app/git-upload-pack":
            body = await self._upload_pack(request)
            return web.Response(body=body, content_type="application/x-git-upload-pack-result")
        return web.Response(status=404)

    async def _upload_pack(self, request: web.Request, *options: str) -> bytes:
        environment = {"PATH": os.environ["PATH"], "GIT_PROTOCOL": request.headers.get("Git-Protocol", "")}
        process = await asyncio.create_subprocess_exec(
            *("git", "upload-pack", "--stateless-rpc", *options, str(self.folder)),
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate(await request.read())
        return out
