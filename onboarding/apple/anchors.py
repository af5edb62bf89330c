"""The certificates by which devices in their set-up trust this server, as Apple hands them on (`anchor_certs`)."""

import base64
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class UnusableAnchors(Exception):
    """No PEM of certificates."""


@lru_cache(maxsize=4)
def anchors(pem: str) -> tuple[str, ...]:
    """Base64 of DER; none if there is no text. Raises UnusableAnchors."""
    if not pem.strip():
        return ()
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise UnusableAnchors(f"DEP_ANCHOR_CERTIFICATES is no PEM of certificates: {error}") from None
    return tuple(base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in found)
