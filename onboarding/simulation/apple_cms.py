"""Signed and enveloped CMS messages as a device makes and reads them (RFC 5652): RSA, and ECDSA for signatures.

Written apart from the server's own CMS code on purpose: where the two agree, both are likely right.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from onboarding.simulation.apple_der import (
    CONTEXT,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerError,
    Node,
    context,
    indefinite,
    integer,
    octet_string,
    oid,
    read_der,
    sequence,
    set_of,
    tlv,
    utc_time,
)

CipherName = Literal["des", "3des", "aes128", "aes256"]
DigestName = Literal["sha1", "sha256"]

DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
ENVELOPED_DATA = oid("1.2.840.113549.1.7.3")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
SIGNING_TIME = oid("1.2.840.113549.1.9.5")
RSA_ENCRYPTION = sequence(oid("1.2.840.113549.1.1.1"), NULL)
ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))

_DIGESTS: dict[DigestName, bytes] = {"sha1": oid("1.3.14.3.2.26"), "sha256": oid("2.16.840.1.101.3.4.2.1")}
_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {
    _DIGESTS["sha1"]: hashes.SHA1,
    _DIGESTS["sha256"]: hashes.SHA256,
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384,
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512,
}
_CIPHERS: dict[CipherName, bytes] = {
    "des": oid("1.3.14.3.2.7"),
    "3des": oid("1.2.840.113549.3.7"),
    "aes128": oid("2.16.840.1.101.3.4.1.2"),
    "aes256": oid("2.16.840.1.101.3.4.1.42"),
}
_KEY_SIZES: dict[CipherName, int] = {"des": 8, "3des": 24, "aes128": 16, "aes256": 32}


class CmsError(ValueError):
    """A CMS message is not readable, not signed by whom it says, or not decryptable."""


@dataclass(frozen=True)
class SignedMessage:
    """A verified SignedData: its content (empty when detached), certificates, signer and signed attributes.

    Attributes map the encoded object identifier to the first value's content octets.
    """

    content: bytes
    certificates: list[x509.Certificate]
    signer: x509.Certificate
    attributes: Mapping[bytes, bytes]


@dataclass(frozen=True)
class Signer:
    """Who signs: an RSA key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


class Signing(Protocol):
    """Whoever can sign: a key of either kind and its certificate."""

    @property
    def key(self) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey: ...

    @property
    def certificate(self) -> x509.Certificate: ...


