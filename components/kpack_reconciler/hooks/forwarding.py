"""A hook that reached another replica than the leader, passed on to it as it came.

Rules:
- Body, event and proof stay as they are, so that the leader judges them itself.
- The leader is known by its certificate, whose fingerprint is on the Lease: nobody else gets to see a token.
- A hook is passed on once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import aiohttp

from kpack_api.process import HOOKS_PATH

FORWARDED = "X-Kpack-Forwarded"
_SECONDS = 5.0
_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Where the leader takes hooks, and the SHA-256 of its certificate (DER)."""

    address: str
    fingerprint: bytes

    def __str__(self) -> str:
        return f"{self.address} {self.fingerprint.hex()}"


def read_leader(note: str) -> Leader | None:
    """The leader as it wrote itself down; None where the text is none."""
    address, _, digest = note.partition(" ")
    try:
        fingerprint = bytes.fromhex(digest)
    except ValueError:
        return None
    if not address or len(fingerprint) != _DIGEST_LENGTH:
        return None
    return Leader(address=address, fingerprint=fingerprint)


async def forward(
    http: aiohttp.ClientSession, leader: Leader, headers: Mapping[str, str], body: bytes
) -> tuple[int, str] | None:
    """The leader's answer, status and text; None where it cannot be reached."""
    kept = {name: value for name, value in headers.items() if _matters(name)} | {FORWARDED: "1"}
    try:
        async with http.post(
            f"https://{leader.address}{HOOKS_PATH}",
            data=BytesIO(body),
            headers=kept,
            ssl=aiohttp.Fingerprint(leader.fingerprint),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
        ) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        return None


def _matters(name: str) -> bool:
    return name.lower().startswith("x-") or name.lower() in {"content-type", "authorization"}
