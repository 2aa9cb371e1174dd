"""What the webhook serves with and the API server trusts, as PEM texts."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingCertificate:
    """An authority's certificate, a serving certificate, and its private key, which is never shown."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)
