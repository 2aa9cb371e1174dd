"""A git server on loopback: the real `git http-backend` behind real HTTP, with repositories that a test fills.

Repositories below `private/` ask for the login `dev` / `secret`; `moved_to` sends requests for `moved/…` elsewhere.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.services.credentials import Credentials
from dev.services.git_server import GitRequestHandler, GitServer, read_body, without_git
from tests.fakes.threads import serving

LOGIN = Credentials(username="dev", password="secret")


class GitHost(GitServer):
    """The server; `requests` records the method and path of each request."""

    def __init__(self, root: Path, address: str) -> None:
        super().__init__((address, 0), root=root, credentials=LOGIN)
        self.RequestHandlerClass = _Handler
        self.address = address
        self.requests: list[tuple[str, str]] = []
        self.moved_to = ""

    def url(self, name: str) -> str:
        """The URL of a repository."""
        return f"http://{self.address}:{self.server_port}/{name}.git"

    def create(self, name: str) -> "Repository":
        """Make an empty repository."""
        bare, work = self.root / f"{name}.git", self.root / "work" / name
        git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        git("init", "--quiet", "--initial-branch=main", str(work))
        git("-C", str(work), "remote", "add", "origin", str(bare))
        return Repository(work)


class Repository:
    """A clone in which a test commits; everything is pushed at once."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def commit(self, files: dict[str, str], *, branch: str = "main") -> str:
        """Add a commit to a branch; its id."""
        self._git("checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        self._git("push", "--quiet", "--force", "origin", branch)
        return self._git("rev-parse", "HEAD")

    def tag(self, name: str) -> str:
        """Put an annotated tag on the current commit; the tag object's id."""
        self._git("tag", "--annotate", "--message", "a tag", name)
        self._git("push", "--quiet", "origin", f"refs/tags/{name}")
        return self._git("rev-parse", f"refs/tags/{name}")

    def _git(self, *arguments: str) -> str:
        return git("-C", str(self.work), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments)


class _Handler(GitRequestHandler):
    server: GitHost

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""

    def _answer(self) -> None:
        self.server.requests.append((self.command, self.path))
        if not (self.server.moved_to and self.path.startswith("/moved/")):
            super()._answer()
            return
        for _block in read_body(self.rfile, self.headers):
            pass
        self.send_response(302)
        self.send_header("Location", self.server.moved_to + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def git_host(root: Path, *, address: str = "127.0.0.1") -> Iterator[GitHost]:
    """Serve the repositories below `root` while the context is open."""
    root.mkdir(parents=True, exist_ok=True)
    with serving(GitHost(root, address)) as host:
        yield host


def git(*arguments: str) -> str:
    """Run git apart from this machine's configuration; what it prints."""
    environment = {**without_git(os.environ), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    result = subprocess.run(["git", *arguments], env=environment, check=True, capture_output=True, text=True)
    return result.stdout.strip()
