"""Errors of fields, written as kpack writes them (knative `FieldError`).

Rule: errors with the same message and details are one line; paths and lines are sorted.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with the field at `path` (`spec.tags[0]`); `details` stand on a line of their own."""

    message: str
    path: str
    details: str = ""


def render(errors: Iterable[FieldError]) -> str:
    """All errors as one text; "" for none."""
    paths: dict[tuple[str, str], set[str]] = {}
    for error in errors:
        paths.setdefault((error.message, error.details), set()).add(error.path)
    return "\n".join(_line(message, sorted(paths[message, details]), details) for message, details in sorted(paths))


def _line(message: str, paths: list[str], details: str) -> str:
    line = f"{message}: {', '.join(paths)}"
    return f"{line}\n{details}" if details else line
