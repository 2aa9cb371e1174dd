"""What a step tells: lines in the log, and its last word as the container's termination message."""

import sys
from pathlib import Path

TERMINATION_LOG = Path("/dev/termination-log")


class StepError(Exception):
    """The step cannot go on; the message says what the reader can do."""


def say(text: str) -> None:
    """Write a line to the log."""
    print(text, flush=True)  # noqa: T201 - a step's output is its log


def fail(text: str, *, termination_log: Path = TERMINATION_LOG) -> int:
    """Tell the failure in the log and as the termination message; the exit code."""
    print(f"ERROR: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a step's output is its log
    leave(text, termination_log=termination_log)
    return 1


def leave(text: str, *, termination_log: Path = TERMINATION_LOG) -> None:
    """Leave a text as the termination message, in the file that the kubelet made; outside of a pod there is none."""
    if termination_log.exists():
        termination_log.write_text(text)
