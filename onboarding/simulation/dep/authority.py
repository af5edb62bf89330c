"""An authority that vouches for simulated devices as Apple's does for real ones, and the identities it gives them.

Only who is told to (ADE_DEVICE_CA_FILE) trusts it. Apple's own chain is iPhone Certification Authority, iPhone Device
CA, device; the certificate of the second ended in 2014, and it issues all the same.
"""

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from onboarding.simulation.apple_cms import DigestName, sign_with_attributes
from onboarding.simulation.apple_der import NULL, oid, read_der, sequence, tlv

Kind = Literal["plain", "intermediate", "ecdsa", "sha1", "expired"]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
SHA1_WITH_RSA = sequence(oid("1.2.840.113549.1.1.5"), NULL)
DEVICE_BITS = 2048
ABOVE, ISSUER = "Stand-in iPhone Certification Authority", "Stand-in iPhone Device CA"
EXPIRED = dt.datetime(2014, 4, 16, 22, 54, 46, tzinfo=dt.UTC)


@dataclass(frozen=True)
class DeviceIdentity:
    """What a device was given in the factory: a key, its certificate, and those of its issuers that it sends along."""

    key: Key
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def sign(self, content: bytes, *, digest: DigestName = "sha256") -> bytes:
        """SignedData in DER, the content inside."""
        return sign_with_attributes(content, self, digest=digest, detached=False, carried=self.chain)

    def to_json(self) -> dict[str, Any]:
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"key": key.decode(), "certificates": [_pem(each) for each in (self.certificate, *self.chain)]}

    @classmethod
    def from_json(cls, key: str, certificates: Sequence[str]) -> "DeviceIdentity":
        """Raises ValueError."""
        read = serialization.load_pem_private_key(key.encode(), None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(read, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("A device's key is RSA or elliptic.")
        leaf, *chain = (x509.load_pem_x509_certificate(each.encode()) for each in certificates)
        return cls(read, leaf, tuple(chain))


class DeviceAuthority:
    """`intermediate`: what is trusted stands above the issuer of devices. `sha1`: it signs devices as Apple once did.

    `expired`: the issuer's own time is over, as that of Apple's. `ecdsa`: all keys are elliptic. `key`: of the
    issuer, in PEM as `key_pem` gave it; without, it is drawn.
    """

    def __init__(self, kind: Kind = "plain", *, key: bytes = b"") -> None:
        self.kind = kind
        self._key = _read_key(key) if key else self._drawn()
        above = self._drawn() if kind == "intermediate" else self._key  # nobody looks at it otherwise
        self.above = self._authority(ABOVE, ABOVE, above, above)
        self.issuer = self._authority(ISSUER, ABOVE, self._key, above)

    @property
    def trusted_pem(self) -> str:
        """What ADE_DEVICE_CA_FILE is to hold."""
        if self.kind == "intermediate":
            return f"Intermediates: 1\n{_pem(self.above)}"
        return _pem(self.issuer)

    @property
    def key_pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def carried(self) -> tuple[x509.Certificate, ...]:
        """What devices send along with their own certificates."""
        return (self.issuer, self.above) if self.kind == "intermediate" else (self.issuer,)

    def identity(self, name: str = "device", *, key: Key | None = None) -> DeviceIdentity:
        """Of a new device; `key`: instead of a new one."""
        key = key or (ec.generate_private_key(ec.SECP256R1()) if self.kind == "ecdsa" else _rsa_key())
        return DeviceIdentity(key, self.certify(key.public_key(), name), self.carried)

    def certify(self, key: PublicKey, name: str) -> x509.Certificate:
        """A device's certificate. Apple's are for the activation of the device, and name it by a UUID."""
        subject = _name(name, unit="iPhone")
        made = _builder(subject, self.issuer.subject, key, years=3)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        certificate = made.sign(self._key, hashes.SHA256())
        return _with_sha1(certificate, self._key) if self.kind == "sha1" else certificate

    def certify_pem(self, public_key: str, name: str) -> dict[str, list[str]]:
        """For a key in PEM: its certificate and those that go along. Raises ValueError."""
        key = serialization.load_pem_public_key(public_key.encode())
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise ValueError("A device's key is RSA or elliptic.")
        return {"certificates": [_pem(each) for each in (self.certify(key, name), *self.carried)]}

    def _drawn(self) -> Key:
        return ec.generate_private_key(ec.SECP256R1()) if self.kind == "ecdsa" else _rsa_key()

    def _authority(self, name: str, issuer: str, key: Key, signer: Key) -> x509.Certificate:
        expires = EXPIRED if self.kind == "expired" and name == ISSUER else None
        made = _builder(_name(name), _name(issuer), key.public_key(), years=20, expires=expires)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return made.sign(signer, hashes.SHA256())


def kept_authority(directory: Path) -> DeviceAuthority:
    """The authority of a directory: its keys in `device-ca.key`, what to trust in `device-ca.pem`; made if need be."""
    path = directory / "device-ca.key"
    authority = DeviceAuthority(key=path.read_bytes() if path.exists() else b"")
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(authority.key_pem)
    trusted_file(directory).write_text(authority.trusted_pem)
    return authority


def trusted_file(directory: Path) -> Path:
    return directory / "device-ca.pem"


def _name(common: str, *, unit: str = "Stand-in iPhone") -> x509.Name:
    pairs = [
        (NameOID.COUNTRY_NAME, "US"),
        (NameOID.ORGANIZATION_NAME, "Stand-in of Apple Inc."),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common),
    ]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, *, years: int, expires: dt.datetime | None = None
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    ends = expires or now + dt.timedelta(days=365 * years)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - dt.timedelta(days=365))
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _with_sha1(certificate: x509.Certificate, key: Key) -> x509.Certificate:
    """The same certificate signed with SHA-1, which `cryptography` no longer makes."""
    assert isinstance(key, rsa.RSAPrivateKey)
    parts = [each.raw for each in read_der(certificate.tbs_certificate_bytes).children()]
    parts[2] = SHA1_WITH_RSA  # after the version and the serial number
    body = sequence(*parts)
    signature = key.sign(body, PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(sequence(body, SHA1_WITH_RSA, tlv(0x03, b"\0", signature)))


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=DEVICE_BITS)


def _read_key(pem: bytes) -> Key:
    key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("An authority's key is RSA or elliptic.")
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
