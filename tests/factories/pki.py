"""Keys and certificates for tests. Keys are made once per run, because RSA keys are slow to make."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tests.factories.asn1 import integer, oid, raw_parts, tlv

SHA1_WITH_RSA = "1.2.840.113549.1.1.5"
NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2040, 1, 1, tzinfo=UTC)

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def write(self, folder: Path, name: str) -> None:
        """`<name>.pem` with the certificate and `<name>.key` with the key."""
        (folder / f"{name}.pem").write_text(pem(self.certificate))
        (folder / f"{name}.key").write_text(key_pem(self.key))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def key_pem(key: Any) -> str:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def identity(
    common_name: str,
    *,
    issuer: Identity | None = None,
    key: Any = None,
    ca: bool | None = False,
    key_usage: x509.KeyUsage | None = None,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
    hosts: Sequence[str] = (),
) -> Identity:
    """A certificate and its key; self-signed without issuer; `ca=None` leaves basicConstraints out."""
    key = key or rsa_key(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer.certificate.subject if issuer else name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if key_usage is not None:
        builder = builder.add_extension(key_usage, critical=True)
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@cache
def authority() -> Identity:
    return identity("Device CA", ca=True)


@cache
def device() -> Identity:
    return identity("Device", issuer=authority())


@cache
def ec_device() -> Identity:
    return identity("EC Device", issuer=authority(), key=ec_key("EC Device"))


def with_sha1(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> x509.Certificate:
    """The same certificate signed with SHA-1, which cryptography no longer makes."""
    return x509.load_der_x509_certificate(
        resigned_with_sha1(certificate.tbs_certificate_bytes, algorithm_at=2, key=key)
    )


def resigned_with_sha1(body: bytes, *, algorithm_at: int | None, key: rsa.RSAPrivateKey) -> bytes:
    """`body` (of a certificate or a CSR) with a SHA-1 signature; the algorithm is also named inside a certificate."""
    algorithm = tlv(0x30, oid(SHA1_WITH_RSA), b"\x05\x00")
    parts = raw_parts(body)
    if algorithm_at is not None:
        parts[algorithm_at] = algorithm
    body = tlv(0x30, *parts)
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return tlv(0x30, body, algorithm, tlv(0x03, b"\0", signature))


def signing_request(key: rsa.RSAPrivateKey, *, challenge: str | None) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name("Requested"))
    if challenge is not None:
        builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, challenge.encode())
    return builder.sign(key, hashes.SHA256())


def openssl(*arguments: str, folder: Path, stdin: bytes = b"", check: bool = True) -> bytes:
    """What the openssl command prints; an AssertionError with its complaint when it fails."""
    done = subprocess.run(["openssl", *arguments], cwd=folder, input=stdin, capture_output=True, timeout=20)
    if check:
        assert done.returncode == 0, done.stderr.decode()
    return done.stdout if check else done.stdout + done.stderr


def serial_as_der(certificate: x509.Certificate) -> bytes:
    return integer(certificate.serial_number)
