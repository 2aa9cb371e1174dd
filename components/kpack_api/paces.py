"""How often the source of one Image is asked about: its annotation, `off` or a duration such as `90s`, `10m`, `12h`.

Rules:
- No annotation, and one that cannot be read, mean the service's own interval.
- `off` holds once there was an answer: a source that was never resolved is asked about all the same.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from kpack_api.names import SOURCE_POLLING_ANNOTATION

OFF = "off"
SHORTEST = timedelta(seconds=10)
_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smh])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def pace_text(annotations: Mapping[str, str]) -> str:
    """The annotation's value; "" where there is none."""
    return annotations.get(SOURCE_POLLING_ANNOTATION, "")


def read_pace(text: str, default: timedelta) -> timedelta | None:
    """The interval of polling; None for `off`."""
    if text == OFF:
        return None
    interval = _interval(text)
    return default if interval is None else interval


def is_pace(text: str) -> bool:
    """Whether a value can be read."""
    return text == OFF or _interval(text) is not None


def _interval(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    interval = timedelta(**{_UNITS[found["unit"]]: int(found["number"])})
    return interval if interval >= SHORTEST else None
