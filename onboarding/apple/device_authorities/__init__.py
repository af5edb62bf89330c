"""Who vouches for Apple's devices: pinned certificates, as data beside this file and in ADE_DEVICE_CA_FILE.

In both, what stands before a certificate belongs to it. A line `Intermediates: 1` lets the certificates that a device
carries along build a chain of so many to it; without one it must have issued the device's certificate itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog
from cryptography import x509
from django.conf import settings

from tenants.crypto.algorithms import CmsError
from tenants.crypto.certificates import is_authority, issued_by, load_certificate
from tenants.crypto.cms import Signed

log = structlog.get_logger(__name__)

MAX_CARRIED = 8  # a device sends three or four; each is tried as the issuer of each
MAX_INTERMEDIATES = 3
_HERE = Path(__file__).parent
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_INTERMEDIATES = re.compile(r"^Intermediates: *([0-9]+) *$", re.MULTILINE)


class UnusableAuthorities(ValueError):
    """A file of device authorities cannot be used; the text says why."""


@dataclass(frozen=True)
class DeviceAuthority:
    certificate: x509.Certificate
    intermediates: int = 0  # authorities that may stand between it and a device


def is_of_a_device(signed: Signed) -> bool:
    """Whether a pinned authority issued the signer's certificate. Dates do not count: Apple's have expired, and issue.

    That an authority is Apple's is not enough: it issues certificates to developers as well.
    """
    try:
        signer = signed.certificate
    except CmsError:
        return False
    carried = [der for der in signed.certificates if der != signed.certificate_der]
    if len(carried) > MAX_CARRIED:
        return False
    others = [found for der in carried if (found := _readable(der)) is not None]
    return any(_leads_to(signer, authority, others, 0) for authority in device_authorities())


def _readable(der: bytes) -> x509.Certificate | None:
    try:
        return load_certificate(der)
    except CmsError:
        return None


def _leads_to(
    certificate: x509.Certificate, authority: DeviceAuthority, carried: Sequence[x509.Certificate], below: int
) -> bool:
    """`below`: how many authorities stand between this certificate, itself included, and the device's."""
    if issued_by(certificate, authority.certificate) and _may_have_below(authority.certificate, below):
        return True
    if below >= authority.intermediates:
        return False
    issuers = [each for each in carried if issued_by(certificate, each) and _may_have_below(each, below)]
    return any(_leads_to(issuer, authority, carried, below + 1) for issuer in issuers)


def _may_have_below(issuer: x509.Certificate, authorities: int) -> bool:
    most = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return most is None or authorities <= most


def device_authorities() -> tuple[DeviceAuthority, ...]:
    """Those that come with Muster and the installation's own. A file that cannot be used costs only its own."""
    return (*_shipped(), *_configured())


@lru_cache(maxsize=1)
def _shipped() -> tuple[DeviceAuthority, ...]:
    return tuple(each for path in sorted(_HERE.glob("*.pem")) for each in read_authorities(path.read_text()))


def _configured() -> tuple[DeviceAuthority, ...]:
    try:
        return configured_authorities()
    except UnusableAuthorities as error:
        log.error("device_authorities_unusable", reason=str(error))
        return ()


def configured_authorities() -> tuple[DeviceAuthority, ...]:
    """Those of ADE_DEVICE_CA_FILE, as it is now. UnusableAuthorities if it is not to be read."""
    if not settings.ADE_DEVICE_CA_FILE:
        return ()
    path = Path(settings.ADE_DEVICE_CA_FILE)
    try:
        return _read_file(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableAuthorities(f"{path} cannot be read: {error}") from error


@lru_cache(maxsize=2)
def _read_file(path: Path, changed: int) -> tuple[DeviceAuthority, ...]:
    return read_authorities(path.read_text())


def read_authorities(text: str) -> tuple[DeviceAuthority, ...]:
    """The certificates in a PEM file with what is said of each before it."""
    found, read_to = [], 0
    for block in _CERTIFICATE.finditer(text):
        found.append(DeviceAuthority(_certificate(block[0]), _intermediates(text[read_to : block.start()])))
        read_to = block.end()
    if not found:
        raise UnusableAuthorities("there is no PEM certificate in it")
    return tuple(found)


def _certificate(pem: str) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if is_authority(certificate):
            return certificate
        raise UnusableAuthorities(f"{certificate.subject.rfc4514_string()} is no certificate authority")
    except UnusableAuthorities:
        raise
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise UnusableAuthorities(f"a certificate in it is malformed: {error}") from error


def _intermediates(told: str) -> int:
    found = _INTERMEDIATES.search(told)
    count = int(found[1]) if found else 0
    if count > MAX_INTERMEDIATES:
        raise UnusableAuthorities(f"more than {MAX_INTERMEDIATES} intermediates are not followed")
    return count
