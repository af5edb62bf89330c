"""The authority that stands in for Apple's."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from onboarding.simulation.certificates import StandInRoot

TOPIC = "com.apple.mgmt.External.1d8c7f1e-2c0f-4a53-8a07-6ad9c3c3f0a5"


def request(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    csr = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM)


def test_the_root_is_made_once(tmp_path: Path) -> None:
    first, second = StandInRoot(tmp_path), StandInRoot(tmp_path)

    assert first.certificate == second.certificate


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    files = StandInRoot(tmp_path).server_certificate(["127.0.0.1"])

    for key in (tmp_path / "ca.key", files.key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_push_certificate_looks_like_apples(tmp_path: Path) -> None:
    root = StandInRoot(tmp_path)
    key = rsa.generate_private_key(65537, 2048)

    certificate = x509.load_pem_x509_certificate(root.issue_push_certificate(request(key), topic=TOPIC))

    subject = {attribute.oid: attribute.value for attribute in certificate.subject}
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    certificate.verify_directly_issued_by(root.certificate)
    assert subject[NameOID.USER_ID] == TOPIC
    assert str(subject[NameOID.COMMON_NAME]).startswith("APSP:")
    assert certificate.public_key() == key.public_key()
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert 364 <= (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 366


def test_ready_made_push_credentials_belong_together(tmp_path: Path) -> None:
    credentials = StandInRoot(tmp_path).new_push_credentials(topic=TOPIC)

    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem)
    key = serialization.load_pem_private_key(credentials.private_key_pem, password=None)
    assert certificate.public_key() == key.public_key()


def test_a_push_certificate_needs_an_rsa_key(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="RSA"):
        StandInRoot(tmp_path).issue_push_certificate(request(ec.generate_private_key(ec.SECP256R1())), topic=TOPIC)


def test_a_request_with_a_broken_signature_is_refused(tmp_path: Path) -> None:
    csr = x509.load_pem_x509_csr(request(rsa.generate_private_key(65537, 2048)))
    broken = bytearray(csr.public_bytes(serialization.Encoding.DER))
    broken[-1] ^= 1
    pem = x509.load_der_x509_csr(bytes(broken)).public_bytes(serialization.Encoding.PEM)

    with pytest.raises(ValueError, match="not signed by its own key"):
        StandInRoot(tmp_path).issue_push_certificate(pem, topic=TOPIC)


def test_the_server_certificate_is_kept_while_it_serves(tmp_path: Path) -> None:
    root = StandInRoot(tmp_path)
    first = root.server_certificate(["127.0.0.1", "localhost"]).certificate.read_bytes()

    assert root.server_certificate(["localhost"]).certificate.read_bytes() == first
    assert root.server_certificate(["localhost", "apns.test"]).certificate.read_bytes() != first


def test_the_server_certificate_of_a_former_root_is_replaced(tmp_path: Path) -> None:
    first = StandInRoot(tmp_path).server_certificate(["localhost"]).certificate.read_bytes()
    (tmp_path / "ca.pem").unlink()

    root = StandInRoot(tmp_path)
    second = root.server_certificate(["localhost"]).certificate.read_bytes()

    assert first != second
    x509.load_pem_x509_certificate(second).verify_directly_issued_by(root.certificate)
