"""Fetching one commit of a repository with the git command line, hardened.

Rules:
- No configuration but ours, no hooks, no prompts, no protocol but http and https.
- Credentials go in through the environment, never through arguments or the URL.
- Shallow: one commit; a server that refuses to give a commit by id is asked for everything.
"""

import base64
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kpack_reconciler.model.git_credentials import GitCredentials
from kpack_reconciler.steps.report import StepError, say

_SECONDS = 600
_SETTINGS = (
    ("safe.directory", "*"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("credential.helper", ""),
    ("advice.detachedHead", "false"),
    ("init.defaultBranch", "main"),
    ("protocol.version", "2"),
)


def fetch_commit(url: str, revision: str, target: Path, *, credentials: GitCredentials | None, home: Path) -> None:
    """Have the files of a commit, branch or tag in `target`; StepError when git cannot."""
    environment = _environment(credentials, home)
    _git(["init", "--quiet", str(target)], environment)
    within = ["-C", str(target)]
    _git([*within, "remote", "add", "origin", "--", url], environment)
    try:
        _git([*within, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", revision], environment)
        commit = "FETCH_HEAD"
    except StepError as error:
        say(f"the server gives no single commit ({error}); fetching everything")
        _git([*within, "fetch", "--quiet", "--tags", "origin"], environment)
        commit = revision
    _git([*within, "checkout", "--quiet", "--force", commit], environment)


def _git(arguments: list[str], environment: Mapping[str, str]) -> None:
    try:
        result = subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StepError(f"git {arguments[-1]} did not end within {_SECONDS} s") from error
    if result.returncode != 0:
        raise StepError(result.stderr.strip().splitlines()[-1] if result.stderr.strip() else "git failed")


def _environment(credentials: GitCredentials | None, home: Path) -> Mapping[str, str]:
    settings = list(_SETTINGS)
    if credentials is not None:
        login = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        settings.append(("http.extraHeader", f"Authorization: Basic {login}"))
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    passed = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    return {
        **passed,
        **variables,
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
