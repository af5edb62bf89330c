"""Object identifiers and algorithms of CMS and X.509, and the one error of this package's CMS modules."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tenants.crypto import ber

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSA_OAEP = "1.2.840.113549.1.1.7"
MGF1 = "1.2.840.113549.1.1.8"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"

MAX_RSA_BITS = 8192

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class CmsError(ValueError):
    """A CMS message or certificate is malformed, not as claimed, or not for us. The message says which."""


class AnotherRecipientError(CmsError):
    """The message is well-formed, but was not encrypted for the certificate it was to be opened with."""


class UnsupportedAlgorithmError(CmsError):
    """The message names an algorithm, or carries a kind of key, that is not supported."""


class Digest(StrEnum):
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


HASHES: dict[Digest, hashes.HashAlgorithm] = {
    Digest.SHA1: hashes.SHA1(),  # devices still sign with it
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
}
DIGEST_OIDS = {
    Digest.SHA1: "1.3.14.3.2.26",
    Digest.SHA256: "2.16.840.1.101.3.4.2.1",
    Digest.SHA384: "2.16.840.1.101.3.4.2.2",
    Digest.SHA512: "2.16.840.1.101.3.4.2.3",
}
DIGESTS = {dotted: digest for digest, dotted in DIGEST_OIDS.items()}

RSA_SIGNATURES = {
    "1.2.840.113549.1.1.5": Digest.SHA1,
    "1.3.14.3.2.29": Digest.SHA1,  # the older name of sha1WithRSA
    "1.2.840.113549.1.1.11": Digest.SHA256,
    "1.2.840.113549.1.1.12": Digest.SHA384,
    "1.2.840.113549.1.1.13": Digest.SHA512,
}
ECDSA_SIGNATURES = {
    "1.2.840.10045.4.1": Digest.SHA1,
    "1.2.840.10045.4.3.2": Digest.SHA256,
    "1.2.840.10045.4.3.3": Digest.SHA384,
    "1.2.840.10045.4.3.4": Digest.SHA512,
}
SIGNATURE_DIGESTS = RSA_SIGNATURES | ECDSA_SIGNATURES
_RSA_NAMES = frozenset({RSA_ENCRYPTION, *RSA_SIGNATURES})
_ECDSA_NAMES = frozenset({EC_PUBLIC_KEY, *ECDSA_SIGNATURES})

PKCS1 = padding.PKCS1v15()


def digest_named(dotted: str) -> Digest:
    """The digest an AlgorithmIdentifier names. Some clients put a signature algorithm's name there."""
    digest = DIGESTS.get(dotted) or SIGNATURE_DIGESTS.get(dotted)
    if digest is None:
        raise UnsupportedAlgorithmError(f"digest algorithm {dotted} is not supported")
    return digest


def signature_holds(key: PublicKey, signature: bytes, signed: bytes, *, algorithm: str, digest: Digest) -> bool:
    """Whether `signature` over `signed` was made with the other half of `key`.

    `algorithm` is the signature algorithm as named in the message; it decides RSA or ECDSA, `digest` the hash.
    """
    try:
        if algorithm in _RSA_NAMES and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, PKCS1, HASHES[digest])
            return True
        if algorithm in _ECDSA_NAMES and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(HASHES[digest]))
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    raise UnsupportedAlgorithmError(f"signature algorithm {algorithm} does not fit the key or is not supported")


def make_signature(key: PrivateKey, data: bytes, digest: Digest) -> tuple[bytes, bytes]:
    """The AlgorithmIdentifier (DER) and the signature of `data`."""
    if isinstance(key, rsa.RSAPrivateKey):
        return identifier(RSA_ENCRYPTION), key.sign(data, PKCS1, HASHES[digest])
    name = next(dotted for dotted, named in ECDSA_SIGNATURES.items() if named is digest)
    return ber.sequence(ber.oid(name)), key.sign(data, ec.ECDSA(HASHES[digest]))


def identifier(dotted: str, parameters: bytes | None = None) -> bytes:
    """An AlgorithmIdentifier in DER; parameters are NULL unless given."""
    return ber.sequence(ber.oid(dotted), ber.null() if parameters is None else parameters)
