"""The file that Apple's push certificates portal takes: a customer's signing request, signed by an MDM vendor.

https://developer.apple.com/documentation/devicemanagement/setting-up-push-notifications-for-your-mdm-customers
"""

import base64
import datetime as dt
import plistlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class UnusableVendor(Exception):
    """The vendor's certificate or key cannot sign requests; the text says why, for the operator."""


@dataclass(frozen=True)
class Vendor:
    """Apple's MDM vendor certificate, with what it was issued by up to the root, and its key."""

    chain: tuple[x509.Certificate, ...]
    key: rsa.RSAPrivateKey


def load_vendor(certificate_pem: bytes, key_pem: bytes, *, now: dt.datetime) -> Vendor:
    """Raises UnusableVendor. `certificate_pem`: the vendor's certificate first, the root last."""
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificate_pem))
        public = chain[0].public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise UnusableVendor("the certificate file is not PEM, or damaged") from None
    key = _load_key(key_pem)
    if public != key.public_key():
        raise UnusableVendor("the key is not that of the first certificate in the certificate file")
    if not chain[0].not_valid_before_utc <= now <= chain[0].not_valid_after_utc:
        raise UnusableVendor(f"the certificate is valid until {chain[0].not_valid_after_utc:%Y-%m-%d} only")
    _require_complete(chain)
    return Vendor(chain, key)


def vendor_signed(request: x509.CertificateSigningRequest, vendor: Vendor) -> str:
    """Base64 of an XML property list."""
    der = request.public_bytes(serialization.Encoding.DER)
    signature = vendor.key.sign(der, padding.PKCS1v15(), hashes.SHA256())
    pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in vendor.chain)
    document = {
        "PushCertRequestCSR": base64.b64encode(der).decode(),
        "PushCertCertificateChain": pem.decode(),
        "PushCertSignature": base64.b64encode(signature).decode(),
    }
    return base64.b64encode(plistlib.dumps(document)).decode()


def _load_key(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise UnusableVendor("the key file has a passphrase; store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableVendor("the key file is not a PEM private key, or damaged") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnusableVendor("the key is not an RSA key")
    return key


def _require_complete(chain: tuple[x509.Certificate, ...]) -> None:
    """By names: the portal checks the signatures, with roots of its own."""
    for issued, issuer in zip(chain, chain[1:], strict=False):
        if issued.issuer != issuer.subject:
            raise UnusableVendor("each certificate in the certificate file must be followed by that of its issuer")
    if chain[-1].issuer != chain[-1].subject:
        raise UnusableVendor(
            "the certificate file does not end with a root: it needs the vendor's certificate, Apple's WWDR "
            "intermediate and the Apple root, in this order"
        )
