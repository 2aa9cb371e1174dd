"""Waiting for something to become true, with an end.

Owns the waiting and the questions asked of a starting daemon. Rules:
- every wait has a deadline and says what it waited for when that passes;
- whoever waits for a daemon gives `alive`, so that a daemon that died is told at once and not at the
  deadline;
- proxies of the environment are never used: everything asked is on this machine.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from dev.errors import DevError

PAUSE_SECONDS: Final = 0.05
QUESTION_SECONDS: Final = 5.0
HTTP_OK: Final = 200


def wait_for(
    ready: Callable[[], bool],
    *,
    what: str,
    seconds: float,
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Ask until the answer is yes; DevError after `seconds`. `alive` raises when waiting is in vain."""
    deadline = time.monotonic() + seconds
    while not ready():
        alive()
        if time.monotonic() > deadline:
            raise DevError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(PAUSE_SECONDS)


def answers_http(address: IPv4Address | str, *, port: int, path: str, tls: ssl.SSLContext | None = None) -> bool:
    """Tell whether a GET is answered with 200: other answers may come from something else."""
    connection = (
        http.client.HTTPConnection(str(address), port, timeout=QUESTION_SECONDS)
        if tls is None
        else http.client.HTTPSConnection(str(address), port, timeout=QUESTION_SECONDS, context=tls)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTP_OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens_at(path: Path) -> bool:
    """Tell whether someone accepts connections at a unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def listens(address: IPv4Address | str, *, port: int) -> bool:
    """Tell whether a TCP connection is accepted."""
    try:
        with socket.create_connection((str(address), port), timeout=QUESTION_SECONDS):
            return True
    except OSError:
        return False
