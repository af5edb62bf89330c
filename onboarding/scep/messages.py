"""SCEP messages, the server's side: certificate requests in, certificates or refusals out. Source: RFC 8894."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from tenants.crypto import ber, cms
from tenants.crypto.algorithms import SIGNATURE_DIGESTS, signature_holds
from tenants.crypto.certificates import load_public_key

MAX_GET_MESSAGE = 64 * 1024
MAX_TRANSACTION_ID = 512
MAX_NONCE_OCTETS = 256

MESSAGE_TYPE = "2.16.840.1.113733.1.9.2"
PKI_STATUS = "2.16.840.1.113733.1.9.3"
FAIL_INFO = "2.16.840.1.113733.1.9.4"
SENDER_NONCE = "2.16.840.1.113733.1.9.5"
RECIPIENT_NONCE = "2.16.840.1.113733.1.9.6"
TRANSACTION_ID = "2.16.840.1.113733.1.9.7"

_CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
_CERT_REP = "3"
_STATUS_SUCCESS = "0"
_STATUS_FAILURE = "2"
_NONCE_OCTETS = 16
_GET_ALPHABET = str.maketrans({"-": "+", "_": "/", " ": "+", "\r": None, "\n": None})


class MessageType(StrEnum):
    """The requests for a certificate; a renewal is signed with the key of the certificate it replaces."""

    RENEWAL = "17"
    UPDATE = "18"  # of older drafts, as RENEWAL
    PKCS_REQ = "19"


class FailInfo(StrEnum):
    BAD_ALG = "0"
    BAD_MESSAGE_CHECK = "1"
    BAD_REQUEST = "2"
    BAD_TIME = "3"
    BAD_CERT_ID = "4"


@dataclass(frozen=True)
class Transaction:
    """What an answer takes over from the request."""

    transaction_id: str
    sender_nonce: bytes
    digest: cms.Digest


@dataclass(frozen=True)
class Request(Transaction):
    """A request whose signature holds and whose CSR proves possession of its key.

    `signer` is whoever signed the message: any throw-away certificate for a first request, the old identity for a
    renewal. That it is one of ours, and that the challenge is right, is for the caller to check.
    """

    message_type: MessageType
    signer: x509.Certificate
    csr: x509.CertificateSigningRequest
    challenge: str | None
    cipher: cms.Cipher


class ScepError(ValueError):
    """A message that must be refused.

    With a `transaction` the refusal can be sent as a SCEP answer (`failure`); without, nothing was understood or the
    signature is bad, and only a plain HTTP error is left.
    """

    def __init__(self, message: str, fail_info: FailInfo, transaction: Transaction | None = None) -> None:
        super().__init__(message)
        self.fail_info = fail_info
        self.transaction = transaction


def decode_get_message(query_value: str) -> bytes:
    """The message of a GET: base64, also base64url, with padding lost or '+' turned into a space on the way."""
    if len(query_value) > MAX_GET_MESSAGE:
        raise ScepError("the message is too long", FailInfo.BAD_REQUEST)
    text = query_value.strip().translate(_GET_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScepError("the message is not base64", FailInfo.BAD_REQUEST) from error


def parse_request(
    message: bytes, *, authority_certificate: x509.Certificate, authority_key: rsa.RSAPrivateKey
) -> Request:
    """Read a certificate request addressed to our authority; ScepError, with the failInfo to answer, if it is none."""
    try:
        signed = cms.verify_signed(message)
    except cms.CmsError as error:
        raise ScepError(f"outer message: {error}", _fail_info(error)) from error
    transaction = _read_transaction(signed)
    try:
        message_type = MessageType(_attribute_text(signed, MESSAGE_TYPE))
    except ValueError as error:
        raise ScepError(f"message type is not supported: {error}", FailInfo.BAD_REQUEST, transaction) from error
    try:
        signer = signed.certificate
        opened = cms.open_enveloped(signed.content, certificate=authority_certificate, key=authority_key)
    except cms.CmsError as error:
        raise ScepError(f"envelope: {error}", _fail_info(error), transaction) from error
    try:
        csr, challenge = _read_csr(opened.content)
    except (cms.CmsError, ber.BerError) as error:
        # Always the failInfo of a failed decryption: another one would tell an attacker that the padding was right.
        raise ScepError(f"enclosed request: {error}", FailInfo.BAD_MESSAGE_CHECK, transaction) from error
    return Request(
        transaction_id=transaction.transaction_id,
        sender_nonce=transaction.sender_nonce,
        digest=transaction.digest,
        message_type=message_type,
        signer=signer,
        csr=csr,
        challenge=challenge,
        cipher=opened.cipher,
    )


def success(
    request: Request,
    *,
    issued: x509.Certificate,
    authority_certificate: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
    chain: Sequence[x509.Certificate] = (),
) -> bytes:
    """The CertRep that hands over `issued` (and its `chain`), readable by the request's signer alone."""
    try:
        envelope = cms.encrypt_enveloped(
            cms.certificates_only([issued, *chain]), certificate=request.signer, cipher=request.cipher
        )
    except cms.CmsError as error:
        raise ScepError(f"answer: {error}", _fail_info(error), request) from error
    return _cert_rep(request, envelope, [(PKI_STATUS, _STATUS_SUCCESS)], authority_certificate, authority_key)


