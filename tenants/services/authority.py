"""Making the certificate authority of a tenant's devices, and certificates with it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.utils import timezone

from tenants.models import DeviceAuthority, Tenant

AUTHORITY_YEARS = 20
IDENTITY_DAYS = 2 * 365
SKEW = dt.timedelta(hours=1)  # devices whose clock is slow must not find a new certificate "not yet valid"


@dataclass(frozen=True)
class Authority:
    """A tenant's authority, its keys opened. Keep it no longer than a request."""

    tenant_id: uuid.UUID
    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    signer_certificate: x509.Certificate
    signer_private_key: rsa.RSAPrivateKey


def create_device_authority(*, tenant: Tenant) -> DeviceAuthority:
    key, signer_key = _new_key(), _new_key()
    name = _name(f"{tenant.name} device authority", tenant)
    certificate = _build(
        subject=name, issuer=name, public_key=key.public_key(), signing_key=key, days=365 * AUTHORITY_YEARS, ca=True
    )
    signer = _build(
        subject=_name(f"{tenant.name} profiles", tenant),
        issuer=name,
        public_key=signer_key.public_key(),
        signing_key=key,
        days=365 * AUTHORITY_YEARS - 1,
        ca=False,
    )
    return DeviceAuthority.objects.create(
        tenant=tenant,
        certificate=_pem(certificate),
        private_key=_key_pem(key),
        signer_certificate=_pem(signer),
        signer_private_key=_key_pem(signer_key),
    )


def open_authority(*, tenant: Tenant) -> Authority:
    row = DeviceAuthority.objects.get(tenant=tenant)
    return Authority(
        tenant_id=tenant.pk,
        certificate=_certificate(row.certificate),
        private_key=_private_key(row.private_key),
        signer_certificate=_certificate(row.signer_certificate),
        signer_private_key=_private_key(row.signer_private_key),
    )


def issue_identity(*, authority: Authority, public_key: rsa.RSAPublicKey, subject: x509.Name) -> x509.Certificate:
    """A device identity: client authentication only, valid two years."""
    return _build(
        subject=subject,
        issuer=authority.certificate.subject,
        public_key=public_key,
        signing_key=authority.private_key,
        days=IDENTITY_DAYS,
        ca=False,
        client=True,
    )


def _build(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    public_key: rsa.RSAPublicKey,
    signing_key: rsa.RSAPrivateKey,
    days: int,
    ca: bool,
    client: bool = False,
) -> x509.Certificate:
    now = timezone.now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if client:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(signing_key, hashes.SHA256())


def _usage(*, ca: bool) -> x509.KeyUsage:
    """The authority also signs and decrypts SCEP messages, so it keeps those usages."""
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, tenant: Tenant) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, tenant.name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, str(tenant.pk)),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=256)
def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """A key that we made and sealed ourselves: proving its primes again would cost more than a signature."""
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a device authority has an RSA key")
    return key
