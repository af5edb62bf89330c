"""A device's identity: its RSA key and certificate, and the ``Mdm-Signature`` it makes with them."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from onboarding.simulation.apple_cms import Signer, sign_as_devices_do, sign_with_attributes

SignatureStyle = Literal["der", "der-sha1", "ber"]
"""``der``: signed attributes and SHA-256; ``der-sha1``: the same with SHA-1; ``ber``: as real devices sign."""

KeyFactory = Callable[[int], rsa.RSAPrivateKey]


def generate_key(bits: int) -> rsa.RSAPrivateKey:
    """A fresh RSA key. One of 2048 bits takes some 50 ms of one core: most of what an enrolment costs a device."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True)
class Identity(Signer):
    """A key and the certificate the server issued for it."""

    @cached_property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @cached_property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @classmethod
    def from_pem(cls, *, key_pem: str, certificate_pem: str) -> "Identity":
        """Raises ValueError when either is not readable or the key is not RSA."""
        # Proving the primes takes as long as finding them did; the key comes from a file this program wrote.
        key = serialization.load_pem_private_key(
            key_pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True
        )
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("an identity needs an RSA key")
        return cls(key, x509.load_pem_x509_certificate(certificate_pem.encode("ascii")))

    @classmethod
    def self_signed(cls, key: rsa.RSAPrivateKey, subject: x509.Name) -> "Identity":
        """The throw-away identity that signs a first SCEP request, valid for a day around now."""
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=12))
            .not_valid_after(now + timedelta(hours=12))
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def mdm_signature(self, body: bytes, style: SignatureStyle) -> str:
        """The value of the ``Mdm-Signature`` header for this request body: base64 of a detached CMS signature."""
        if style == "ber":
            signed = sign_as_devices_do(body, self)
        else:
            signed = sign_with_attributes(body, self, digest="sha1" if style == "der-sha1" else "sha256", detached=True)
        return base64.b64encode(signed).decode("ascii")