def failure(
    transaction: Transaction,
    fail_info: FailInfo,
    *,
    authority_certificate: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
) -> bytes:
    """The CertRep that refuses a request (a Request, or the `transaction` of a ScepError)."""
    told = [(PKI_STATUS, _STATUS_FAILURE), (FAIL_INFO, fail_info)]
    return _cert_rep(transaction, b"", told, authority_certificate, authority_key)


def _cert_rep(
    transaction: Transaction,
    content: bytes,
    told: list[tuple[str, str]],
    authority_certificate: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
) -> bytes:
    texts = [(TRANSACTION_ID, transaction.transaction_id), (MESSAGE_TYPE, _CERT_REP), *told]
    nonces = [(RECIPIENT_NONCE, transaction.sender_nonce), (SENDER_NONCE, os.urandom(_NONCE_OCTETS))]
    return cms.sign(
        content,
        certificate=authority_certificate,
        key=authority_key,
        digest=transaction.digest,
        attributes=[(name, _string(text)) for name, text in texts]
        + [(name, ber.octet_string(nonce)) for name, nonce in nonces],
    )


def _string(text: str) -> bytes:
    return ber.printable_string(text) if ber.is_printable(text) else ber.utf8_string(text)


def _read_transaction(signed: cms.Signed) -> Transaction:
    transaction_id = _attribute_text(signed, TRANSACTION_ID)
    nonce = _attribute(signed, SENDER_NONCE)
    if nonce.tag != ber.OCTET_STRING or not 0 < len(nonce.body) <= MAX_NONCE_OCTETS:
        raise ScepError("the sender nonce is malformed", FailInfo.BAD_REQUEST)
    return Transaction(transaction_id=transaction_id, sender_nonce=nonce.body, digest=signed.digest)


def _attribute(signed: cms.Signed, name: str) -> ber.Node:
    raw = signed.signed_attributes.get(name)
    if raw is None:
        raise ScepError(f"signed attribute {name} is missing", FailInfo.BAD_REQUEST)
    try:
        return ber.parse(raw)
    except ber.BerError as error:
        raise ScepError(f"signed attribute {name} is malformed", FailInfo.BAD_REQUEST) from error


def _attribute_text(signed: cms.Signed, name: str) -> str:
    try:
        text = _attribute(signed, name).text()
    except ber.BerError as error:
        raise ScepError(f"signed attribute {name} is malformed", FailInfo.BAD_REQUEST) from error
    if not 0 < len(text) <= MAX_TRANSACTION_ID:
        raise ScepError(f"signed attribute {name} is empty or too long", FailInfo.BAD_REQUEST)
    return text


def _read_csr(der: bytes) -> tuple[x509.CertificateSigningRequest, str | None]:
    """The CSR, its own signature checked, and the challenge password in it."""
    parts = ber.parse(der).elements(3)
    info = parts[0].elements(3)
    algorithm = parts[1].elements(1)[0].oid()
    digest = SIGNATURE_DIGESTS.get(algorithm)
    if digest is None:
        raise cms.UnsupportedAlgorithmError(f"signature algorithm {algorithm} is not supported")
    key, signature = load_public_key(info[2].raw), parts[2].body[1:]
    if not signature_holds(key, signature, parts[0].raw, algorithm=algorithm, digest=digest):
        raise cms.CmsError("the CSR's signature does not match")
    try:
        csr = x509.load_der_x509_csr(der)
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise cms.CmsError(f"the CSR is malformed: {error}") from error
    return csr, _challenge(info)


def _challenge(info: list[ber.Node]) -> str | None:
    for attribute in info[3].elements(0, 0xA0) if len(info) > 3 else []:
        parts = attribute.elements(2)
        if parts[0].oid() == _CHALLENGE_PASSWORD:
            return parts[1].elements(1, ber.SET)[0].text()
    return None


def _fail_info(error: cms.CmsError) -> FailInfo:
    return FailInfo.BAD_ALG if isinstance(error, cms.UnsupportedAlgorithmError) else FailInfo.BAD_MESSAGE_CHECK
