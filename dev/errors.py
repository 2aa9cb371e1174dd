"""What goes wrong in the development environment, told so that the reader knows the next step.

Owns the one error family of `dev` and how it is written on a terminal. Leaves to each module the words of its
errors.
"""

from dataclasses import dataclass
from pathlib import Path

LOG_LINES = 20
"""Lines of a log that are shown below a failure."""


@dataclass(eq=False)
class DevError(Exception):
    """Something a person has to know or do; never a bug of `dev` itself.

    `message` ends with the next step. `log` is the file that says more, None when there is none.
    """

    message: str
    log: Path | None = None

    def __str__(self) -> str:
        """Give the message alone; the log is added by `explain`."""
        return self.message


def explain(error: DevError, *, step: str | None = None) -> str:
    """Write an error with its step, the last lines of its log and the path to it."""
    head = error.message if step is None else f"step '{step}' failed: {error.message}"
    if error.log is None:
        return head
    lines = tail(error.log)
    if not lines:
        return f"{head}\nlog (empty): {error.log}"
    return "\n".join([head, f"last lines of {error.log}:", *(f"  {line}" for line in lines)])


def tail(log: Path, *, lines: int = LOG_LINES) -> tuple[str, ...]:
    """Read the last lines of a log; empty when it does not exist. Reads 64 KiB at most."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 65536))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.splitlines()[-lines:])
