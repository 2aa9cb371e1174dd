"""Fetching one commit of a repository, with its submodules where they are asked for.

Owns what is fetched and what git's words mean. Leaves how git is run to `git_command`.

Rules:
- No text of a user is taken for an option.
- Shallow: one commit. A revision that a server does not give by itself (an abbreviated id, `main~1`, a server that
  gives no commits by id) is looked up in all branches and tags, as kpack v0.0.9 does.
- Each repository gets the credentials for its own URL, a submodule's too; they never follow to another host.
"""

from dataclasses import dataclass
from pathlib import Path

from kpack_api.names import GIT_ANNOTATION
from kpack_reconciler.clients.outside import UNTRUSTED
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.model.git_credentials import GitCandidate, choose_git_credentials
from kpack_reconciler.model.git_urls import is_http, is_ssh, ssh_address
from kpack_reconciler.steps.git_command import GitError, WorkingCopy, remote_url
from kpack_reconciler.steps.report import StepError, say
from kpack_reconciler.steps.ssh import FAILURE

_NOT_GIVEN = ("couldn't find remote ref", "invalid refspec", "not our ref", "unadvertised object", "does not support")
_REFUSED = ("could not read Username", "Authentication failed", "error: 401", "error: 403")
_CERTIFICATE = "certificate"
_MAY_PASS = (
    *("timed out", "Could not resolve host", "Failed to connect", "Connection reset", "early EOF", "hung up"),
    *("error: 429", "error: 500", "error: 502", "error: 503", "error: 504", "unexpected disconnect"),
)
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHosts:
    """What is known of git servers: the candidates for credentials; `home` is a folder that git may use."""

    candidates: tuple[GitCandidate, ...] = ()
    home: Path


def fetch_commit(url: str, revision: str, target: Path, hosts: GitHosts) -> str:
    """Have the files of a commit, branch or tag in `target`, an empty folder; the id of the fetched object.

    Raises StepError when git cannot.
    """
    _check(url)
    copy = WorkingCopy(
        url=url, target=target, home=hosts.home, credentials=choose_git_credentials(url, hosts.candidates)
    )
    try:
        return _fetch(copy, revision)
    except GitError as error:
        raise _explained(str(error), copy) from error


def _check(url: str) -> None:
    try:
        if is_ssh(url):
            ssh_address(url)
        elif not is_http(url):
            raise StepError("not a git URL; write https://…, ssh://… or git@host:path")
    except ValueError as error:
        raise StepError(str(error)) from error


def _fetch(copy: WorkingCopy, revision: str) -> str:
    copy.git("init", "--quiet", "--template=")
    copy.git("remote", "add", "--", "origin", remote_url(copy.url))
    fetch = ("fetch", "--quiet", "--no-recurse-submodules")
    try:
        copy.git(*fetch, "--depth=1", "--no-tags", "--end-of-options", "origin", revision)
        wanted = copy.git("rev-parse", "--verify", "FETCH_HEAD")
    except GitError as error:
        if not any(text in str(error) for text in _NOT_GIVEN):
            raise
        say(f"The server does not give {revision} by itself; fetching all branches and tags")
        copy.git(*fetch, "--end-of-options", "origin", *_EVERYTHING)
        wanted = _find(copy, revision)
    copy.git("checkout", "--quiet", "--force", "--detach", wanted)
    return wanted


def _find(copy: WorkingCopy, revision: str) -> str:
    for name in (f"refs/remotes/origin/{revision}", f"refs/tags/{revision}", revision):
        try:
            return copy.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{object}}")
        except GitError:
            continue
    raise GitError(f"couldn't find remote ref {revision}")


def _explained(error: str, copy: WorkingCopy) -> StepError:
    """What git wrote, and the next step."""
    last = error.splitlines()[-1]
    if told := FAILURE.search(error):
        return StepError(told["text"], code=int(told["code"]))
    if any(text in error for text in _REFUSED):
        login = "the login that it has is refused" if copy.credentials else "the service account has no login for it"
        return StepError(
            f"invalid credentials to fetch git repository: {login} ({last}): give the service account a basic-auth"
            f" secret annotated {GIT_ANNOTATION} with the host, or correct the one it has",
            code=CREDENTIALS,
        )
    if _CERTIFICATE in error.lower():
        return StepError(f"{last}: {UNTRUSTED}")
    if "couldn't find" in error:
        return StepError(f"{last}: push it, or correct spec.source.git.revision")
    return StepError(last, code=TRANSIENT if any(text in error for text in _MAY_PASS) else GENERIC)
