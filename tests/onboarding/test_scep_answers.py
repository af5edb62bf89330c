"""Answers: what a client that is not ours makes of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from onboarding.scep import messages
from onboarding.scep.messages import FailInfo
from tenants.crypto import ber, cms
from tests.factories.asn1 import octets, printable
from tests.factories.cms_messages import Form
from tests.factories.pki import (
    Identity,
    authority,
    ec_device,
    ec_key,
    identity,
    needs_openssl,
    openssl,
    rsa_key,
    signing_request,
)
from tests.factories.scep_client import (
    FAIL_INFO,
    MESSAGE_TYPE,
    PKI_STATUS,
    RECIPIENT_NONCE,
    SENDER_NONCE,
    TRANSACTION_ID,
    Client,
    envelope,
    openssl_envelope,
    received,
)


@cache
def throw_away() -> Identity:
    return identity("throw-away")


@cache
def issued() -> Identity:
    return identity("Requested", issuer=authority(), key=rsa_key("requested"))


@cache
def csr_der() -> bytes:
    return signing_request(rsa_key("requested"), challenge="one-time").public_bytes(Encoding.DER)


def request_of(client: Client, closed: bytes | None = None) -> messages.Request:
    return messages.parse_request(
        client.message(closed or envelope(csr_der())),
        authority_certificate=authority().certificate,
        authority_key=authority().key,
    )


def success(request: messages.Request) -> bytes:
    return messages.success(
        request,
        issued=issued().certificate,
        authority_certificate=authority().certificate,
        authority_key=authority().key,
    )


def failure(transaction: messages.Transaction, fail_info: FailInfo) -> bytes:
    return messages.failure(
        transaction, fail_info, authority_certificate=authority().certificate, authority_key=authority().key
    )


@needs_openssl
@pytest.mark.parametrize("cipher", ["des-cbc", "des3", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_the_client_gets_its_certificate(tmp_path: Path, cipher: str, digest: str) -> None:
    client = Client(throw_away(), form=Form(digest=digest))
    answer = success(request_of(client, openssl_envelope(csr_der(), cipher, tmp_path)))
    assert received(answer, throw_away(), tmp_path) == [issued().certificate]


def test_answers_in_the_cipher_and_digest_of_the_request() -> None:
    answer = cms.verify_signed(success(request_of(Client(throw_away(), form=Form(digest="sha1")))))
    assert answer.digest is cms.Digest.SHA1
    opened = cms.open_enveloped(answer.content, certificate=throw_away().certificate, key=throw_away().key)
    assert opened.cipher is cms.Cipher.AES_128


def test_tells_the_client_which_request_succeeded() -> None:
    client = Client(throw_away())
    answer = cms.verify_signed(success(request_of(client)))
    assert answer.certificate == authority().certificate
    assert answer.signed_attributes[TRANSACTION_ID] == printable("8A2C0F33")
    assert answer.signed_attributes[MESSAGE_TYPE] == printable("3")
    assert answer.signed_attributes[PKI_STATUS] == printable("0")
    assert answer.signed_attributes[RECIPIENT_NONCE] == octets(client.nonce)
    assert FAIL_INFO not in answer.signed_attributes


def test_sends_a_fresh_nonce_each_time() -> None:
    request = request_of(Client(throw_away()))
    nonces = {cms.verify_signed(success(request)).signed_attributes[SENDER_NONCE] for _ in range(3)}
    assert len(nonces) == 3
    assert all(len(nonce) == 18 for nonce in nonces)


def test_the_issued_certificate_comes_first_in_a_chain() -> None:
    answer = messages.success(
        request_of(Client(throw_away())),
        issued=issued().certificate,
        authority_certificate=authority().certificate,
        authority_key=authority().key,
        chain=[authority().certificate],
    )
    envelope_ = cms.verify_signed(answer).content
    inner = cms.decrypt_enveloped(envelope_, certificate=throw_away().certificate, key=throw_away().key)
    assert inner.index(issued().der) < inner.index(authority().der)


@needs_openssl
@pytest.mark.parametrize("fail_info", list(FailInfo))
def test_the_client_is_told_why_it_was_refused(tmp_path: Path, fail_info: FailInfo) -> None:
    client = Client(throw_away())
    message = failure(request_of(client), fail_info)
    answer = cms.verify_signed(message)
    assert answer.content == b""
    assert answer.signed_attributes[PKI_STATUS] == printable("2")
    assert answer.signed_attributes[FAIL_INFO] == printable(fail_info)
    assert answer.signed_attributes[RECIPIENT_NONCE] == octets(client.nonce)
    authority().write(tmp_path, "ca")
    verify = ["cms", "-verify", "-binary", "-inform", "DER", "-CAfile", "ca.pem", "-purpose", "any"]
    assert openssl(*verify, folder=tmp_path, stdin=message) == b""


def test_a_message_that_was_not_understood_can_be_refused_too() -> None:
    with pytest.raises(messages.ScepError) as caught:
        request_of(Client(throw_away()), envelope(b"no CSR"))
    assert caught.value.transaction is not None
    answer = cms.verify_signed(failure(caught.value.transaction, caught.value.fail_info))
    assert answer.signed_attributes[TRANSACTION_ID] == printable("8A2C0F33")


def test_repeats_a_transaction_id_that_is_not_printable() -> None:
    answer = cms.verify_signed(success(request_of(Client(throw_away(), transaction_id="a_b@c"))))
    assert answer.signed_attributes[TRANSACTION_ID] == ber.utf8_string("a_b@c")


def test_cannot_answer_a_signer_without_an_rsa_key() -> None:
    request = request_of(Client(identity("ec", key=ec_key("ec"))))
    with pytest.raises(messages.ScepError) as caught:
        success(request)
    assert caught.value.fail_info is FailInfo.BAD_ALG
    assert caught.value.transaction == request


@needs_openssl
def test_openssl_would_encode_the_answers_the_same(tmp_path: Path) -> None:
    """The client's parser encodes the signed attributes again before it checks them."""
    request = request_of(Client(throw_away()))
    for message in (success(request), failure(request, FailInfo.BAD_REQUEST)):
        again = openssl("cms", "-cmsout", "-inform", "DER", "-outform", "DER", folder=tmp_path, stdin=message)
        assert again == message


def test_a_renewal_is_answered_to_the_old_identity(tmp_path: Path) -> None:
    old = identity("Old", issuer=authority(), key=rsa_key("throw-away"))
    answer = cms.verify_signed(success(request_of(Client(old, message_type="17"))))
    inner = cms.decrypt_enveloped(answer.content, certificate=old.certificate, key=old.key)
    assert issued().der in inner
    assert ec_device().der not in inner
