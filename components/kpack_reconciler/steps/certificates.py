"""The company's authorities in a folder, for the lifecycle and buildpacks.

Rules:
- Each has a file of its own, under the name by which OpenSSL finds it (`openssl rehash`: a hash of its subject, and a
  number). `all.pem` has them all, for what wants one file; Go takes every file.
- One that breaks RFC 5280, so that its subject cannot be read here, is in `all.pem` alone.
"""

import hashlib
import re
import ssl
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.x509.name import _ASN1Type

from kpack_api.process import ALL_CERTIFICATES

_END = "-----END CERTIFICATE-----\n"
_SPACE = re.compile(r"[ \t\n\v\f\r]+")


def write_certificates(certificates: str, folder: Path) -> None:
    """Leave the authorities, a list as `read_certificates` gives it, in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ALL_CERTIFICATES).write_text(certificates)
    numbers: Counter[str] = Counter()
    for certificate in certificates.split(_END)[:-1]:
        try:
            name = subject_hash(ssl.PEM_cert_to_DER_cert(certificate + _END))
        except ValueError:
            continue
        (folder / f"{name}.{numbers[name]}").write_text(certificate + _END)
        numbers[name] += 1


def subject_hash(certificate: bytes) -> str:
    """OpenSSL's `X509_NAME_hash` of the subject of a certificate (DER): SHA-1 over its canonical form."""
    subject = x509.load_der_x509_certificate(certificate).subject
    canonical = b"".join(_canonical(rdn) for rdn in subject.rdns)
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical(rdn: x509.RelativeDistinguishedName) -> bytes:
    """The set as OpenSSL compares it: UTF-8 in lower case, each run of white space one space."""
    values = [
        x509.NameAttribute(attribute.oid, _plain(str(attribute.value)), _ASN1Type.UTF8String, _validate=False)
        for attribute in rdn
    ]
    sequence = x509.Name([x509.RelativeDistinguishedName(values)]).public_bytes()
    long_form = sequence[1] & 0x7F if sequence[1] & 0x80 else 0
    return sequence[2 + long_form :]


def _plain(value: str) -> str:
    spaced = " ".join(part for part in _SPACE.split(value) if part)
    return "".join(letter.lower() if letter.isascii() else letter for letter in spaced)
