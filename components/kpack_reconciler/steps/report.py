"""What a step tells: lines in the log, and its last word as the container's termination message."""

import sys
from pathlib import Path

from kpack_reconciler.model.exit_codes import GENERIC

TERMINATION_LOG = Path("/dev/termination-log")


class StepError(Exception):
    """The step cannot go on; the message says what the reader can do, `code` is the exit code (`model.exit_codes`)."""

    def __init__(self, message: str, *, code: int = GENERIC) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    """Write a line to the log."""
    print(text, flush=True)  # noqa: T201 - a step's output is its log


def fail(text: str, *, code: int = 1, termination_log: Path = TERMINATION_LOG) -> int:
    """Tell the failure in the log and as the termination message; the exit code, see `model.exit_codes`."""
    print(f"ERROR: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a step's output is its log
    leave(text, termination_log=termination_log)
    return code


def leave(text: str, *, termination_log: Path = TERMINATION_LOG) -> None:
    """Leave a text as the termination message, in the file that the kubelet made; outside of a pod there is none."""
    if termination_log.exists():
        termination_log.write_text(text)
