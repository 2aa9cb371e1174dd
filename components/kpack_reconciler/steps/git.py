"""Fetching one commit of a repository with the git command line, hardened.

Rules:
- No configuration but ours, no hooks, no templates, no prompts, no submodules, no protocol but http and https.
- A login goes in through the environment, never through arguments or the URL, and to the repository's host only: with a
  login redirects are not followed, since git would take it along.
- No text of a user is taken for an option.
- Shallow: one commit. A revision that a server does not give by itself (an abbreviated id, `main~1`, a server that
  gives no commits by id) is looked up in all branches and tags, as kpack v0.0.9 does.
"""

import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kpack_reconciler.model.git_credentials import GitCredentials, is_http, is_ssh, public_url
from kpack_reconciler.steps.report import StepError, say

_SECONDS = 1800
_SETTINGS = (
    ("safe.directory", "*"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("credential.helper", ""),
    ("advice.detachedHead", "false"),
    ("init.defaultBranch", "main"),
    ("protocol.version", "2"),
    ("submodule.recurse", "false"),
)
_NOT_GIVEN = ("couldn't find remote ref", "invalid refspec", "not our ref", "unadvertised object", "does not support")
_REFUSED = ("could not read Username", "Authentication failed", "error: 401", "error: 403")
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where to get what: `url` without a login, `home` a folder that git may take for its user's."""

    url: str
    revision: str
    target: Path
    home: Path
    credentials: GitCredentials | None


class _GitError(Exception):
    """What git wrote before it gave up."""


def fetch_commit(url: str, revision: str, target: Path, *, credentials: GitCredentials | None, home: Path) -> str:
    """Have the files of a commit, branch or tag in `target`, an empty folder; the id of the fetched object.

    Raises StepError when git cannot.
    """
    if is_ssh(url):
        raise StepError("ssh is not supported yet; use the repository's https URL")
    if not is_http(url):
        raise StepError("not a git URL; use one that begins with https://")
    checkout = Checkout(url=public_url(url), revision=revision, target=target, home=home, credentials=credentials)
    try:
        return _fetch(checkout)
    except _GitError as error:
        raise StepError(_explained(str(error), checkout)) from error


def _fetch(checkout: Checkout) -> str:
    _git(checkout, "init", "--quiet", "--template=")
    _git(checkout, "remote", "add", "--", "origin", checkout.url)
    fetch = ("fetch", "--quiet", "--no-recurse-submodules")
    try:
        _git(checkout, *fetch, "--depth=1", "--no-tags", "--end-of-options", "origin", checkout.revision)
        wanted = _git(checkout, "rev-parse", "--verify", "FETCH_HEAD")
    except _GitError as error:
        if not any(text in str(error) for text in _NOT_GIVEN):
            raise
        say(f"The server does not give {checkout.revision} by itself; fetching all branches and tags")
        _git(checkout, *fetch, "--end-of-options", "origin", *_EVERYTHING)
        wanted = _find(checkout)
    _git(checkout, "checkout", "--quiet", "--force", "--detach", wanted)
    return wanted


def _find(checkout: Checkout) -> str:
    for name in (f"refs/remotes/origin/{checkout.revision}", f"refs/tags/{checkout.revision}", checkout.revision):
        try:
            return _git(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{object}}")
        except _GitError:
            continue
    raise _GitError(f"couldn't find {checkout.revision}")


def _git(checkout: Checkout, *arguments: str) -> str:
    environment = _environment(checkout)
    command = ["git", "-C", str(checkout.target), *arguments]
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _GitError(f"git {arguments[0]} did not end within {_SECONDS} s") from error
    except OSError as error:
        raise _GitError(f"git cannot be run: {error}") from error
    if result.returncode != 0:
        raise _GitError(result.stderr.strip() or f"git {arguments[0]} failed ({result.returncode})")
    return result.stdout.strip()


def _explained(error: str, checkout: Checkout) -> str:
    """The last line of what git wrote, and the next step."""
    last = error.splitlines()[-1]
    if any(text in error for text in _REFUSED):
        login = (
            "the login that it has is refused" if checkout.credentials else "the service account has no login for it"
        )
        return (
            f"invalid credentials to fetch git repository: {login} ({last}): give the service account a basic-auth"
            " secret annotated build.pivotal.io/git with the host, or correct the one it has"
        )
    if "couldn't find" in error:
        return f"{last}: push it, or correct spec.source.git.revision"
    return last


def _environment(checkout: Checkout) -> Mapping[str, str]:
    passed = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    return {
        **passed,
        **_configuration(checkout.credentials),
        "HOME": str(checkout.home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def _configuration(credentials: GitCredentials | None) -> Mapping[str, str]:
    settings = list(_SETTINGS)
    if credentials is not None:
        login = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        settings += [("http.extraHeader", f"Authorization: Basic {login}"), ("http.followRedirects", "false")]
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
