"""Certificates of a company's own authorities, as text: what a program gives, what the processes are handed.

Owns what is taken for a list of certificates. Leaves whom they make trustworthy, and where they are kept, to others.

Rules:
- Nothing but certificates: a private key in the text is refused, so that it travels no further.
- What comes out are the certificates alone, each once, without the words between them.
- They travel as one environment variable, which Linux limits to 128 KiB (`MAX_ARG_STRLEN`).
"""

import re
import ssl
from collections.abc import Iterator

MOST_CHARACTERS = 100_000
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


class InvalidCertificatesError(ValueError):
    """The text is no list of certificates; the message says what to do and quotes nothing of it."""


def read_certificates(text: str) -> str:
    """The certificates of a PEM text (RFC 7468), as PEM; "" for no text. Raises InvalidCertificatesError."""
    if not text.strip():
        return ""
    for label in _BEGIN.findall(text):
        if label != "CERTIFICATE":
            raise InvalidCertificatesError(f"hold a {label}: leave it out, give certificates only")
    found = "".join(dict.fromkeys(_each(text)))
    if not found:
        raise InvalidCertificatesError(
            "hold no certificate: give PEM text, which begins with -----BEGIN CERTIFICATE-----"
        )
    if len(found) > MOST_CHARACTERS:
        raise InvalidCertificatesError(
            f"are longer than {MOST_CHARACTERS} characters: give the company's own only; the public ones stay trusted"
        )
    return found


def _each(text: str) -> Iterator[str]:
    blocks = _BLOCK.findall(text)
    if len(blocks) != len(_BEGIN.findall(text)):
        raise InvalidCertificatesError("are cut off: give each with its line -----END CERTIFICATE-----")
    for number, block in enumerate(blocks, 1):
        try:
            der = ssl.PEM_cert_to_DER_cert(block)
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
        except (ValueError, ssl.SSLError) as error:
            raise InvalidCertificatesError(f"hold no certificate in block {number}: give it anew") from error
        yield ssl.DER_cert_to_PEM_cert(der)
