"""The end of a log or of another's message, fit for a condition: bounded, without colours, without secrets."""

import re

from kpack_reconciler.model.redaction import redacted

_LAST_LINES = 10
_LAST_CHARACTERS = 600
"""With prefix and hint below the 1024 characters that an Event may have."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def last_lines(text: str) -> str:
    """The last lines of a log, without empty ones."""
    lines = [line.rstrip() for line in _plain(text).splitlines() if line.strip()]
    return "\n".join(lines[-_LAST_LINES:])[-_LAST_CHARACTERS:].strip()


def short(text: str) -> str:
    """A message of Kubernetes or of a registry, cut at its end."""
    return _plain(text).strip()[:_LAST_CHARACTERS]


def _plain(text: str) -> str:
    return redacted(_CONTROLS.sub("", _ESCAPES.sub("", text)))
