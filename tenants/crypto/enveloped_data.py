"""CMS EnvelopedData for RSA recipients: opening and building. Source: RFC 5652, section 6."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from tenants.crypto import ber
from tenants.crypto.algorithms import (
    DATA,
    ENVELOPED_DATA,
    HASHES,
    MGF1,
    PKCS1,
    RSA_ENCRYPTION,
    RSA_OAEP,
    AnotherRecipientError,
    CmsError,
    Digest,
    UnsupportedAlgorithmError,
    digest_named,
    identifier,
)
from tenants.crypto.certificates import outline_of
from tenants.crypto.signed_data import issuer_and_serial

_FIELD_0 = 0xA0
_STRING_FIELD_0 = (0x80, 0xA0)
_UNREADABLE = "the content cannot be decrypted"


class Cipher(Enum):
    """The content ciphers, all in CBC mode: object identifier, key and block octets."""

    DES = ("1.3.14.3.2.7", 8, 8)
    TRIPLE_DES = ("1.2.840.113549.3.7", 24, 8)
    AES_128 = ("2.16.840.1.101.3.4.1.2", 16, 16)
    AES_192 = ("2.16.840.1.101.3.4.1.22", 24, 16)
    AES_256 = ("2.16.840.1.101.3.4.1.42", 32, 16)

    def __init__(self, oid: str, key_octets: int, block_octets: int) -> None:
        self.oid = oid
        self.key_octets = key_octets
        self.block_octets = block_octets

    def with_key(self, key: bytes, iv: bytes) -> BlockCipher[modes.CBC]:
        algorithm: BlockCipherAlgorithm
        if self.block_octets == AES.block_size // 8:
            algorithm = AES(key)
        else:
            algorithm = TripleDES(key * 3 if self is Cipher.DES else key)
        return BlockCipher(algorithm, modes.CBC(iv))


_CIPHERS = {cipher.oid: cipher for cipher in Cipher}


@dataclass(frozen=True)
class Opened:
    """What an envelope held, and the cipher it was under."""

    content: bytes
    cipher: Cipher


def decrypt_enveloped(message: bytes, *, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """The content of an EnvelopedData message; see `open_enveloped`."""
    return open_enveloped(message, certificate=certificate, key=key).content


def open_enveloped(message: bytes, *, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> Opened:
    """Decrypt an EnvelopedData message, BER or DER, addressed to `certificate`, among others perhaps.

    CmsError when it is malformed or not for us. A wrong key and wrong padding look the same, and cost the same.
    """
    try:
        outer = ber.parse(message).elements(2)
        if outer[0].oid() != ENVELOPED_DATA:
            raise CmsError("the message is not EnvelopedData")
        fields = outer[1].elements(1, _FIELD_0)[0].elements(3)
        recipients = fields[2] if fields[1].tag == _FIELD_0 else fields[1]  # [0] is what the originator adds
        enclosed = fields[3 if recipients is fields[2] else 2 :]
        if not enclosed:
            raise ber.BerError("the encrypted content is missing")
        cipher, iv, encrypted = _read_content(enclosed[0])
        transport, wrapped = _our_recipient(recipients, certificate)
    except ber.BerError as error:
        raise CmsError(f"the message is malformed: {error}") from error
    content_key = _unwrap(key, wrapped, transport, cipher)
    # Without a content key the same work is done with a random one, and its outcome is thrown away.
    content = _decrypt(cipher, content_key or os.urandom(cipher.key_octets), iv, encrypted)
    if content_key is None:
        raise CmsError(_UNREADABLE)
    return Opened(content, cipher)


def _read_content(enclosed: ber.Node) -> tuple[Cipher, bytes, bytes]:
    fields = enclosed.elements(3)
    algorithm = fields[1].elements(1)
    cipher = _CIPHERS.get(algorithm[0].oid())
    if cipher is None:
        raise UnsupportedAlgorithmError(f"content cipher {algorithm[0].oid()} is not supported")
    iv = algorithm[-1].expect(ber.OCTET_STRING).body
    encrypted = fields[2].expect(*_STRING_FIELD_0).octets()
    if len(iv) != cipher.block_octets or not encrypted or len(encrypted) % cipher.block_octets:
        raise CmsError("the encrypted content is not a whole number of blocks")
    return cipher, iv, encrypted


def _our_recipient(recipients: ber.Node, certificate: x509.Certificate) -> tuple[padding.AsymmetricPadding, bytes]:
    """How the content key was wrapped for us, and the wrapped key."""
    ours, known = issuer_and_serial(certificate), outline_of(certificate)
    for recipient in recipients.elements(0, ber.SET):
        if recipient.tag != ber.SEQUENCE:
            continue  # a recipient without an RSA key: key agreement, password, …
        fields = recipient.elements(4)
        identity = fields[1]
        if identity.tag in _STRING_FIELD_0:
            found = identity.octets() == known.key_identifier
        else:
            found = identity.definite() == ours
        if found:
            return _transport(fields[2]), fields[3].expect(ber.OCTET_STRING).body
    raise AnotherRecipientError("the message is not for this certificate")


def _transport(algorithm: ber.Node) -> padding.AsymmetricPadding:
    parts = algorithm.elements(1)
    name = parts[0].oid()
    if name == RSA_ENCRYPTION:
        return PKCS1
    if name != RSA_OAEP:
        raise UnsupportedAlgorithmError(f"key transport {name} is not supported")
    digest = mask_digest = Digest.SHA1  # the defaults
    for parameter in parts[1].elements(0) if len(parts) > 1 else []:
        inner = parameter.elements(1, 0xA0, 0xA1, 0xA2)[0].elements(1)
        if parameter.tag == 0xA0:
            digest = digest_named(inner[0].oid())
        elif parameter.tag == 0xA1 and inner[0].oid() == MGF1 and len(inner) > 1:
            mask_digest = digest_named(inner[1].elements(1)[0].oid())
        else:
            raise UnsupportedAlgorithmError("these OAEP parameters are not supported")
    return padding.OAEP(padding.MGF1(HASHES[mask_digest]), HASHES[digest], None)


def _unwrap(
    key: rsa.RSAPrivateKey, wrapped: bytes, transport: padding.AsymmetricPadding, cipher: Cipher
) -> bytes | None:
    """The content key; None if it does not unwrap, which the caller must let nobody tell apart (RFC 3218)."""
    try:
        unwrapped = key.decrypt(wrapped, transport)
    except ValueError:
        return None
    return unwrapped if len(unwrapped) == cipher.key_octets else None


def _decrypt(cipher: Cipher, key: bytes, iv: bytes, encrypted: bytes) -> bytes:
    decryptor = cipher.with_key(key, iv).decryptor()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    unpadder = PKCS7(cipher.block_octets * 8).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise CmsError(_UNREADABLE) from None


def encrypt_enveloped(content: bytes, *, certificate: x509.Certificate, cipher: Cipher) -> bytes:
    """EnvelopedData (DER) for the RSA key of `certificate`, its key wrapped with PKCS#1 v1.5."""
    recipient_key = outline_of(certificate).public_key
    if not isinstance(recipient_key, rsa.RSAPublicKey):
        raise UnsupportedAlgorithmError("only the holder of an RSA key can be sent an envelope")
    key, iv = os.urandom(cipher.key_octets), os.urandom(cipher.block_octets)
    padder = PKCS7(cipher.block_octets * 8).padder()
    padded = padder.update(content) + padder.finalize()
    encryptor = cipher.with_key(key, iv).encryptor()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    recipient = ber.sequence(
        ber.integer(0),
        issuer_and_serial(certificate),
        identifier(RSA_ENCRYPTION),
        ber.octet_string(recipient_key.encrypt(key, PKCS1)),
    )
    enclosed = ber.sequence(
        ber.oid(DATA),
        identifier(cipher.oid, ber.octet_string(iv)),
        ber.context(0, encrypted, constructed=False),
    )
    body = ber.sequence(ber.integer(0), ber.set_of([recipient]), enclosed)
    return ber.sequence(ber.oid(ENVELOPED_DATA), ber.context(0, body))
