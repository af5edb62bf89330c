"""Whatever the bytes, only the documented error comes out, and soon."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.crypto import ber, cms
from tests.factories.asn1 import indefinite, tlv
from tests.factories.cms_messages import Form, signed_message
from tests.factories.pki import authority, device, ec_device

# Damaged certificates may be odd in ways that cryptography still reads, with a warning.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

BODY = b"the body of a request"
FORMS = [
    Form(embed=BODY),
    Form(digest="sha1", signed_attributes=False, indefinite=True, embed=BODY),
    Form(embed=BODY, by_key_identifier=True, certificates=(authority().der, device().der)),
]
fuzz = settings(max_examples=150)


@cache
def samples() -> list[bytes]:
    signed = [signed_message(device(), BODY, form) for form in FORMS]
    enveloped = [cms.encrypt_enveloped(BODY, certificate=device().certificate, cipher=cipher) for cipher in cms.Cipher]
    return [*signed, signed_message(ec_device(), BODY, FORMS[0]), *enveloped]


def survive(message: bytes) -> None:
    with suppress(cms.CmsError):
        signed = cms.verify_signed(message)
        assert signed.content == BODY
        assert signed.certificate
    with suppress(cms.CmsError):
        cms.decrypt_enveloped(message, certificate=device().certificate, key=device().key)


@fuzz
@given(st.binary(max_size=300))
def test_random_bytes(message: bytes) -> None:
    survive(message)


@fuzz
@given(st.integers(0, 8), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_one_octet_changed(sample: int, place: float, value: int) -> None:
    message = bytearray(samples()[sample])
    message[int(place * len(message))] = value
    survive(bytes(message))


@fuzz
@given(st.integers(0, 8), st.floats(0, 1, exclude_max=True))
def test_truncation(sample: int, place: float) -> None:
    message = samples()[sample]
    survive(message[: int(place * len(message))])


@fuzz
@given(st.integers(0, 8), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=40))
def test_a_piece_replaced(sample: int, start: float, end: float, piece: bytes) -> None:
    message = samples()[sample]
    first, last = sorted([int(start * len(message)), int(end * len(message))])
    survive(message[:first] + piece + message[last:])


values = st.recursive(
    st.builds(tlv, st.sampled_from([0x02, 0x04, 0x05, 0x06, 0x0C, 0x80]), st.binary(max_size=12)),
    lambda inner: st.builds(
        lambda wrap, tag, parts: wrap(tag, *parts),
        st.sampled_from([tlv, indefinite]),
        st.sampled_from([0x24, 0x30, 0x31, 0xA0, 0xA1]),
        st.lists(inner, max_size=5),
    ),
    max_leaves=30,
)


@fuzz
@given(st.sampled_from(["1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"]), st.lists(values, max_size=6))
def test_well_formed_nonsense(kind: str, parts: list[bytes]) -> None:
    survive(tlv(0x30, ber.oid(kind), tlv(0xA0, tlv(0x30, *parts))))


@fuzz
@given(st.integers(0, 5), values)
def test_a_field_of_the_signer_replaced(index: int, replacement: bytes) -> None:
    outer = ber.parse(samples()[0]).children
    fields = outer[1].children[0].children
    parts = [part.raw for part in fields[-1].children[0].children]
    parts[index] = replacement
    body = tlv(0x30, *[field.raw for field in fields[:-1]], tlv(0x31, tlv(0x30, *parts)))
    survive(tlv(0x30, outer[0].raw, tlv(0xA0, body)))


@pytest.mark.parametrize(
    "message",
    [
        b"\x30\x80" * 1_000_000,
        b"\x30\x80\x06\x09*\x86H\x86\xf7\r\x01\x07\x02\xa0\x80" + b"\x24\x80" * 1_000_000,
        tlv(0x30, ber.oid("1.2.840.113549.1.7.2"), tlv(0xA0, tlv(0x30, b"\x05\x00" * 1_000_000))),
        b"\x30\x84\x7f\xff\xff\xff",
    ],
    ids=["opened a million times", "strings in strings", "a million fields", "a large length"],
)
@pytest.mark.timeout(5)
def test_bombs(message: bytes) -> None:
    survive(message)
