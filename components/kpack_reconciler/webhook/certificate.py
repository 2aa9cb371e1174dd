"""The webhook's certificate: an authority and a serving certificate, made and judged as bytes.

Owns names, lifetimes and when to renew (kpack v0.0.9: one year, renewed in its last week). Leaves storing to others.

Rule: a new authority comes first, and the one before it stays behind it: other replicas serve the old certificate until
they look again, and the API server must trust both meanwhile (kpack trusts the new one alone).
"""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kpack_reconciler.model.serving_certificate import ServingCertificate

LIFETIME = timedelta(days=365)
RENEWAL = timedelta(days=7)
_BACKDATED = timedelta(hours=1)


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """The names that the API server may call a service by."""
    return (
        service,
        f"{service}.{namespace}",
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
    )


def make_certificate(
    service: str, namespace: str, *, now: datetime, before: ServingCertificate | None = None
) -> ServingCertificate:
    """Make an authority of its own and a certificate for the service; the authority's key is thrown away.

    `before` is the certificate that is replaced: its authority is kept, where it is one.
    """
    names = service_names(service, namespace)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(f"{service} authority")
    authority = (
        _builder(authority_name, authority_name, now)
        .public_key(authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _builder(_name(names[2]), authority_name, now)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return ServingCertificate(
        authority=authority.public_bytes(Encoding.PEM) + _kept(before),
        certificate=certificate.public_bytes(Encoding.PEM),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def is_good(serving: ServingCertificate, service: str, namespace: str, *, now: datetime) -> bool:
    """Whether a certificate is for this service, has more than a week to go, and its three parts belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(serving.certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(serving.authority))
        key = load_pem_private_key(serving.key, password=None)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    covers = set(service_names(service, namespace)) <= set(names.get_values_for_type(x509.DNSName))
    lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWAL
    return covers and lasts and key.public_key() == certificate.public_key()


def ends_at(serving: ServingCertificate) -> datetime:
    """From when on a certificate is refused (UTC)."""
    return x509.load_pem_x509_certificate(serving.certificate).not_valid_after_utc


def _kept(before: ServingCertificate | None) -> bytes:
    """The newest authority of a certificate that is replaced; nothing where the text is none."""
    if before is None:
        return b""
    try:
        return x509.load_pem_x509_certificate(before.authority).public_bytes(Encoding.PEM)
    except ValueError:
        return b""


def _builder(subject: x509.Name, issuer: x509.Name, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
