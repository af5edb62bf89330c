"""The server token as Apple hands it out: JSON in a message, encrypted to a public key, as an S/MIME file."""

import base64
import json
import textwrap

from cryptography import x509
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from onboarding.simulation.dep.mdm_server import MdmServer

HEADERS = (
    'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="smime.p7m"',
    "Content-Description: S/MIME Encrypted Message",
    "",
)


def token_file(server: MdmServer, public_key: bytes) -> bytes:
    """The .p7m for a certificate in PEM. Raises ValueError when it is none, or its key is not RSA."""
    recipient = x509.load_pem_x509_certificate(public_key)
    lines = ["Content-Type: text/plain;charset=UTF-8", "Content-Transfer-Encoding: 7bit", ""]
    lines += ["-----BEGIN MESSAGE-----", json.dumps(server.token), "-----END MESSAGE-----", ""]
    builder = pkcs7.PKCS7EnvelopeBuilder(_data="\r\n".join(lines).encode()).set_content_encryption_algorithm(AES128)
    try:
        message = builder.add_recipient(recipient).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    except TypeError as error:
        raise ValueError(str(error)) from error
    return "\r\n".join([*HEADERS, *textwrap.wrap(base64.b64encode(message).decode(), 76), ""]).encode()
