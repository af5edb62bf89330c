"""Requests: what is read from them and what is refused."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from onboarding.scep import messages
from onboarding.scep.messages import FailInfo, MessageType
from tenants.crypto import cms
from tests.factories.asn1 import octets, oid, printable, raw_parts, tlv
from tests.factories.cms_messages import Form
from tests.factories.pki import (
    Identity,
    authority,
    device,
    ec_key,
    identity,
    needs_openssl,
    resigned_with_sha1,
    rsa_key,
    signing_request,
)
from tests.factories.scep_client import MESSAGE_TYPE, SENDER_NONCE, TRANSACTION_ID, Client, envelope, openssl_envelope

# Damaged certificates may be odd in ways that cryptography still reads, with a warning.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

NONCE = b"n" * 16


@cache
def throw_away() -> Identity:
    return identity("throw-away")


@cache
def csr_der(challenge: str | None = "one-time") -> bytes:
    return signing_request(rsa_key("requested"), challenge=challenge).public_bytes(Encoding.DER)


def client(**changes: object) -> Client:
    return replace(Client(throw_away(), nonce=NONCE), **changes)  # type: ignore[arg-type]


def parse(message: bytes) -> messages.Request:
    return messages.parse_request(message, authority_certificate=authority().certificate, authority_key=authority().key)


def refusal(message: bytes) -> messages.ScepError:
    with pytest.raises(messages.ScepError) as caught:
        parse(message)
    return caught.value


def test_reads_a_request() -> None:
    request = parse(client().message(envelope(csr_der())))
    assert request.message_type is MessageType.PKCS_REQ
    assert request.transaction_id == "8A2C0F33"
    assert request.sender_nonce == NONCE
    assert request.signer == throw_away().certificate
    assert request.csr.public_bytes(Encoding.DER) == csr_der()
    assert request.challenge == "one-time"
    assert request.cipher is cms.Cipher.AES_128
    assert request.digest is cms.Digest.SHA256


@needs_openssl
@pytest.mark.parametrize(
    ("option", "cipher"),
    [
        ("des-cbc", cms.Cipher.DES),
        ("des3", cms.Cipher.TRIPLE_DES),
        ("aes-128-cbc", cms.Cipher.AES_128),
        ("aes-256-cbc", cms.Cipher.AES_256),
    ],
)
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_reads_every_cipher_and_digest(tmp_path: Path, option: str, cipher: cms.Cipher, digest: str) -> None:
    message = client(form=Form(digest=digest)).message(openssl_envelope(csr_der(), option, tmp_path))
    request = parse(message)
    assert (request.cipher, request.digest, request.challenge) == (cipher, digest, "one-time")


def test_reads_a_message_of_indefinite_length() -> None:
    assert parse(client(form=Form(indefinite=True)).message(envelope(csr_der()))).challenge == "one-time"


def test_reads_a_renewal_signed_by_the_old_identity() -> None:
    request = parse(client(signer=device(), message_type="17").message(envelope(csr_der(None))))
    assert request.message_type is MessageType.RENEWAL
    assert request.challenge is None
    assert cms.issued_by(request.signer, authority().certificate)


def test_reads_an_update() -> None:
    assert parse(client(message_type="18").message(envelope(csr_der()))).message_type is MessageType.UPDATE


def test_reads_a_request_signed_with_the_requested_key() -> None:
    signer = identity("Requested", key=rsa_key("requested"))
    assert parse(client(signer=signer).message(envelope(csr_der()))).csr.public_key() == signer.certificate.public_key()


def test_reads_a_csr_signed_with_sha1() -> None:
    csr = signing_request(rsa_key("requested"), challenge="old")
    der = resigned_with_sha1(csr.tbs_certrequest_bytes, algorithm_at=None, key=rsa_key("requested"))
    assert parse(client().message(envelope(der))).challenge == "old"


@pytest.mark.parametrize(
    ("tag", "encoding"), [(0x0C, "utf-8"), (0x13, "ascii"), (0x16, "ascii"), (0x1E, "utf-16-be"), (0x14, "latin-1")]
)
def test_reads_the_challenge_in_any_kind_of_string(tag: int, encoding: str) -> None:
    body = raw_parts(signing_request(rsa_key("requested"), challenge=None).tbs_certrequest_bytes)
    value = tlv(0x31, tlv(tag, "one-time".encode(encoding)))
    body[3] = tlv(0xA0, tlv(0x30, oid("1.2.840.113549.1.9.7"), value))
    der = resigned_with_sha1(tlv(0x30, *body), algorithm_at=None, key=rsa_key("requested"))
    assert parse(client().message(envelope(der))).challenge == "one-time"


def test_refuses_a_tampered_message() -> None:
    message = client().message(envelope(csr_der()))
    error = refusal(message[:-1] + bytes([message[-1] ^ 1]))
    assert (error.fail_info, error.transaction) == (FailInfo.BAD_MESSAGE_CHECK, None)


def test_refuses_an_unknown_outer_digest() -> None:
    assert refusal(client(form=Form(digest_oid="1.2.3")).message(envelope(csr_der()))).fail_info is FailInfo.BAD_ALG


def test_refuses_other_message_types_with_an_answerable_error() -> None:
    for kind in ("3", "20", "21", "22", "nonsense"):
        error = refusal(client(message_type=kind).message(envelope(csr_der())))
        assert error.fail_info is FailInfo.BAD_REQUEST
        assert error.transaction == messages.Transaction("8A2C0F33", NONCE, cms.Digest.SHA256)


@pytest.mark.parametrize("missing", [MESSAGE_TYPE, SENDER_NONCE, TRANSACTION_ID])
def test_refuses_a_missing_attribute(missing: str) -> None:
    attributes = {name: value for name, value in client().attributes().items() if name != missing}
    error = refusal(client().message(envelope(csr_der()), attributes))
    assert error.fail_info is FailInfo.BAD_REQUEST


@pytest.mark.parametrize(
    "change",
    [
        {TRANSACTION_ID: printable("")},
        {TRANSACTION_ID: printable("x" * 600)},
        {TRANSACTION_ID: octets(b"8A2C0F33")},
        {TRANSACTION_ID: tlv(0x0C, b"\xff")},
        {SENDER_NONCE: octets(b"")},
        {SENDER_NONCE: octets(b"x" * 300)},
        {SENDER_NONCE: printable("nonce")},
        {MESSAGE_TYPE: b"\x02\x01\x13"},
    ],
)
def test_refuses_a_malformed_attribute(change: dict[str, bytes]) -> None:
    error = refusal(client().message(envelope(csr_der()), client().attributes() | change))
    assert error.fail_info is FailInfo.BAD_REQUEST


def test_refuses_an_envelope_for_another_authority() -> None:
    error = refusal(client().message(envelope(csr_der(), identity("Other CA", ca=True))))
    assert error.fail_info is FailInfo.BAD_MESSAGE_CHECK
    assert error.transaction is not None


def test_refuses_an_unknown_cipher() -> None:
    closed = envelope(csr_der()).replace(oid(cms.Cipher.AES_128.oid), oid("2.16.840.1.101.3.4.1.6"))
    assert refusal(client().message(closed)).fail_info is FailInfo.BAD_ALG


def another_signature(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def another_key(der: bytes) -> bytes:
    parts = raw_parts(der)
    body = raw_parts(parts[0])
    body[2] = raw_parts(raw_parts(identity("ec", key=ec_key("ec")).der)[0])[6]
    return tlv(0x30, tlv(0x30, *body), *parts[1:])


def unknown_algorithm(der: bytes) -> bytes:
    parts = raw_parts(der)
    return tlv(0x30, parts[0], tlv(0x30, oid("1.2.3")), parts[2])


@pytest.mark.parametrize(
    "spoil",
    [another_signature, another_key, unknown_algorithm, lambda der: der[:-9], lambda der: b"no CSR", lambda der: b""],
)
def test_whatever_is_wrong_inside_looks_like_a_failed_decryption(spoil: object) -> None:
    """Otherwise the answer would tell an attacker that the padding was right."""
    error = refusal(client().message(envelope(spoil(csr_der()))))  # type: ignore[operator]
    assert error.fail_info is FailInfo.BAD_MESSAGE_CHECK
    assert error.transaction is not None


def test_refuses_an_unencrypted_csr() -> None:
    assert refusal(client().message(csr_der())).fail_info is FailInfo.BAD_MESSAGE_CHECK


MESSAGE = bytes(range(256)) * 3 + b"\xfb\xff"


@pytest.mark.parametrize("size", [len(MESSAGE), len(MESSAGE) - 1, len(MESSAGE) - 2])
def test_decodes_the_message_of_a_get(size: int) -> None:
    message = MESSAGE[:size]
    plain, url_safe = base64.b64encode(message).decode(), base64.urlsafe_b64encode(message).decode()
    lines = "\r\n".join(plain[at : at + 64] for at in range(0, len(plain), 64))
    for text in (
        plain,
        url_safe,
        plain.rstrip("="),
        url_safe.rstrip("="),
        plain.replace("+", " "),
        lines,
        plain + "\n",
    ):
        assert messages.decode_get_message(text) == message


@pytest.mark.parametrize("text", ["A", "AAAA*AAA", "AAAÄ", "A" * 70_000, "\0\0\0\0", "AA=AAA"])
def test_refuses_a_get_that_is_no_base64(text: str) -> None:
    with pytest.raises(messages.ScepError) as caught:
        messages.decode_get_message(text)
    assert caught.value.fail_info is FailInfo.BAD_REQUEST


@given(st.text(max_size=60))
def test_any_text_of_a_get_raises_nothing_else(text: str) -> None:
    with suppress(messages.ScepError):
        messages.decode_get_message(text)


@cache
def sample() -> bytes:
    return client().message(envelope(csr_der()))


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.booleans())
def test_a_damaged_message_raises_nothing_else(place: float, value: int, cut: bool) -> None:
    at = int(place * len(sample()))
    with suppress(messages.ScepError):
        assert parse(sample()[:at] + (b"" if cut else bytes([value]) + sample()[at + 1 :])).challenge == "one-time"


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_a_damaged_csr_raises_nothing_else(place: float, value: int) -> None:
    der = bytearray(csr_der())
    der[int(place * len(der))] = value
    with suppress(messages.ScepError):
        parse(client().message(envelope(bytes(der))))


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_a_damaged_envelope_raises_nothing_else(place: float, value: int) -> None:
    closed = bytearray(envelope(csr_der()))
    closed[int(place * len(closed))] = value
    with suppress(messages.ScepError):
        parse(client().message(bytes(closed)))
