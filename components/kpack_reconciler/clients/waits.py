"""For how long a server asks to be left alone."""

from contextlib import suppress
from email.utils import parsedate_to_datetime

import aiohttp

_LONGEST_WAIT_SECONDS = 3600.0


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server asks to be left alone for; None where it names none, an hour at most.

    `Retry-After` (RFC 9110), else what rate limits tell once nothing remains: `RateLimit-Reset` (IETF draft, seconds),
    `X-RateLimit-Reset` (GitHub, a moment).
    """
    seconds = _asked_for(response)
    if seconds is None:
        seconds = _until_reset(response)
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _asked_for(response: aiohttp.ClientResponse) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until, sent = (parsedate_to_datetime(date) for date in (text, response.headers.get("Date", "")))
        return (until - sent).total_seconds()
    except (ValueError, TypeError):
        return None


def _until_reset(response: aiohttp.ClientResponse) -> float | None:
    headers = response.headers
    with suppress(KeyError, ValueError, TypeError):
        if headers.get("RateLimit-Remaining", "").partition(";")[0].strip() == "0":
            return float(headers["RateLimit-Reset"])
        if headers.get("X-RateLimit-Remaining", "") == "0":
            sent = parsedate_to_datetime(headers["Date"]).timestamp()
            return float(headers["X-RateLimit-Reset"]) - sent
    return None
