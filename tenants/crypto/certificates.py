"""What CMS needs to know of a certificate, read without the strictness (and cost) of a full X.509 parser."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from tenants.crypto import ber
from tenants.crypto.algorithms import (
    MAX_RSA_BITS,
    SIGNATURE_DIGESTS,
    CmsError,
    PublicKey,
    UnsupportedAlgorithmError,
    signature_holds,
)

SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
CLOCK_SKEW = timedelta(minutes=5)
MAX_CERTIFICATE_OCTETS = 16 * 1024  # strangers' certificates are kept for a while too

_EXPLICIT_VERSION = 0xA0
_EXPLICIT_EXTENSIONS = 0xA3


class Outline:
    """The parts of a certificate by which messages refer to it. Names and serial are kept as encoded."""

    def __init__(self, der: bytes) -> None:
        certificate = ber.parse(der).elements(3)
        body = certificate[0].elements(6)
        fields = body[1:] if body[0].tag == _EXPLICIT_VERSION else body
        if len(fields) < 6:
            raise ber.BerError("certificate lacks a field")
        self.serial = fields[0].expect(ber.INTEGER).body
        self.issuer = fields[2].expect(ber.SEQUENCE).raw
        self.subject = fields[4].expect(ber.SEQUENCE).raw
        self._signed = certificate[0]
        self.signature_algorithm = certificate[1].elements(1)[0].oid()
        self.signature = certificate[2].body[1:]  # the first octet of a BIT STRING counts unused bits
        self._key_info = fields[5].expect(ber.SEQUENCE).raw
        self._extensions = next((field for field in fields[6:] if field.tag == _EXPLICIT_EXTENSIONS), None)

    @property
    def signed(self) -> bytes:
        """The part of the certificate that its issuer signed."""
        return self._signed.raw

    @cached_property
    def public_key(self) -> PublicKey:
        return load_public_key(self._key_info)

    @cached_property
    def key_identifier(self) -> bytes | None:
        """The subjectKeyIdentifier extension, if there is one."""
        if self._extensions is None:
            return None
        for extension in self._extensions.elements(1, _EXPLICIT_EXTENSIONS)[0].elements(0):
            parts = extension.elements(2)
            if parts[0].oid() == SUBJECT_KEY_IDENTIFIER:
                return ber.parse(parts[-1].octets()).expect(ber.OCTET_STRING).octets()
        return None


@lru_cache(maxsize=1024)
def outline(der: bytes) -> Outline:
    """The outline of a certificate, kept with its loaded key because devices come back. CmsError when malformed."""
    if len(der) > MAX_CERTIFICATE_OCTETS:
        raise CmsError("certificate is too large")
    try:
        return Outline(der)
    except ber.BerError as error:
        raise CmsError(f"certificate is malformed: {error}") from error


def outline_of(certificate: x509.Certificate) -> Outline:
    return outline(certificate.public_bytes(Encoding.DER))


def load_certificate(der: bytes) -> x509.Certificate:
    """An X.509 certificate; CmsError when it is malformed."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise CmsError(f"certificate is malformed: {error}") from error


def load_public_key(key_info: bytes) -> PublicKey:
    """The RSA or EC key in a SubjectPublicKeyInfo."""
    try:
        key = load_der_public_key(key_info)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnsupportedAlgorithmError(f"public key cannot be used: {error}") from error
    if isinstance(key, ec.EllipticCurvePublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size <= MAX_RSA_BITS
    ):
        return key
    raise UnsupportedAlgorithmError("public key is neither RSA of a usable size nor elliptic-curve")


def issued_by(certificate: x509.Certificate, authority: x509.Certificate, *, at: datetime | None = None) -> bool:
    """Whether `authority`, a CA, issued `certificate` directly.

    SHA-1 signatures and 1024-bit keys count too, as devices still carry them. Validity dates matter only when `at` (an
    aware datetime) is given; then `certificate` must be valid at that time, give or take CLOCK_SKEW.
    """
    try:
        if not is_authority(authority) or not _signed(certificate, authority):
            return False
        return at is None or (
            certificate.not_valid_before_utc - CLOCK_SKEW <= at <= certificate.not_valid_after_utc + CLOCK_SKEW
        )
    except (ValueError, x509.DuplicateExtension):
        return False  # an extension, name or date that cannot be read


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may issue certificates. ValueError or DuplicateExtension when its extensions cannot be read."""
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


@lru_cache(maxsize=1024)
def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    subject, issuer = outline_of(certificate), outline_of(authority)
    digest = SIGNATURE_DIGESTS.get(subject.signature_algorithm)
    return (
        digest is not None
        and subject.issuer == issuer.subject
        and signature_holds(
            issuer.public_key,
            subject.signature,
            subject.signed,
            algorithm=subject.signature_algorithm,
            digest=digest,
        )
    )
