"""Running a tool to its end.

Owns how a short command is run and how its failure is told. Long-lived processes belong to `processes`.
Every call has a timeout; secrets go in through `stdin`, never through the arguments.
"""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from dev.errors import DevError

TIMEOUT_SECONDS: Final = 60.0
SHOWN_LINES: Final = 20


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return its output; DevError with its last words when it fails or takes too long."""
    result = attempt(command, stdin=stdin, timeout=timeout, environment=environment)
    if result.returncode != 0:
        words = (result.stderr.strip() or result.stdout.strip()).splitlines()[-SHOWN_LINES:]
        raise DevError(f"`{shlex.join(command)}` ended with {result.returncode}:\n" + "\n".join(words))
    return result.stdout


def attempt(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command whose failure is an answer; DevError only when it is missing or takes too long."""
    try:
        return subprocess.run(  # noqa: PLW1510 - the exit code is the answer
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
        )
    except FileNotFoundError as error:
        raise DevError(f"{command[0]} is not installed; run `python -m dev cluster up`, which installs it") from error
    except subprocess.TimeoutExpired as error:
        raise DevError(f"`{shlex.join(command)}` did not end within {timeout:.0f} s") from error


def succeeds(command: Sequence[str]) -> bool:
    """Tell whether a command ends with exit code 0."""
    return attempt(command).returncode == 0
