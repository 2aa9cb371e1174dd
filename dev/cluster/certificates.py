"""Keys and certificates of the cluster.

Owns one certificate authority and the leaves it signs, as PEM files. Rules:
- a leaf is made when it is missing or the authority is new, and then stays: `up` twice changes nothing;
- each file is complete or absent (written beside, then renamed);
- private keys are readable by their owner only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dev.machine.addresses import Addresses

LIFETIME: Final = timedelta(days=3650)
NODE_NAME: Final = "node"
AUTHORITY: Final = "ca"
SERVICE_ACCOUNTS: Final = "service-accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate to be signed.

    `name` names its files; `user` and `group` are what Kubernetes takes for the identity; with `addresses` or
    `names` it serves TLS as well.
    """

    name: str
    user: str
    group: str = ""
    addresses: tuple[IPv4Address, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Paths of a certificate and its key."""

    certificate: Path
    key: Path


def leaves(addresses: Addresses) -> tuple[Leaf, ...]:
    """List the certificates a cluster needs."""
    local = IPv4Address("127.0.0.1")
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
    return (
        Leaf(
            name="api-server",
            user="kube-apiserver",
            addresses=(local, addresses.node, addresses.api_service),
            names=service,
        ),
        Leaf(name="kubelet-server", user=NODE_NAME, addresses=(local, addresses.node), names=(NODE_NAME,)),
        Leaf(name="api-server-client", user="kube-apiserver-kubelet-client", group="system:masters"),
        Leaf(name="admin", user="admin", group="system:masters"),
        Leaf(name="kube-controller-manager", user="system:kube-controller-manager"),
        Leaf(name="kube-scheduler", user="system:kube-scheduler"),
        Leaf(name="kubelet", user=f"system:node:{NODE_NAME}", group="system:nodes"),
        Leaf(name="kube-proxy", user="system:kube-proxy"),
    )


def pair(directory: Path, name: str) -> KeyPair:
    """Name the files of a certificate."""
    return KeyPair(certificate=directory / f"{name}.crt", key=directory / f"{name}.key")


def ensure(directory: Path, *, wanted: Sequence[Leaf]) -> bool:
    """Make authority, leaves and service account key where missing; True when something was made."""
    directory.mkdir(mode=0o700, exist_ok=True)
    missing = [leaf for leaf in wanted if not _exists(directory, leaf.name)]
    if not _exists(directory, AUTHORITY):
        _write_authority(directory)
        missing = list(wanted)
    for leaf in missing:
        _write_leaf(directory, leaf)
    if not (directory / f"{SERVICE_ACCOUNTS}.pub").exists():
        _write_service_account_key(directory)
        return True
    return bool(missing)


def _exists(directory: Path, name: str) -> bool:
    files = pair(directory, name)
    return files.certificate.exists() and files.key.exists()


def _write_authority(directory: Path) -> None:
    key = _new_key()
    name = _name("pulumi-kpack-dev")
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_pair(directory, AUTHORITY, certificate, key)


def _write_leaf(directory: Path, leaf: Leaf) -> None:
    authority = pair(directory, AUTHORITY)
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    signer = serialization.load_pem_private_key(authority.key.read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority.key} is no elliptic curve key")
    key = _new_key()
    builder = (
        _builder(_name(leaf.user, leaf.group), issuer.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
            critical=False,
        )
    )
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.names]
    names.extend(x509.IPAddress(address) for address in leaf.addresses)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    _write_pair(directory, leaf.name, builder.sign(signer, hashes.SHA256()), key)


def _write_service_account_key(directory: Path) -> None:
    key = _new_key()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write(directory / f"{SERVICE_ACCOUNTS}.key", _private_pem(key))
    _write(directory / f"{SERVICE_ACCOUNTS}.pub", public)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
    )


def _name(user: str, group: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _write_pair(directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    files = pair(directory, name)
    _write(files.key, _private_pem(key))
    _write(files.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)
