"""The webhook's certificate: for whom, for how long, and when it is made anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from kpack_reconciler.model.serving_certificate import ServingCertificate
from kpack_reconciler.webhook.certificate import is_good, make_certificate, service_names

NOW = datetime(2020, 1, 17, 16, 16, 36, tzinfo=UTC)
YEAR, WEEK, SECOND = timedelta(days=365), timedelta(days=7), timedelta(seconds=1)


@pytest.fixture(scope="module")
def made() -> ServingCertificate:
    return make_certificate("kpack-webhook", "kpack", now=NOW)


def test_the_certificate_covers_every_name_of_the_service(made: ServingCertificate) -> None:
    """The API server may call the service by its short and by its full names."""
    certificate = x509.load_pem_x509_certificate(made.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert tuple(names.get_values_for_type(x509.DNSName)) == (
        "kpack-webhook",
        "kpack-webhook.kpack",
        "kpack-webhook.kpack.svc",
        "kpack-webhook.kpack.svc.cluster.local",
    )
    assert service_names("kpack-webhook", "kpack") == tuple(names.get_values_for_type(x509.DNSName))


def test_authority_certificate_and_key_belong_together(made: ServingCertificate) -> None:
    """The certificate is signed by the authority and its public key is that of the private key."""
    authority = x509.load_pem_x509_certificate(made.authority)
    certificate = x509.load_pem_x509_certificate(made.certificate)

    certificate.verify_directly_issued_by(authority)

    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is True
    assert load_pem_private_key(made.key, password=None).public_key() == certificate.public_key()


def test_the_certificate_is_valid_for_a_year(made: ServingCertificate) -> None:
    """Both begin an hour early, for clocks that differ, and end a year from now."""
    lifetimes = {
        (parsed.not_valid_before_utc, parsed.not_valid_after_utc)
        for parsed in map(x509.load_pem_x509_certificate, (made.authority, made.certificate))
    }

    assert lifetimes == {(NOW - timedelta(hours=1), NOW + YEAR)}


def test_the_private_key_is_never_shown(made: ServingCertificate) -> None:
    """Neither the key nor its field appears in what a log would print."""
    assert "PRIVATE KEY" in made.key.decode()
    assert "PRIVATE KEY" not in repr(made)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW - timedelta(hours=1) - SECOND, False),
        (NOW - timedelta(hours=1), True),
        (NOW, True),
        (NOW + YEAR - WEEK - SECOND, True),
        (NOW + YEAR - WEEK, False),
        (NOW + YEAR, False),
    ],
)
def test_a_certificate_is_good_until_its_last_week(made: ServingCertificate, now: datetime, *, expected: bool) -> None:
    """It is not good before it begins, and is made anew when a week is left."""
    assert is_good(made, "kpack-webhook", "kpack", now=now) is expected


@pytest.mark.parametrize(("service", "namespace"), [("other", "kpack"), ("kpack-webhook", "elsewhere")])
def test_a_certificate_of_another_service_is_not_good(made: ServingCertificate, service: str, namespace: str) -> None:
    """Every name of the service must be covered."""
    assert is_good(made, service, namespace, now=NOW) is False


@pytest.mark.parametrize("text", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_not_good(made: ServingCertificate, text: bytes) -> None:
    """A Secret that was shipped empty or is broken is filled."""
    assert is_good(replace(made, certificate=text), "kpack-webhook", "kpack", now=NOW) is False


def test_a_certificate_without_names_is_not_good(made: ServingCertificate) -> None:
    """The authority's own certificate names no service."""
    assert is_good(replace(made, certificate=made.authority), "kpack-webhook", "kpack", now=NOW) is False


@pytest.mark.parametrize("part", ["authority", "key"])
@pytest.mark.parametrize("other", ["foreign", "empty"])
def test_parts_that_do_not_belong_together_are_not_good(made: ServingCertificate, part: str, other: str) -> None:
    """The API server would be told to trust the wrong authority, or the port could not be opened."""
    foreign = make_certificate("kpack-webhook", "kpack", now=NOW)
    text = getattr(foreign, part) if other == "foreign" else b""

    assert is_good(replace(made, **{part: text}), "kpack-webhook", "kpack", now=NOW) is False


def test_every_making_makes_new_keys(made: ServingCertificate) -> None:
    """Two makings share neither authority nor key."""
    again = make_certificate("kpack-webhook", "kpack", now=NOW)

    assert made.authority != again.authority
    assert made.key != again.key


def authorities(serving: ServingCertificate) -> list[bytes]:
    return [parsed.public_bytes(Encoding.PEM) for parsed in x509.load_pem_x509_certificates(serving.authority)]


def test_the_authority_before_stays_trusted(made: ServingCertificate) -> None:
    """While other replicas still serve the old certificate, both authorities stand in the bundle, the new one first."""
    renewed = make_certificate("kpack-webhook", "kpack", now=NOW + YEAR, before=made)

    assert authorities(renewed)[1:] == authorities(made)
    assert is_good(renewed, "kpack-webhook", "kpack", now=NOW + YEAR)


def test_only_one_authority_before_is_kept(made: ServingCertificate) -> None:
    """The bundle does not grow with each renewal."""
    second = make_certificate("kpack-webhook", "kpack", now=NOW + YEAR, before=made)
    third = make_certificate("kpack-webhook", "kpack", now=NOW + 2 * YEAR, before=second)

    assert authorities(third)[1:] == authorities(second)[:1]


def test_an_authority_that_is_none_is_not_kept(made: ServingCertificate) -> None:
    """The API server refuses a bundle that holds nonsense."""
    renewed = make_certificate("kpack-webhook", "kpack", now=NOW, before=replace(made, authority=b"nonsense"))

    assert len(authorities(renewed)) == 1
