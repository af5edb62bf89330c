"""The client's side of SCEP, made without the code under test: its own ASN.1 writer, cryptography and openssl."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.factories.asn1 import octets, printable
from tests.factories.cms_messages import Form, signed_message
from tests.factories.pki import Identity, authority, openssl

OID = "2.16.840.1.113733.1.9."
MESSAGE_TYPE, PKI_STATUS, FAIL_INFO, SENDER_NONCE, RECIPIENT_NONCE, TRANSACTION_ID = [OID + str(n) for n in range(2, 8)]
LEGACY = ["-provider", "legacy", "-provider", "default"]


@dataclass
class Client:
    """A client that signs with `signer`, and what it puts into its message."""

    signer: Identity
    message_type: str = "19"
    transaction_id: str = "8A2C0F33"
    nonce: bytes = field(default_factory=lambda: os.urandom(16))
    form: Form = Form()

    def attributes(self) -> dict[str, bytes]:
        return {
            MESSAGE_TYPE: printable(self.message_type),
            SENDER_NONCE: octets(self.nonce),
            TRANSACTION_ID: printable(self.transaction_id),
        }

    def message(self, envelope: bytes, attributes: dict[str, bytes] | None = None) -> bytes:
        told = self.attributes() if attributes is None else attributes
        form = self.form.__class__(**vars(self.form) | {"embed": envelope, "attributes": tuple(told.items())})
        return signed_message(self.signer, envelope, form)


def envelope(content: bytes, to: Identity | None = None) -> bytes:
    """`content` under AES-128 for the authority."""
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient((to or authority()).certificate)
    return builder.set_content_encryption_algorithm(AES128).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def openssl_envelope(content: bytes, cipher: str, folder: Path) -> bytes:
    authority().write(folder, "ca")
    arguments = ["cms", "-encrypt", "-binary", "-outform", "DER", f"-{cipher}", *LEGACY, "ca.pem"]
    return openssl(*arguments, folder=folder, stdin=content)


def received(answer: bytes, by: Identity, folder: Path) -> list[x509.Certificate]:
    """The certificates in a successful answer, its signature checked, as openssl reads them."""
    by.write(folder, "client")
    authority().write(folder, "ca")
    verify = ["cms", "-verify", "-binary", "-inform", "DER", "-CAfile", "ca.pem", "-purpose", "any"]
    inner = openssl(*verify, folder=folder, stdin=answer)
    decrypt = ["cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", "client.key", "-recip", "client.pem", *LEGACY]
    return pkcs7.load_der_pkcs7_certificates(openssl(*decrypt, folder=folder, stdin=inner))
