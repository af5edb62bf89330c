"""Who speaks: the certificate behind a device's request, by its signature or from a listed proxy.

`Mdm-Signature`: https://developer.apple.com/documentation/devicemanagement/implementing-device-management
(a CMS SignedData over the body, base64, detached).
"""

import base64
import hashlib
import urllib.parse
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest

from tenants.crypto.cms import CmsError, verify_signed

MAX_SIGNATURE = 16 * 1024


class UnidentifiedError(Exception):
    """The request proves no identity; the text says why."""


@dataclass(frozen=True)
class Identity:
    """A proven certificate. Trust is decided by its pin (a known enrolment) or its issuer (a new one)."""

    certificate_der: bytes
    sha256: str  # hex


def identify(request: HttpRequest, body: bytes) -> Identity:
    """The certificate that signed the body, or that a trusted proxy vouches for; UnidentifiedError otherwise."""
    signature = request.META.get("HTTP_MDM_SIGNATURE")
    if signature:
        return _from_signature(signature, body)
    if settings.MDM_CERTIFICATE_HEADER and request.META.get("REMOTE_ADDR") in settings.TRUSTED_PROXIES:
        return _from_proxy(request)
    raise UnidentifiedError("the request carries no Mdm-Signature")


def _from_signature(signature: str, body: bytes) -> Identity:
    if len(signature) > MAX_SIGNATURE:
        raise UnidentifiedError("the Mdm-Signature is too long")
    try:
        message = base64.b64decode("".join(signature.split()), validate=True)
        signed = verify_signed(message, content=body)
    except CmsError as error:
        raise UnidentifiedError(f"the Mdm-Signature does not hold: {error}") from None
    except ValueError:  # binascii.Error, and what b64decode says about characters beyond ASCII
        raise UnidentifiedError("the Mdm-Signature is not base64") from None
    return Identity(signed.certificate_der, signed.certificate_sha256.hex())


def _from_proxy(request: HttpRequest) -> Identity:
    """The client certificate of a TLS connection that a listed proxy ended: PEM, URL-quoted or with spaces in it."""
    text = urllib.parse.unquote(request.headers.get(settings.MDM_CERTIFICATE_HEADER, ""))
    if not text:
        raise UnidentifiedError("the proxy passed no client certificate on")
    body = text.replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "")
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        raise UnidentifiedError("the proxy's client certificate is malformed") from None
    der = certificate.public_bytes(Encoding.DER)
    return Identity(der, hashlib.sha256(der).hexdigest())