def digest_of(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


# --- writing ----------------------------------------------------------------------------------------------------


def sign_with_attributes(
    content: bytes,
    signer: Signing,
    *,
    digest: DigestName,
    detached: bool,
    attributes: Mapping[bytes, bytes] | None = None,
    carried: Sequence[x509.Certificate] = (),
) -> bytes:
    """SignedData in DER with signed attributes. ``attributes``: encoded object identifier to encoded value.

    ``carried``: certificates that go along with the signer's.
    """
    algorithm = _HASHES[_DIGESTS[digest]]()
    values = {
        CONTENT_TYPE: DATA,
        SIGNING_TIME: utc_time(datetime.now(UTC)),
        MESSAGE_DIGEST: octet_string(digest_of(content, algorithm)),
        **(attributes or {}),
    }
    signed = set_of(*(sequence(name, set_of(value)) for name, value in values.items()))
    signature = _signature(signer.key, signed, algorithm)
    signed_attributes = bytes([CONTEXT]) + signed[1:]  # signed as a SET, sent as [0]
    info = _signer_info(signer, digest, signature, signed_attributes)
    inner = sequence(DATA) if detached else sequence(DATA, context(0, octet_string(content)))
    return sequence(
        SIGNED_DATA,
        context(
            0,
            sequence(
                integer(1),
                set_of(sequence(_DIGESTS[digest], NULL)),
                inner,
                context(0, *(_der(each) for each in (signer.certificate, *carried))),
                set_of(info),
            ),
        ),
    )


def sign_as_devices_do(content: bytes, signer: Signer) -> bytes:
    """Detached SignedData as real devices send it: indefinite lengths, SHA-1 with NULL, no signed attributes."""
    signature = signer.key.sign(content, PKCS1v15(), hashes.SHA1())
    return indefinite(
        SEQUENCE,
        SIGNED_DATA,
        indefinite(
            CONTEXT,
            indefinite(
                SEQUENCE,
                integer(1),
                set_of(sequence(_DIGESTS["sha1"], NULL)),
                indefinite(SEQUENCE, DATA),
                indefinite(CONTEXT, _der(signer.certificate)),
                set_of(_signer_info(signer, "sha1", signature)),
            ),
        ),
    )


def _signature(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, signed: bytes, algorithm: hashes.HashAlgorithm
) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(signed, ec.ECDSA(algorithm))
    return key.sign(signed, PKCS1v15(), algorithm)


def _signer_info(signer: Signing, digest: DigestName, signature: bytes, signed_attributes: bytes = b"") -> bytes:
    return sequence(
        integer(1),
        _issuer_and_serial(signer.certificate),
        sequence(_DIGESTS[digest], NULL),
        signed_attributes,
        ECDSA_WITH_SHA256 if isinstance(signer.key, ec.EllipticCurvePrivateKey) else RSA_ENCRYPTION,
        octet_string(signature),
    )


def encrypt_for(content: bytes, recipient: x509.Certificate, *, cipher: CipherName) -> bytes:
    """EnvelopedData in DER for one RSA recipient."""
    public_key = recipient.public_key()
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise CmsError("the recipient's certificate has no RSA key")
    key = secrets.token_bytes(_KEY_SIZES[cipher])
    engine = _cipher(cipher, key, iv := secrets.token_bytes(_block_size(cipher)))
    padder = padding.PKCS7(_block_size(cipher) * 8).padder()
    encryptor = engine.encryptor()
    ciphertext = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    recipient_info = sequence(
        integer(0), _issuer_and_serial(recipient), RSA_ENCRYPTION, octet_string(public_key.encrypt(key, PKCS1v15()))
    )
    encrypted = sequence(DATA, sequence(_CIPHERS[cipher], octet_string(iv)), tlv(0x80, ciphertext))
    return sequence(ENVELOPED_DATA, context(0, sequence(integer(0), set_of(recipient_info), encrypted)))


def _issuer_and_serial(certificate: x509.Certificate) -> bytes:
    return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _cipher(name: CipherName, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    if name in ("aes128", "aes256"):
        return Cipher(AES(key), modes.CBC(iv))
    # Single DES is triple DES with the same key three times.
    return Cipher(TripleDES(key * 3 if len(key) == 8 else key), modes.CBC(iv))


def _block_size(cipher: CipherName) -> int:
    """In bytes."""
    return 16 if cipher in ("aes128", "aes256") else 8


# --- reading ----------------------------------------------------------------------------------------------------


def read_signed(message: bytes, *, detached_content: bytes | None = None) -> SignedMessage:
    """Reads SignedData with exactly one signer and verifies its signature. Raises CmsError.

    Whether the signer is to be trusted is for the caller to judge.
    """
    try:
        return _read_signed(message, detached_content)
    except (DerError, IndexError, ValueError) as error:
        raise CmsError(f"the signed message is not acceptable: {error}") from error


def _read_signed(message: bytes, detached_content: bytes | None) -> SignedMessage:
    _version, _digests, encapsulated, *rest = _content_info(message, SIGNED_DATA)
    content = detached_content if detached_content is not None else _encapsulated_content(encapsulated)
    certificates = _certificates(rest)
    infos = rest[-1].expect(SET).children()
    if len(infos) != 1:
        raise CmsError(f"it has {len(infos)} signers, not one")
    _version, identifier, digest, *after = infos[0].children()
    signer = _find_certificate(certificates, identifier)
    algorithm = _HASHES.get(digest.children()[0].raw, hashes.SHA256)()
    attributes: dict[bytes, bytes] = {}
    signed = content
    if after[0].tag == CONTEXT:
        attributes = {pair.children()[0].raw: pair.children()[1].children()[0].content for pair in after[0].children()}
        if attributes.get(MESSAGE_DIGEST) != digest_of(content, algorithm):
            raise CmsError("its digest is not the digest of the content")
        signed = tlv(SET, after[0].content)
        after = after[1:]
    _verify(signer, signed, after[1].octets(), algorithm)
    return SignedMessage(content, certificates, signer, attributes)


def _content_info(message: bytes, content_type: bytes) -> list[Node]:
    kind, wrapped = read_der(message).expect(SEQUENCE).children()[:2]
    if kind.raw != content_type:
        raise CmsError("it is another kind of message")
    return wrapped.children()[0].expect(SEQUENCE).children()


def _encapsulated_content(encapsulated: Node) -> bytes:
    parts = encapsulated.children()
    return parts[1].children()[0].octets() if len(parts) > 1 else b""


def _certificates(rest: Sequence[Node]) -> list[x509.Certificate]:
    if rest[0].tag != CONTEXT:
        return []
    return [x509.load_der_x509_certificate(node.raw) for node in rest[0].children()]


def _find_certificate(certificates: Sequence[x509.Certificate], identifier: Node) -> x509.Certificate:
    for certificate in certificates:
        if identifier.tag == SEQUENCE:
            found = _issuer_and_serial(certificate) == identifier.raw
        else:
            key_id = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
            found = key_id == identifier.octets()
        if found:
            return certificate
    raise CmsError("the signer's certificate is missing")


def _verify(signer: x509.Certificate, signed: bytes, signature: bytes, algorithm: hashes.HashAlgorithm) -> None:
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            raise CmsError("the signer has an unknown kind of key")
    except InvalidSignature as error:
        raise CmsError("the signature is wrong") from error


def read_certificates(message: bytes) -> list[x509.Certificate]:
    """The certificates of a SignedData without signers ("degenerate PKCS #7"). Raises CmsError."""
    try:
        return _certificates(_content_info(message, SIGNED_DATA)[3:])
    except (DerError, IndexError, ValueError) as error:
        raise CmsError(f"the certificates are not readable: {error}") from error


def decrypt(message: bytes, key: rsa.RSAPrivateKey) -> tuple[bytes, CipherName]:
    """The content of an EnvelopedData for this key, and the cipher it came in. Raises CmsError."""
    try:
        _version, recipients, encrypted = _content_info(message, ENVELOPED_DATA)[:3]
        content_key = key.decrypt(recipients.children()[0].children()[3].octets(), PKCS1v15())
        _kind, algorithm, ciphertext = encrypted.children()
        cipher_id, iv = algorithm.children()
        name = next(name for name, encoded in _CIPHERS.items() if encoded == cipher_id.raw)
        decryptor = _cipher(name, content_key, iv.expect(OCTET_STRING).content).decryptor()
        padded = decryptor.update(ciphertext.octets()) + decryptor.finalize()
        unpadder = padding.PKCS7(_block_size(name) * 8).unpadder()
        return unpadder.update(padded) + unpadder.finalize(), name
    except (DerError, IndexError, ValueError, StopIteration) as error:
        raise CmsError(f"the enveloped message is not readable: {error}") from error
