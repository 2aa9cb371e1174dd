"""A git server that answers only what references there are, from memory, and counts how often it was asked.

    GET  /<name>.git/info/refs            all references, protocol v0
    POST /<name>.git/git-upload-pack      the same by protocol v2's `ls-refs`
    POST /-/move/<name>                   its branch `main` moves to a new commit
    GET  /-/requests                      how many questions were answered

Rules:
- No process is started for a question, so that the server's cost does not hide the client's.
- A repository exists as soon as it is asked for, with `main` and `TOPICS` other branches.
"""

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

TOPICS: Final = 30
FLUSH: Final = b"0000"
_CAPABILITIES = b"multi_ack thin-pack side-band-64k ofs-delta shallow symref=HEAD:refs/heads/main agent=git/bench"
_MAIN = "refs/heads/main"

Refs = Mapping[str, str]
"""Commit ids by name of the reference."""


@dataclass(slots=True)
class Repositories:
    """The repositories and the count of questions about them."""

    moves: dict[str, int] = field(default_factory=dict)
    requests: int = 0

    def refs(self, name: str) -> Refs:
        """Give a repository's references, sorted by name."""
        commits = {_MAIN: _commit(f"{name} main {self.moves.get(name, 0)}")}
        topics = {f"refs/heads/topic-{number:02}": _commit(f"{name} topic {number}") for number in range(TOPICS)}
        return {**commits, **topics}

    def move(self, name: str) -> str:
        """Put a new commit on `main`; its id."""
        self.moves[name] = self.moves.get(name, 0) + 1
        return self.refs(name)[_MAIN]


def advertisement(refs: Refs) -> bytes:
    """Write references as protocol v0 advertises them over smart http."""
    listed = [(refs[_MAIN], "HEAD"), *((commit, name) for name, commit in refs.items())]
    lines = [f"{commit} {name}".encode() for commit, name in listed]
    lines[0] += b"\0" + _CAPABILITIES
    return packet(b"# service=git-upload-pack\n") + FLUSH + b"".join(packet(line + b"\n") for line in lines) + FLUSH


def ls_refs(refs: Refs) -> bytes:
    """Write references as protocol v2's `ls-refs` answers."""
    return b"".join(packet(f"{commit} {name}\n".encode()) for name, commit in refs.items()) + FLUSH


def packet(content: bytes) -> bytes:
    """Put the length before a line (git's pkt-line)."""
    return b"%04x" % (len(content) + 4) + content


def make_app(repositories: Repositories) -> web.Application:
    """Give the server's application."""

    async def info_refs(request: web.Request) -> web.Response:
        repositories.requests += 1
        body = advertisement(repositories.refs(request.match_info["name"]))
        return web.Response(body=body, content_type="application/x-git-upload-pack-advertisement")

    async def upload_pack(request: web.Request) -> web.Response:
        repositories.requests += 1
        body = ls_refs(repositories.refs(request.match_info["name"]))
        return web.Response(body=body, content_type="application/x-git-upload-pack-result")

    async def move(request: web.Request) -> web.Response:
        return web.Response(text=repositories.move(request.match_info["name"]))

    async def requests(_: web.Request) -> web.Response:
        return web.Response(text=str(repositories.requests))

    app = web.Application()
    app.router.add_get("/-/requests", requests)
    app.router.add_post("/-/move/{name}", move)
    app.router.add_get("/{name}.git/info/refs", info_refs)
    app.router.add_post("/{name}.git/git-upload-pack", upload_pack)
    return app


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.git_memory", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    web.run_app(make_app(Repositories()), host=given.address, port=given.port, access_log=None, print=None)


def _commit(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    main()
