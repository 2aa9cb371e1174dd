"""Working copies: a folder as a repository's first commit, changed and pushed again.

Owns how git is called for it and who the author is. Leaves the repository itself to `git`.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.machine.commands import run

AUTHOR: Final = {
    "GIT_AUTHOR_NAME": "dev",
    "GIT_AUTHOR_EMAIL": "dev@example.invalid",
    "GIT_COMMITTER_NAME": "dev",
    "GIT_COMMITTER_EMAIL": "dev@example.invalid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCopy:
    """A copy at `folder` that is pushed to `branch` of the repository at `url`, in this environment of git."""

    folder: Path
    url: str
    branch: str
    environment: Mapping[str, str]

    def push(self, message: str) -> str:
        """Commit everything and push it; gives the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        self.git("push", "--quiet", "origin", self.branch)
        return self.git("rev-parse", "HEAD").strip()

    def replace(self, file: str, *, old: str, new: str) -> None:
        """Change a text in a file."""
        path = self.folder / file
        path.write_text(path.read_text().replace(old, new))

    def git(self, *arguments: str) -> str:
        """Run git in the copy."""
        return run(["git", "-C", str(self.folder), *arguments], environment={**self.environment, **AUTHOR})


def copy_of(source: Path, folder: Path, *, url: str, branch: str, environment: Mapping[str, str]) -> WorkingCopy:
    """Copy what is in `source` to `folder`, which is emptied, as a new history; nothing is committed yet."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    copy = WorkingCopy(folder=folder, url=url, branch=branch, environment=environment)
    copy.git("init", "--quiet", f"--initial-branch={branch}")
    copy.git("remote", "add", "origin", url)
    return copy
