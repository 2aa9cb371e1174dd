"""Submodules of a fetched repository: which there are, from where, and into which folder.

Leaves the fetching of each to `steps.git`.

Rules:
- A submodule's URL may be relative to its repository's; otherwise it is spoken to over https, http or ssh like any
  other: local paths and programs are refused.
- Each gets the credentials for its own host, at any depth; kpack's parent credential does not follow.
- No folder of a submodule lies outside of its repository, or leads there over a link.
- At most ten levels and a hundred submodules.
"""

import re
from pathlib import Path, PurePosixPath

from kpack_reconciler.model.git_urls import public_url, submodule_url
from kpack_reconciler.steps.git import GitHosts, fetch_commit
from kpack_reconciler.steps.git_command import GitError, WorkingCopy
from kpack_reconciler.steps.report import StepError, say

_MOST_LEVELS, _MOST_SUBMODULES = 10, 100
_GITLINK = re.compile(r"160000 (?P<commit>[0-9a-f]{40,64}) \d\t(?P<path>.+)", re.DOTALL)
_KEYS = r"^submodule\..*\.(path|url)$"


def fetch_submodules(url: str, folder: Path, hosts: GitHosts) -> None:
    """Fetch the submodules of the repository in a folder, and theirs. Raises StepError."""
    left = [(url, folder, 1)]
    fetched = 0
    while left:
        parent, place, level = left.pop()
        for path, commit in _gitlinks(place, hosts):
            fetched += 1
            if fetched > _MOST_SUBMODULES or level > _MOST_LEVELS:
                raise StepError(
                    f"more than {_MOST_SUBMODULES} submodules, or submodules more than {_MOST_LEVELS} levels deep"
                )
            own = _url(place, path, parent, hosts)
            target = _folder(place, path)
            say(f'Updating submodule "{public_url(own)}" in "{path}"')
            try:
                fetch_commit(own, commit, target, hosts)
            except StepError as error:
                raise StepError(f"submodule {path} of {public_url(own)}: {error}", code=error.code) from error
            left.append((own, target, level + 1))


def _gitlinks(folder: Path, hosts: GitHosts) -> list[tuple[str, str]]:
    """Path and commit of each submodule."""
    found = (_GITLINK.fullmatch(line) for line in _local(folder, hosts, "ls-files", "--stage", "-z").split("\0"))
    return [(match["path"], match["commit"]) for match in found if match]


def _url(folder: Path, path: str, parent: str, hosts: GitHosts) -> str:
    file = folder / ".gitmodules"
    if file.is_symlink() or not file.is_file():
        raise StepError(f"submodule {path} has no entry in .gitmodules; add it, or remove the submodule")
    told = _local(folder, hosts, "config", "--null", "--file", str(file), "--get-regexp", _KEYS)
    pairs = dict(line.split("\n", 1) for line in told.split("\0") if "\n" in line)
    for key, value in pairs.items():
        if key.endswith(".path") and value == path and (given := pairs.get(key.removesuffix("path") + "url")):
            try:
                return submodule_url(parent, given)
            except ValueError as error:
                raise StepError(f"submodule {path}: {error}; correct .gitmodules") from error
    raise StepError(f"submodule {path} has no url in .gitmodules; add it")


def _folder(repository: Path, path: str) -> Path:
    """The submodule's folder, made where it is missing."""
    target, parts = repository / path, PurePosixPath(path).parts
    is_linked = target.resolve() != repository.resolve() / path
    if is_linked or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise StepError(f"submodule {path!r} would lie outside of its repository; correct .gitmodules")
    target.mkdir(parents=True, exist_ok=True)
    return target


def _local(folder: Path, hosts: GitHosts, *arguments: str) -> str:
    """Ask git about a folder, without any remote."""
    copy = WorkingCopy(url="", target=folder, home=hosts.home, credentials=None)
    try:
        return copy.git(*arguments)
    except GitError as error:
        raise StepError(f"the repository cannot be read: {error}") from error
