"""Cryptographic Message Syntax as the device protocols use it: one import for signing, verifying and envelopes."""

from tenants.crypto.algorithms import (
    AnotherRecipientError,
    CmsError,
    Digest,
    PrivateKey,
    PublicKey,
    UnsupportedAlgorithmError,
)
from tenants.crypto.certificates import issued_by
from tenants.crypto.enveloped_data import Cipher, Opened, decrypt_enveloped, encrypt_enveloped, open_enveloped
from tenants.crypto.signed_data import Signed, certificates_only, sign, verify_signed

__all__ = [
    "AnotherRecipientError",
    "Cipher",
    "CmsError",
    "Digest",
    "Opened",
    "PrivateKey",
    "PublicKey",
    "Signed",
    "UnsupportedAlgorithmError",
    "certificates_only",
    "decrypt_enveloped",
    "encrypt_enveloped",
    "issued_by",
    "open_enveloped",
    "sign",
    "verify_signed",
]
