from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from dev.cluster import certificates
from dev.cluster.certificates import Leaf, leaves, pair
from dev.machine.addresses import Addresses

LEAF = Leaf(
    name="api-server",
    user="kube-apiserver",
    group="ops",
    addresses=(IPv4Address("10.0.0.1"),),
    names=("kubernetes",),
)


def read(directory: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair(directory, name).certificate.read_bytes())


def content(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_leaves_are_signed_by_the_authority(tmp_path: Path) -> None:
    """Whoever trusts the authority trusts the leaf."""
    certificates.ensure(tmp_path / "certificates", wanted=[LEAF])

    authority, leaf = (read(tmp_path / "certificates", name) for name in ("ca", "api-server"))
    leaf.verify_directly_issued_by(authority)


def test_a_leaf_has_its_identity_and_addresses(tmp_path: Path) -> None:
    """Kubernetes takes user and group from the subject, TLS clients check the addresses."""
    certificates.ensure(tmp_path / "certificates", wanted=[LEAF])

    leaf = read(tmp_path / "certificates", "api-server")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "kube-apiserver"
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "ops"
    assert names.get_values_for_type(x509.IPAddress) == [IPv4Address("10.0.0.1")]
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes"]


def test_a_second_time_makes_nothing(tmp_path: Path) -> None:
    """`up` twice leaves keys as they are, so nothing is restarted."""
    directory = tmp_path / "certificates"
    first = certificates.ensure(directory, wanted=[LEAF])
    before = content(directory)

    again = certificates.ensure(directory, wanted=[LEAF])

    assert (first, again) == (True, False)
    assert content(directory) == before


@pytest.mark.parametrize("lost", ["api-server.key", "service-accounts.pub"])
def test_what_is_missing_is_made(tmp_path: Path, lost: str) -> None:
    """A crash between two files is mended by the next `up`."""
    directory = tmp_path / "certificates"
    certificates.ensure(directory, wanted=[LEAF])
    (directory / lost).unlink()

    assert certificates.ensure(directory, wanted=[LEAF])
    assert (directory / lost).exists()


def test_a_new_authority_signs_everything_anew(tmp_path: Path) -> None:
    """A leaf of a lost authority is worth nothing."""
    directory = tmp_path / "certificates"
    certificates.ensure(directory, wanted=[LEAF])
    pair(directory, "ca").key.unlink()

    certificates.ensure(directory, wanted=[LEAF])

    read(directory, "api-server").verify_directly_issued_by(read(directory, "ca"))


def test_keys_are_private(tmp_path: Path) -> None:
    """Nobody but the owner reads what is made here."""
    certificates.ensure(tmp_path / "certificates", wanted=[LEAF])

    modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "certificates").iterdir()}

    assert modes == {0o600}


def test_the_kubelet_serves_under_the_address_it_is_asked_at() -> None:
    """`kubectl logs` and `exec` go to the node's address, not to its name."""
    kubelet = next(leaf for leaf in leaves(Addresses(slot=0)) if leaf.name == "kubelet-server")

    assert IPv4Address("10.201.0.2") in kubelet.addresses


def test_the_api_server_serves_under_every_address_it_is_asked_at() -> None:
    """Daemons on the node, the machine, and pods through the service `kubernetes`."""
    server = next(leaf for leaf in leaves(Addresses(slot=0)) if leaf.name == "api-server")

    assert set(map(str, server.addresses)) == {"127.0.0.1", "10.201.0.2", "10.201.16.1"}
