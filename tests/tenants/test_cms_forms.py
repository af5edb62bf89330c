"""The true forms in which devices and tools sign; each must be accepted, and none without its check."""

from __future__ import annotations

from itertools import product

import pytest

from tenants.crypto import cms
from tests.factories.asn1 import tlv
from tests.factories.cms_messages import Form, signed_message
from tests.factories.pki import device, identity, rsa_key, with_sha1

BODY = b"<plist>" + b"the body of a request " * 20 + b"</plist>"
APPLE = Form(digest="sha1", signed_attributes=False, indefinite=True)


def accepts(form: Form) -> None:
    message = signed_message(device(), BODY, form)
    signed = cms.verify_signed(message, content=None if form.embed else BODY)
    assert (signed.content, signed.certificate_der) == (BODY, device().der)
    with pytest.raises(cms.CmsError):
        cms.verify_signed(message, content=BODY.replace(b"body", b"bode"))


def test_accepts_the_form_of_apple_devices() -> None:
    message = signed_message(device(), BODY, APPLE)
    assert message[:2] == b"\x30\x80"
    accepts(APPLE)


def test_accepts_content_embedded_in_pieces() -> None:
    accepts(Form(indefinite=True, embed=BODY))


@pytest.mark.parametrize(
    ("digest", "algorithm", "null_parameters", "signed_attributes"),
    [
        *product(["sha1", "sha256"], ["rsaEncryption", "sha1WithRSA", "sha256WithRSA"], [True, False], [True, False]),
        ("sha384", "rsaEncryption", True, True),
        ("sha512", "rsaEncryption", True, False),
    ],
)
def test_accepts_every_naming_of_the_algorithms(
    digest: str, algorithm: str, null_parameters: bool, signed_attributes: bool
) -> None:
    accepts(
        Form(
            digest=digest,
            algorithm=algorithm,
            null_parameters=null_parameters,
            signed_attributes=signed_attributes,
        )
    )


def test_accepts_signed_attributes_of_indefinite_length() -> None:
    accepts(Form(indefinite=True, indefinite_attributes=True))


def test_accepts_signed_attributes_that_are_not_sorted() -> None:
    accepts(Form(sort_attributes=False))


def test_accepts_unsorted_attributes_whose_sorted_form_was_signed() -> None:
    """The attributes are reversed after signing, as a re-encoding relay may do."""
    first, second = (
        tlv(0x30, b"\x06\x01\x2a", tlv(0x31, b"\x05\x00")),
        tlv(0x30, b"\x06\x01\x2b", tlv(0x31, b"\x05\x00")),
    )
    attributes = (("1.2", b"\x05\x00"), ("1.3", b"\x05\x00"))
    message = signed_message(device(), BODY, Form(attributes=attributes))
    assert message.count(first + second) == 1
    assert cms.verify_signed(message.replace(first + second, second + first), content=BODY).content == BODY


def test_accepts_a_signer_named_by_key_identifier() -> None:
    accepts(Form(by_key_identifier=True))


def test_accepts_revocation_lists_and_unsigned_attributes_beside() -> None:
    accepts(Form(crls=True, unsigned_attributes=True))


def test_accepts_a_signer_with_an_old_certificate() -> None:
    """SHA-1 signed, 1024 bits, as Apple's device certificates were."""
    old = identity("Old", key=rsa_key("Old", 1024))
    old = type(old)(with_sha1(old.certificate, old.key), old.key)
    signed = cms.verify_signed(signed_message(old, BODY, APPLE), content=BODY)
    assert signed.certificate == old.certificate
