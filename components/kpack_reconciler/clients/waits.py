"""For how long a server asks to be left alone."""

from email.utils import parsedate_to_datetime

import aiohttp

_LONGEST_WAIT_SECONDS = 3600.0


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server asks to be left alone for; None where it names none, an hour at most.

    `Retry-After` (RFC 9110), else what rate limits tell once nothing remains: `RateLimit-Reset` (IETF draft, seconds),
    `X-RateLimit-Reset` (GitHub, a moment).
    """
    text = response.headers.get("Retry-After", "").strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            until, sent = (parsedate_to_datetime(date) for date in (text, response.headers.get("Date", "")))
            seconds = (until - sent).total_seconds()
    except (ValueError, TypeError):
        return _until_reset(response)
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _until_reset(response: aiohttp.ClientResponse) -> float | None:
    headers = response.headers
    try:
        if headers.get("RateLimit-Remaining", "").partition(";")[0].strip() == "0":
            seconds = float(headers["RateLimit-Reset"])
        elif headers.get("X-RateLimit-Remaining", "") == "0":
            sent = parsedate_to_datetime(headers["Date"]).timestamp()
            seconds = float(headers["X-RateLimit-Reset"]) - sent
        else:
            return None
    except (KeyError, ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)
