"""Push certificates as Apple's portal returns them, the rows that wait for them, and forms to upload them with."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from tenants.models import ApnsCertificate, Tenant
from tests.factories.pki import authority, key_pem, rsa_key

TOPIC = "com.apple.mgmt.External.0c1fd2b8-7d1c-44a3-b1a4-3f8a2bd1fd9f"
APPLE_ID = "mdm@example.org"
KEY = "push"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Form:
    body: bytes
    content_type: str = MULTIPART_CONTENT


def upload(file: bytes | str | None, *, apple_id: str | None = APPLE_ID, **fields: str) -> Form:
    """The multipart form of PUT; what is None is left out."""
    data = file.encode() if isinstance(file, str) else file
    told: dict[str, Any] = {"apple_id": apple_id, **fields}
    if data is not None:
        told["file"] = SimpleUploadedFile("push.pem", data)
    return Form(encode_multipart(BOUNDARY, {name: value for name, value in told.items() if value is not None}))


def waiting_certificate(tenant: Tenant, key: str = KEY, **fields: Any) -> ApnsCertificate:
    """A row whose key pair and request are made; the same key for the same name."""
    made = {
        "private_key": key_pem(rsa_key(key)).encode(),
        "signing_request": signing_request(key),
        "created_by": "tests",
        "updated_by": "tests",
    }
    return ApnsCertificate.objects.create(tenant=tenant, **{**made, **fields})


@cache
def signing_request(key: str) -> str:
    csr = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(rsa_key(key), hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def certificate(
    *,
    topic: str | None = TOPIC,
    key: Any = None,
    begins: dt.timedelta = -DAY,
    ends: dt.timedelta = 365 * DAY,
    now: dt.datetime | None = None,
) -> x509.Certificate:
    """As Apple signs it: the topic is the subject's user id."""
    moment = now or timezone.now()
    names = [x509.NameAttribute(NameOID.COMMON_NAME, "APSP:tests")]
    if topic is not None:
        names.insert(0, x509.NameAttribute(NameOID.USER_ID, topic))
    issuer = authority()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.certificate.subject)
        .public_key((key or rsa_key(KEY)).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment + begins)
        .not_valid_after(moment + ends)
    )
    return builder.sign(issuer.key, hashes.SHA256())


def push_certificate(**fields: Any) -> str:
    """The same, PEM."""
    return certificate(**fields).public_bytes(serialization.Encoding.PEM).decode()
