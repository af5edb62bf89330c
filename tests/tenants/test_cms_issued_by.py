from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tenants.crypto import cms
from tests.factories.pki import (
    NOT_AFTER,
    NOT_BEFORE,
    Identity,
    authority,
    device,
    ec_device,
    ec_key,
    identity,
    rsa_key,
    with_sha1,
)


def key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def issued(subject: Identity, issuer: Identity) -> bool:
    return cms.issued_by(subject.certificate, issuer.certificate)


def test_knows_its_own_certificates() -> None:
    assert issued(device(), authority())
    assert issued(ec_device(), authority())


def test_refuses_the_certificate_of_another_authority() -> None:
    assert not issued(device(), identity("Other CA", ca=True))


def test_refuses_an_authority_of_the_same_name_with_another_key() -> None:
    assert not issued(device(), identity("Device CA", ca=True, key=rsa_key("impostor")))


def test_refuses_an_authority_of_another_name_with_the_same_key() -> None:
    assert not issued(device(), identity("Renamed CA", ca=True, key=authority().key))


@pytest.mark.parametrize("ca", [False, None])
def test_refuses_an_issuer_that_is_no_authority(ca: bool | None) -> None:
    issuer = identity("No CA", ca=ca)
    assert not issued(identity("Leaf", issuer=issuer, key=rsa_key("Device")), issuer)


def test_refuses_a_device_as_issuer() -> None:
    assert not issued(identity("Leaf", issuer=device(), key=rsa_key("Device")), device())


def test_heeds_the_key_usage_of_the_authority() -> None:
    for allowed in (True, False):
        issuer = identity("Usage CA", ca=True, key_usage=key_usage(sign_certificates=allowed))
        assert issued(identity("Leaf", issuer=issuer, key=rsa_key("Device")), issuer) is allowed


def test_accepts_an_elliptic_curve_authority() -> None:
    issuer = identity("EC CA", ca=True, key=ec_key("EC CA"))
    assert issued(identity("Leaf", issuer=issuer, key=rsa_key("Device")), issuer)


def test_accepts_sha1_and_1024_bits() -> None:
    issuer = identity("Old CA", ca=True, key=rsa_key("Old CA", 1024))
    leaf = identity("Leaf", issuer=issuer, key=rsa_key("Leaf", 1024))
    assert cms.issued_by(with_sha1(leaf.certificate, issuer.key), issuer.certificate)
    assert not cms.issued_by(with_sha1(leaf.certificate, leaf.key), issuer.certificate)


def test_ignores_dates_unless_asked() -> None:
    assert issued(
        identity(
            "Expired",
            issuer=authority(),
            key=rsa_key("Device"),
            not_before=datetime(2001, 1, 1, tzinfo=UTC),
            not_after=datetime(2002, 1, 1, tzinfo=UTC),
        ),
        authority(),
    )


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (NOT_BEFORE, True),
        (NOT_BEFORE - timedelta(minutes=4), True),
        (NOT_BEFORE - timedelta(minutes=6), False),
        (NOT_AFTER + timedelta(minutes=4), True),
        (NOT_AFTER + timedelta(minutes=6), False),
    ],
)
def test_heeds_dates_with_some_skew_when_asked(at: datetime, valid: bool) -> None:
    assert cms.issued_by(device().certificate, authority().certificate, at=at) is valid
