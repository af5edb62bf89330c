"""What Apple's push certificates portal returns, read and checked. Nothing of a refused file is repeated."""

import datetime as dt
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from django.utils import timezone

from config.api.errors import BadRequest
from tenants.file_kinds import kind_of

REFUSED = "invalid APNs certificate"
ADVICE = "Upload the .pem file that Apple's push certificates portal (identity.apple.com/pushcert) gives."
LARGEST = 64 * 1024  # bytes; Apple's have some 2,000
TOPIC = re.compile(r"com\.apple\.mgmt\.[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class PushCertificate:
    pem: str
    topic: str
    created_at: dt.datetime
    expires_at: dt.datetime


def read_push_certificate(file: bytes, public_key: bytes) -> PushCertificate:
    """BadRequest unless it is a certificate (PEM or DER) for this key (DER), in date, with a topic for MDM."""
    if len(file) > LARGEST:
        raise BadRequest(f"{REFUSED}: the file is too large to be one. {ADVICE}")
    certificate = _load(file)
    try:
        theirs = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        read = PushCertificate(
            pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
            topic=_topic(certificate.subject),
            created_at=certificate.not_valid_before_utc,
            expires_at=certificate.not_valid_after_utc,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: a name of a type that names have not
        raise BadRequest(f"{REFUSED}: its contents are damaged. {ADVICE}") from None
    if theirs != public_key:
        raise BadRequest(
            f"{REFUSED}: it was made for another key. Upload it to the record whose request was given to Apple."
        )
    _require_in_date(read)
    _require_topic(read.topic)
    return read


def _load(file: bytes) -> x509.Certificate:
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in file else x509.load_der_x509_certificate
    try:
        return load(file)
    except (ValueError, x509.InvalidVersion):
        kind = kind_of(file)
    if kind in {"", "a certificate"}:
        raise BadRequest(f"{REFUSED}: the file is not a PEM or DER certificate, or it is damaged. {ADVICE}")
    raise BadRequest(f"{REFUSED}: the file is {kind}. {ADVICE}")


def _topic(subject: x509.Name) -> str:
    """The push topic stands in the subject's user id (UID)."""
    return next((str(item.value) for item in subject.get_attributes_for_oid(NameOID.USER_ID)), "")


def _require_topic(topic: str) -> None:
    if not TOPIC.fullmatch(topic):
        raise BadRequest(
            f"{REFUSED}: its subject carries no com.apple.mgmt topic; is it the push certificate of an app? {ADVICE}"
        )


def _require_in_date(read: PushCertificate) -> None:
    now = timezone.now()
    if now > read.expires_at:
        raise BadRequest(f"{REFUSED}: it is valid until {read.expires_at:%Y-%m-%d} only. Renew it at Apple.")
    if now < read.created_at:
        raise BadRequest(f"{REFUSED}: it is valid from {read.created_at:%Y-%m-%d} on. Is the server's clock right?")
