"""What devices send on connecting, signed beforehand, so that signing costs nothing while connects are measured."""

import base64
import datetime as dt
import uuid
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from onboarding.simulation.apple_cms import Signer, sign_as_devices_do
from onboarding.simulation.identity import generate_key

PLIST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
{entries}</dict>
</plist>
"""


@dataclass(frozen=True)
class Phone:
    """An enrolled device: all of them share one key, since a device is told by its certificate."""

    udid: str
    signer: Signer

    @property
    def certificate_der(self) -> bytes:
        return self.signer.certificate.public_bytes(Encoding.DER)

    def idle(self) -> bytes:
        return self._request({"Status": "Idle", "UDID": self.udid})

    def acknowledged(self, command: uuid.UUID) -> bytes:
        return self._request({"CommandUUID": str(command), "Status": "Acknowledged", "UDID": self.udid})

    def _request(self, message: dict[str, str]) -> bytes:
        entries = "".join(f"\t<key>{key}</key>\n\t<string>{value}</string>\n" for key, value in message.items())
        body = PLIST.format(entries=entries).encode()
        signature = base64.b64encode(sign_as_devices_do(body, self.signer))
        lines = [
            b"PUT /mdm/connect HTTP/1.1",
            b"Host: 127.0.0.1",
            b"Content-Type: application/xml; charset=UTF-8",
            b"Accept: */*",
            b"User-Agent: MDM/1.0",
            b"Mdm-Signature: " + signature,
            b"Content-Length: %d" % len(body),
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def phones(udids: list[str]) -> list[Phone]:
    key = generate_key(2048)
    return [Phone(udid, Signer(key, _certificate(key, udid))) for udid in udids]


def _certificate(key: rsa.RSAPrivateKey, udid: str) -> x509.Certificate:
    """As our SCEP issues them, in size and kind."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bench"), x509.NameAttribute(NameOID.COMMON_NAME, udid)]
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench device authority")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
