"""What a tenant uploads to Apple for its push certificate."""

from dataclasses import dataclass

import structlog
from cryptography import x509
from django.conf import settings
from django.utils import timezone

from config.api.errors import BadRequest
from tenants.crypto.push_requests import UnusableVendor, Vendor, load_vendor, vendor_signed

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PushRequest:
    text: str
    is_vendor_signed: bool

    @property
    def file_name(self) -> str:
        return f"Muster_Push_Certificate_Request.{'plist' if self.is_vendor_signed else 'csr'}"


def configured_vendor() -> Vendor | None:
    """This installation's MDM vendor, None if it has none. UnusableVendor when its settings do not fit."""
    certificate, key = settings.MDM_VENDOR_CERTIFICATE, settings.MDM_VENDOR_KEY
    if not certificate and not key:
        return None
    if not certificate or not key:
        lacking = "MDM_VENDOR_KEY" if certificate else "MDM_VENDOR_CERTIFICATE"
        raise UnusableVendor(f"{lacking}_FILE is not set")
    return load_vendor(certificate.encode(), key.encode(), now=timezone.now())


def usable_vendor() -> Vendor | None:
    """The same, for a caller of the API: BadRequest when the operator has to do something first."""
    try:
        return configured_vendor()
    except UnusableVendor as error:
        log.error("mdm_vendor_unusable", reason=str(error))
        raise BadRequest(
            f"The MDM vendor certificate of this installation cannot be used: {error}. Nothing was created; ask the "
            "operator to correct MDM_VENDOR_CERTIFICATE_FILE and MDM_VENDOR_KEY_FILE."
        ) from None


def push_request(signing_request: str, vendor: Vendor | None) -> PushRequest:
    """The portal's file when there is a vendor, else the request itself (PEM), for a vendor to sign."""
    if vendor is None:
        return PushRequest(signing_request, is_vendor_signed=False)
    csr = x509.load_pem_x509_csr(signing_request.encode())
    return PushRequest(vendor_signed(csr, vendor), is_vendor_signed=True)
