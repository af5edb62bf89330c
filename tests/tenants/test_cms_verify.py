from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from tenants.crypto import cms
from tests.factories.asn1 import oid, tlv
from tests.factories.cms_messages import SIGNED_DATA, Form, signed_message
from tests.factories.pki import authority, device, ec_device, identity, rsa_key

BODY = b"<plist>the body of a request</plist>"


def refusal(message: bytes, content: bytes | None = BODY) -> str:
    with pytest.raises(cms.CmsError) as caught:
        cms.verify_signed(message, content=content)
    return str(caught.value)


def test_accepts_a_detached_signature() -> None:
    signed = cms.verify_signed(signed_message(device(), BODY, Form()), content=BODY)
    assert signed.content == BODY
    assert signed.certificate == device().certificate
    assert signed.certificate_der == device().der
    assert signed.certificate_sha256 == hashlib.sha256(device().der).digest()
    assert signed.certificates == (device().der,)
    assert signed.digest is cms.Digest.SHA256


def test_accepts_embedded_content() -> None:
    assert cms.verify_signed(signed_message(device(), BODY, Form(embed=BODY))).content == BODY


def test_accepts_embedded_content_equal_to_the_given() -> None:
    assert cms.verify_signed(signed_message(device(), BODY, Form(embed=BODY)), content=BODY).content == BODY


def test_accepts_an_elliptic_curve_key() -> None:
    signed = cms.verify_signed(signed_message(ec_device(), BODY, Form()), content=BODY)
    assert signed.certificate == ec_device().certificate


def test_accepts_a_signature_over_the_body_itself() -> None:
    signed = cms.verify_signed(signed_message(device(), BODY, Form(signed_attributes=False)), content=BODY)
    assert signed.signed_attributes == {}


def test_gives_the_signed_attributes() -> None:
    message = signed_message(device(), BODY, Form(attributes=(("1.2.3.4", tlv(0x13, b"mine")),)))
    assert cms.verify_signed(message, content=BODY).signed_attributes["1.2.3.4"] == b"\x13\x04mine"


def test_finds_the_signer_among_other_certificates() -> None:
    message = signed_message(device(), BODY, Form(certificates=(authority().der, ec_device().der, device().der)))
    assert cms.verify_signed(message, content=BODY).certificate_der == device().der


@pytest.mark.parametrize("form", [Form(), Form(signed_attributes=False)])
def test_refuses_tampered_content(form: Form) -> None:
    refusal(signed_message(device(), BODY, form), BODY + b" ")


def test_refuses_tampered_embedded_content() -> None:
    assert "not what was signed" in refusal(signed_message(device(), BODY, Form(embed=BODY + b" ")), None)


def test_refuses_embedded_content_that_differs_from_the_given() -> None:
    assert "differs" in refusal(signed_message(device(), BODY, Form(embed=BODY)), BODY + b" ")


def test_refuses_a_message_without_any_content() -> None:
    assert "no content" in refusal(signed_message(device(), BODY, Form()), None)


def test_refuses_another_message_digest_though_it_is_signed() -> None:
    message = signed_message(device(), BODY, Form(claimed_digest=hashlib.sha256(b"other").digest()))
    assert "not what was signed" in refusal(message)


def test_refuses_no_signer() -> None:
    assert "0 signers" in refusal(signed_message(device(), BODY, Form(signers=0)))


def test_refuses_two_signers() -> None:
    assert "2 signers" in refusal(signed_message(device(), BODY, Form(signers=2)))


@pytest.mark.parametrize("digest_oid", ["1.2.840.113549.2.5", "1.2.3.4"])
def test_refuses_an_unknown_digest(digest_oid: str) -> None:
    with pytest.raises(cms.UnsupportedAlgorithmError, match="digest"):
        cms.verify_signed(signed_message(device(), BODY, Form(digest_oid=digest_oid)), content=BODY)


