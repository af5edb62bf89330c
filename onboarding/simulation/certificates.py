"""A certificate authority of our own that stands in for Apple's: for the APNs stand-in and for push certificates."""

import datetime
import fcntl
import ipaddress
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_DAYS = 3650
LEAF_DAYS = 365
RENEW_SERVER_CERTIFICATE_BEFORE = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PushCredentials:
    """A push certificate and its key, both PEM."""

    certificate_pem: bytes
    private_key_pem: bytes


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """Paths of two PEM files."""

    certificate: Path
    key: Path


class StandInRoot:
    """The authority kept in a directory as `ca.pem` and `ca.key`."""

    def __init__(self, directory: Path) -> None:
        """Load the authority, or create it when the directory has none. Two processes may do so at once.

        Raises OSError, or ValueError when the files are damaged.
        """
        self.directory = directory
        self.certificate_path = directory / "ca.pem"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if not self.certificate_path.exists():
                self._create()
        self.certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        self._key = _read_key(directory / "ca.key")

    def server_certificate(self, hostnames: Sequence[str], *, name: str = "apns") -> ServerCertificate:
        """`<name>.pem` and `<name>.key` in the directory, for these host names and addresses; renewed when need be."""
        files = ServerCertificate(certificate=self.directory / f"{name}.pem", key=self.directory / f"{name}.key")
        with self._alone():
            if not self._still_good(files, hostnames):
                key = ec.generate_private_key(ec.SECP256R1())
                subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostnames[0])])
                certificate = self._issue(
                    subject,
                    key.public_key(),
                    ExtendedKeyUsageOID.SERVER_AUTH,
                    alternative_names=_general_names(hostnames),
                )
                _write_private(files.key, _key_pem(key))
                _write_private(files.certificate, _pem(certificate))
        return files

    def issue_push_certificate(self, csr_pem: bytes, *, topic: str) -> bytes:
        """A push certificate (PEM) for the key of this request, as Apple's portal gives: its subject UID is the topic.

        Raises ValueError when the request is not one, is not signed by its own key, or its key is not RSA of 2048 bits
        or more.
        """
        csr = x509.load_pem_x509_csr(csr_pem)
        try:
            signed = csr.is_signature_valid
        except InvalidSignature:
            signed = False
        if not signed:
            raise ValueError("The certificate request is not signed by its own key.")
        key = csr.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
            raise ValueError("A push certificate needs an RSA key of at least 2048 bits.")
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.USER_ID, topic),
                x509.NameAttribute(NameOID.COMMON_NAME, f"APSP:{uuid.uuid4()}"),
                x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            ]
        )
        return _pem(self._issue(subject, key, ExtendedKeyUsageOID.CLIENT_AUTH))

    def new_push_credentials(self, *, topic: str) -> PushCredentials:
        """A new key with its push certificate, for callers that have no certificate request of their own."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        csr = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        certificate_pem = self.issue_push_certificate(csr.public_bytes(serialization.Encoding.PEM), topic=topic)
        return PushCredentials(certificate_pem=certificate_pem, private_key_pem=_key_pem(key))

    def _issue(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        purpose: x509.ObjectIdentifier,
        *,
        alternative_names: Sequence[x509.GeneralName] = (),
    ) -> x509.Certificate:
        issuer_key = self._key.public_key()
        builder = (
            _validity(LEAF_DAYS)
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        )
        if alternative_names:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Muster stand-in root")])
        certificate = (
            _validity(ROOT_DAYS)
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        # The key first: a directory with a certificate is taken to be complete.
        _write_private(self.directory / "ca.key", _key_pem(key))
        _write_private(self.certificate_path, _pem(certificate))

    def _still_good(self, files: ServerCertificate, hostnames: Sequence[str]) -> bool:
        if not (files.certificate.exists() and files.key.exists()):
            return False
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        lasts_until = datetime.datetime.now(datetime.UTC) + RENEW_SERVER_CERTIFICATE_BEFORE
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, InvalidSignature):
            return False
        return certificate.not_valid_after_utc > lasts_until and set(_general_names(hostnames)) <= set(names)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other processes that use this directory waiting."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _validity(days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks differ a little
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(hostnames: Sequence[str]) -> list[x509.GeneralName]:
    return [_general_name(hostname) for hostname in hostnames]


def _general_name(hostname: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(hostname))
    except ValueError:
        return x509.DNSName(hostname)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} does not hold the stand-in root's key.")
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, content: bytes) -> None:
    """Readable by the owner only, and never seen half written."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
