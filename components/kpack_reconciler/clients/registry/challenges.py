"""What a registry asks for: the header `WWW-Authenticate` (RFC 9110; distribution spec, token authentication)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

BASIC = "basic"
BEARER = "bearer"
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A way to log in: `scheme` is `basic` or `bearer`; the rest is for the latter, "" where it is not told."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def read_challenge(headers: Sequence[str]) -> Challenge | None:
    """The first way to log in that we know; None where there is none."""
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        if scheme.lower() == BASIC or (scheme.lower() == BEARER and values.get("realm")):
            return Challenge(
                scheme=scheme.lower(),
                realm=values.get("realm", ""),
                service=values.get("service", ""),
                scope=values.get("scope", ""),
            )
    return None