def test_refuses_another_digest_than_the_one_used() -> None:
    refusal(signed_message(device(), BODY, Form(digest_oid="2.16.840.1.101.3.4.2.3")))


def test_refuses_a_missing_signers_certificate() -> None:
    assert "certificate is not in" in refusal(signed_message(device(), BODY, Form(certificates=())))
    assert "certificate is not in" in refusal(signed_message(device(), BODY, Form(certificates=(authority().der,))))


def test_refuses_the_signature_of_another_key() -> None:
    impostor = replace(device(), key=rsa_key("impostor"))
    assert "does not match" in refusal(signed_message(impostor, BODY, Form()))


def test_refuses_an_algorithm_that_does_not_fit_the_key() -> None:
    message = signed_message(device(), BODY, Form(algorithm_oid="1.2.840.10045.4.3.2"))
    with pytest.raises(cms.UnsupportedAlgorithmError):
        cms.verify_signed(message, content=BODY)


def test_refuses_attributes_without_a_content_type() -> None:
    assert "lack" in refusal(signed_message(device(), BODY, Form(content_type_attribute=None)))


def test_refuses_a_signed_content_type_other_than_the_messages() -> None:
    assert "content type" in refusal(signed_message(device(), BODY, Form(content_type_attribute=SIGNED_DATA)))


def test_refuses_an_attribute_given_twice() -> None:
    twice = (("1.2.3.4", tlv(0x13, b"a")), ("1.2.3.4", tlv(0x13, b"b")))
    assert "more than one" in refusal(signed_message(device(), BODY, Form(attributes=twice)))


def test_refuses_signed_attributes_passed_off_as_a_body() -> None:
    attributes = tlv(
        0x31,
        *sorted(
            [
                tlv(0x30, oid("1.2.840.113549.1.9.3"), tlv(0x31, oid("1.2.840.113549.1.7.1"))),
                tlv(0x30, oid("1.2.840.113549.1.9.4"), tlv(0x31, tlv(0x04, hashlib.sha256(BODY).digest()))),
            ]
        ),
    )
    message = signed_message(device(), attributes, Form(signed_attributes=False))
    assert "must have signed attributes" in refusal(message, attributes)


def test_refuses_a_body_of_another_type_without_signed_attributes() -> None:
    message = signed_message(device(), BODY, Form(signed_attributes=False, content_type=SIGNED_DATA))
    assert "must have signed attributes" in refusal(message)


def test_refuses_what_is_not_signed_data() -> None:
    envelope = cms.encrypt_enveloped(BODY, certificate=device().certificate, cipher=cms.Cipher.AES_128)
    assert "not SignedData" in refusal(envelope)
    assert "malformed" in refusal(b"<plist/>")
    assert "malformed" in refusal(b"")


def test_refuses_too_many_certificates() -> None:
    assert "too many" in refusal(signed_message(device(), BODY, Form(certificates=(device().der,) * 33)))


def test_refuses_a_huge_certificate() -> None:
    huge = tlv(0x30, tlv(0x04, b"x" * 20_000))
    assert "too large" in refusal(signed_message(device(), BODY, Form(certificates=(huge,))))


def test_refuses_something_behind_the_message() -> None:
    assert "malformed" in refusal(signed_message(device(), BODY, Form()) + b"\0")


def test_tells_two_certificates_of_one_issuer_apart() -> None:
    twin = identity("Device", issuer=authority(), key=rsa_key("twin"))
    message = signed_message(twin, BODY, Form(certificates=(device().der, twin.der)))
    assert cms.verify_signed(message, content=BODY).certificate_der == twin.der


def test_a_certificate_that_is_no_proper_x509_fails_when_it_is_asked_for() -> None:
    version = bytes.fromhex("a003020102")
    odd = device().der.replace(version, bytes.fromhex("a003020130"))
    signed = cms.verify_signed(signed_message(device(), BODY, Form(certificates=(odd,))), content=BODY)
    with pytest.raises(cms.CmsError, match="malformed"):
        _ = signed.certificate
