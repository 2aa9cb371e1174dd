"""Git's command line, hardened, with one repository and its remote.

Rules:
- No configuration but ours, no hooks, no templates, no prompts, no submodules by itself, and of all protocols only the
  one that the remote's URL has.
- A login goes in through the environment, never through arguments or the URL, and to the remote's host only: with a
  login redirects are not followed, since git would take it along.
- ssh is our own program (`steps.ssh`): the same trust as the poller's, and no ssh and no user name in the image. It
  connects to where the credentials were chosen for, whatever git makes of the URL.
"""

import base64
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kpack_reconciler.model.git_credentials import AnyCredentials, GitCredentials, SshCredentials
from kpack_reconciler.model.git_urls import is_ssh, public_url, ssh_address
from kpack_reconciler.steps.ssh import LOGIN, encode_login

_SECONDS = 1800
_PASSED = (
    *("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"),
)
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


class GitError(Exception):
    """What git wrote before it gave up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCopy:
    """A folder, what it is fetched from, and a folder that git may take for its user's."""

    url: str
    target: Path
    home: Path
    credentials: AnyCredentials | None

    def git(self, *arguments: str) -> str:
        """Run git in the folder; what it prints. Raises GitError."""
        command = ["git", "-C", str(self.target), *arguments]
        try:
            result = subprocess.run(
                command,
                env={**_environment(self)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]} timed out: it did not end within {_SECONDS} s") from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            raise GitError(f"git cannot be run: {error}") from error
        if result.returncode != 0:
            raise GitError(result.stderr.strip() or f"git {arguments[0]} failed ({result.returncode})")
        return result.stdout.strip()


def remote_url(url: str) -> str:
    """The URL as git is given it: without a login, and without the port that only kpack knows in the scp form."""
    if not is_ssh(url) or "://" in url:
        return public_url(url)
    address = ssh_address(url)
    return f"{address.user}@{address.host}:{address.path}"


def _environment(copy: WorkingCopy) -> Mapping[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {
        **passed,
        **(_ssh(copy) if is_ssh(copy.url) else {"GIT_ALLOW_PROTOCOL": "http:https"}),
        **_configuration(copy.credentials),
        "HOME": str(copy.home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def _ssh(copy: WorkingCopy) -> Mapping[str, str]:
    """Our program in place of ssh; Python does not look for it in the repository (`-P`)."""
    key = copy.credentials if isinstance(copy.credentials, SshCredentials) else None
    return {
        "GIT_ALLOW_PROTOCOL": "ssh",
        "GIT_SSH_COMMAND": f"{shlex.quote(sys.executable)} -P -m kpack_reconciler.steps.ssh",
        "GIT_SSH_VARIANT": "ssh",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        LOGIN: encode_login(ssh_address(copy.url), key),
    }


def _configuration(credentials: AnyCredentials | None) -> Mapping[str, str]:
    settings = list(_SETTINGS)
    if isinstance(credentials, GitCredentials):
        login = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        settings += [("http.extraHeader", f"Authorization: Basic {login}"), ("http.followRedirects", "false")]
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
