"""The life of a tenant's APNs certificate: key pair and CSR, then Apple's signed certificate."""

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import transaction
from django.utils import timezone

from config.api.errors import BadRequest
from tenants import audit
from tenants.actors import Actor
from tenants.models import ApnsCertificate, Tenant

log = structlog.get_logger(__name__)

TOPIC_PREFIX = "com.apple.mgmt"


@transaction.atomic
def create_apns_certificate(*, tenant: Tenant, actor: Actor) -> ApnsCertificate:
    """A new key pair and its signing request, waiting for Apple's certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    row = _waiting_row(tenant, key, actor)
    audit.record(actor=actor, action="apns_certificate.requested", subject=row)
    return row


@transaction.atomic
def import_apns_certificate(
    *, tenant: Tenant, certificate_file: bytes, key_file: bytes, apple_id: str, actor: Actor, force: bool = False
) -> ApnsCertificate:
    """A certificate whose key was made elsewhere. BadRequest when the two do not fit, or as for a completed one."""
    try:
        key = serialization.load_pem_private_key(key_file, password=None)
    except (ValueError, TypeError):
        raise BadRequest("The key file is not a PEM private key without a passphrase.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadRequest("The key is not an RSA key.")
    row = _waiting_row(tenant, key, actor)
    return complete_apns_certificate(certificate=row, pem=certificate_file, apple_id=apple_id, actor=actor, force=force)


def _waiting_row(tenant: Tenant, key: rsa.RSAPrivateKey, actor: Actor) -> ApnsCertificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{tenant.name} MDM push"[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return ApnsCertificate.objects.create(
        tenant=tenant,
        private_key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        signing_request=request.public_bytes(serialization.Encoding.PEM).decode(),
        created_by=actor.name,
        updated_by=actor.name,
    )


@transaction.atomic
def complete_apns_certificate(
    *, certificate: ApnsCertificate, pem: bytes, apple_id: str, actor: Actor, force: bool = False
) -> ApnsCertificate:
    """Apple's signed certificate for a waiting request. BadRequest when it does not fit.

    Also when its topic is not that of the tenant's devices, unless forced: they would all have to enrol again.
    """
    row = ApnsCertificate.objects.select_for_update().get(pk=certificate.pk)
    signed = _parse(pem)
    key = serialization.load_pem_private_key(row.private_key, password=None)
    if _public_bytes(signed.public_key()) != _public_bytes(key.public_key()):
        raise BadRequest("invalid APNs certificate: it was made for another key.")
    now = timezone.now()
    if not signed.not_valid_before_utc <= now <= signed.not_valid_after_utc:
        raise BadRequest(f"invalid APNs certificate: it is valid until {signed.not_valid_after_utc:%Y-%m-%d} only.")
    row.topic = _topic(signed)
    if not force:
        _refuse_another_topic(row)
    row.certificate = signed.public_bytes(serialization.Encoding.PEM).decode()
    row.cert_created_at = signed.not_valid_before_utc
    row.cert_expiry_on = signed.not_valid_after_utc
    row.apple_id = apple_id
    row.state = ApnsCertificate.State.COMPLETED
    row.topic_stopped_at, row.topic_stopped_reason = None, ""
    row.updated_by = actor.name
    row.full_clean()
    row.save()
    audit.record(actor=actor, action="apns_certificate.completed", subject=row, details={"topic": row.topic})
    return row


def stop_topic(*, certificate: ApnsCertificate, reason: str) -> None:
    """Apple refuses this certificate: no more pushes with it until another one is completed."""
    stopped = ApnsCertificate.objects.filter(pk=certificate.pk, topic_stopped_at__isnull=True).update(
        topic_stopped_at=timezone.now(), topic_stopped_reason=reason[:128]
    )
    if stopped:
        log.error("apns_topic_stopped", topic=certificate.topic, tenant=str(certificate.tenant_id), reason=reason)


def _parse(pem: bytes) -> x509.Certificate:
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in pem else x509.load_der_x509_certificate
    try:
        return load(pem)
    except ValueError:
        raise BadRequest("invalid APNs certificate: the file is not a PEM or DER certificate.") from None


def _topic(certificate: x509.Certificate) -> str:
    """The push topic stands in the subject's user id (UID)."""
    values = [str(item.value) for item in certificate.subject.get_attributes_for_oid(NameOID.USER_ID)]
    if not values or not values[0].startswith(TOPIC_PREFIX):
        raise BadRequest(f"invalid APNs certificate: its subject carries no {TOPIC_PREFIX} topic; is it an MDM one?")
    return values[0]


def _refuse_another_topic(row: ApnsCertificate) -> None:
    """A renewed certificate keeps its topic; Apple gives another one to another request than a renewal."""
    completed = ApnsCertificate.objects.filter(tenant=row.tenant, state=ApnsCertificate.State.COMPLETED)
    topics = set(completed.exclude(pk=row.pk).values_list("topic", flat=True))
    if topics and row.topic not in topics:
        raise BadRequest(
            f"invalid APNs certificate: its topic {row.topic} is not the tenant's {', '.join(sorted(topics))}. Devices "
            "enrolled under the old topic could not be woken with it and would have to enrol again. Renew the old "
            "certificate at Apple with the same Apple Account instead, or force this one."
        )


def _public_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
