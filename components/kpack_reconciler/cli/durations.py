"""Durations in Go's style, as kubectl reads and writes them: `90s`, `1m30s`, `1h30m`."""

import re

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_HOUR, _MINUTE = 3600, 60


def read_duration(text: str) -> float:
    """Seconds of a duration in Go's style, or of a bare number of seconds.

    ValueError where it is neither, or zero.
    """
    found = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = hours * _HOUR + minutes * _MINUTE + seconds
    if not total:
        raise ValueError(f"{text!r} is not a duration: write e.g. 90s, 10m or 1h")
    return float(total)


def duration_text(seconds: int) -> str:
    """Whole seconds in Go's style, without the parts that are zero."""
    hours, rest = divmod(seconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"
