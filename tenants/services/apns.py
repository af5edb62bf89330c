"""The life of a tenant's APNs certificate: key pair and CSR, then Apple's signed certificate, renewed each year.

`enrolled` says how many devices are enrolled under each push topic of the tenant: enrolments live in a later room.
"""

from collections.abc import Mapping

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import transaction
from django.utils import timezone

from config.api.errors import BadRequest, NeedsForce
from tenants import audit
from tenants.actors import Actor
from tenants.models import ApnsCertificate, Tenant
from tenants.push_certificates import PushCertificate, read_push_certificate
from tenants.selectors import get_apns_certificate
from tenants.services.push_requests import PushRequest, push_request, usable_vendor
from tenants.texts import require_one_line

log = structlog.get_logger(__name__)

State = ApnsCertificate.State
Enrolled = Mapping[str, int]


@transaction.atomic
def create_apns_certificate(*, tenant: Tenant, actor: Actor) -> ApnsCertificate:
    """A new key pair and its signing request, waiting for Apple's certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    row = _waiting_row(tenant, key, actor)
    audit.record(actor=actor, action="apns_certificate.requested", subject=row)
    return row


@transaction.atomic
def import_apns_certificate(
    *,
    tenant: Tenant,
    certificate_file: bytes,
    key_file: bytes,
    apple_id: str,
    actor: Actor,
    enrolled: Enrolled,
    force: bool = False,
) -> ApnsCertificate:
    """A certificate whose key was made elsewhere. BadRequest when the two do not fit, or as for a completed one."""
    try:
        key = serialization.load_pem_private_key(key_file, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadRequest("The key file is not a PEM private key without a passphrase.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadRequest("The key is not an RSA key.")
    row = _waiting_row(tenant, key, actor)
    return complete_apns_certificate(
        certificate=row, file=certificate_file, apple_id=apple_id, actor=actor, enrolled=enrolled, force=force
    )


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
def download_push_request(*, certificate: ApnsCertificate, actor: Actor) -> PushRequest:
    """What is uploaded to Apple, once more. BadRequest when the vendor's certificate cannot sign it."""
    made = push_request(certificate.signing_request, usable_vendor())
    details = {"vendor_signed": made.is_vendor_signed}
    audit.record(actor=actor, action="apns_certificate.request_downloaded", subject=certificate, details=details)
    return made


@transaction.atomic
def complete_apns_certificate(
    *,
    certificate: ApnsCertificate,
    file: bytes,
    apple_id: str,
    actor: Actor,
    enrolled: Enrolled,
    force: bool = False,
) -> ApnsCertificate:
    """Apple's signed certificate (PEM or DER) for a request. BadRequest when it does not fit.

    Also when topic or Apple ID are not those of the tenant's devices, unless forced. A completed row takes the same
    file again, which changes nothing, and a newer certificate of its key and topic.
    """
    require_one_line(apple_id=apple_id)
    row = _locked(certificate)
    signed = read_push_certificate(file, _public_bytes(row))
    if row.state == State.COMPLETED:
        if _is_known(row, signed, apple_id):
            return row
        _refuse_other_than_newer(row, signed)
    if not force:
        _refuse_another_topic(row, signed.topic, enrolled)
        _refuse_another_apple_id(row, signed.topic, apple_id, enrolled)
    row.topic, row.certificate, row.apple_id = signed.topic, signed.pem, apple_id
    row.cert_created_at, row.cert_expiry_on = signed.created_at, signed.expires_at
    row.state = State.COMPLETED
    row.topic_stopped_at, row.topic_stopped_reason = None, ""
    row.updated_by = actor.name
    row.full_clean()
    row.save()
    details = {"topic": row.topic, "apple_id": apple_id, "forced": force}
    audit.record(actor=actor, action="apns_certificate.completed", subject=row, details=details)
    return row


@transaction.atomic
def delete_apns_certificate(
    *, certificate: ApnsCertificate, actor: Actor, enrolled: Enrolled, force: bool = False
) -> None:
    """BadRequest for the last one that can wake the devices of its topic, unless forced."""
    row = _locked(certificate)
    devices = enrolled.get(row.topic, 0) if row.state == State.COMPLETED else 0
    if devices and not force and not _can_be_woken_without(row):
        raise NeedsForce(
            f"{_counted(devices)} enrolled under this certificate's topic {row.topic}, and no other valid certificate "
            "can wake them. Complete a renewed one first. Deleted by force (force=true), they get no commands "
            "until a certificate of the same topic is there again, or until they enrol anew."
        )
    details = {"topic": row.topic, "devices": devices, "forced": force}
    audit.record(actor=actor, action="apns_certificate.deleted", subject=row, details=details)
    row.delete()


def stop_topic(*, certificate: ApnsCertificate, reason: str) -> None:
    """Apple refuses this certificate: no more pushes with it until another one is completed.

    Not the one that has taken its place in the row while the refusal was on its way.
    """
    refused = ApnsCertificate.objects.filter(pk=certificate.pk, certificate=certificate.certificate)
    stopped = refused.filter(topic_stopped_at__isnull=True).update(
        topic_stopped_at=timezone.now(), topic_stopped_reason=reason[:128]
    )
    if stopped:
        log.error("apns_topic_stopped", topic=certificate.topic, tenant=str(certificate.tenant_id), reason=reason)


def _locked(certificate: ApnsCertificate) -> ApnsCertificate:
    """The row as it is now (NotFound if it was deleted). One tenant's certificates change one at a time."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=certificate.tenant_id)
    get_apns_certificate(tenant=tenant, certificate_id=certificate.pk)
    return ApnsCertificate.objects.select_for_update().get(pk=certificate.pk)


def _public_bytes(row: ApnsCertificate) -> bytes:
    """Of a key that we made, or took, and sealed ourselves: its primes were proved then."""
    key = serialization.load_pem_private_key(row.private_key, password=None, unsafe_skip_rsa_key_validation=True)
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _can_be_woken_without(row: ApnsCertificate) -> bool:
    others = ApnsCertificate.objects.filter(tenant_id=row.tenant_id, topic=row.topic, state=State.COMPLETED)
    good = others.filter(cert_expiry_on__gt=timezone.now(), topic_stopped_at__isnull=True)
    return good.exclude(pk=row.pk).exists()


def _is_known(row: ApnsCertificate, signed: PushCertificate, apple_id: str) -> bool:
    """The same upload again. One that Apple has refused meanwhile is taken anew: pushing starts again."""
    return row.certificate == signed.pem and row.apple_id == apple_id and row.topic_stopped_at is None


def _refuse_other_than_newer(row: ApnsCertificate, signed: PushCertificate) -> None:
    if row.topic != signed.topic:
        raise BadRequest(
            f"invalid APNs certificate: its topic {signed.topic} is not {row.topic}, with which this one was "
            "completed. Make a new request (POST) for another topic."
        )
    assert row.cert_expiry_on is not None  # a completed certificate has one
    if row.certificate != signed.pem and signed.expires_at <= row.cert_expiry_on:
        raise BadRequest(
            f"invalid APNs certificate: it ends on {signed.expires_at:%Y-%m-%d}, no later than the one that is stored "
            f"({row.cert_expiry_on:%Y-%m-%d})."
        )


def _refuse_another_topic(row: ApnsCertificate, topic: str, enrolled: Enrolled) -> None:
    """A renewed certificate keeps its topic; Apple gives another one to another request than a renewal.

    Topics of enrolled devices count even if their certificate was deleted.
    """
    completed = ApnsCertificate.objects.filter(tenant_id=row.tenant_id, state=State.COMPLETED)
    topics = {*completed.values_list("topic", flat=True), *(each for each in enrolled if each)}
    if topics and topic not in topics:
        devices = sum(enrolled.get(each, 0) for each in topics)
        raise NeedsForce(
            f"invalid APNs certificate: its topic {topic} is not the tenant's {', '.join(sorted(topics))}. "
            f"{_counted(devices)} enrolled under the old topic, could not be woken with it and would have to enrol "
            "again. Renew the old certificate at Apple with the same Apple Account instead, or force this one."
        )


def _refuse_another_apple_id(row: ApnsCertificate, topic: str, apple_id: str, enrolled: Enrolled) -> None:
    """Who renews next year under the Apple ID that is noted here must find the certificate there."""
    completed = ApnsCertificate.objects.filter(tenant_id=row.tenant_id, topic=topic, state=State.COMPLETED)
    noted = completed.exclude(apple_id="").order_by("-cert_expiry_on").values_list("apple_id", flat=True).first()
    if noted and noted.casefold() != apple_id.casefold():
        raise NeedsForce(
            f"invalid Apple ID: the certificate of this topic was made with {noted}, not with the one given. Only that "
            "Apple Account can renew it; under another one the topic would be lost. "
            f"{_counted(enrolled.get(topic, 0))} enrolled under it and would have to enrol again. "
            "Give the Apple ID of the certificate, or force this one.",
            content={"apple_id": ["is not the one that the certificate was made with"]},
        )


def _counted(devices: int) -> str:
    return "1 device is" if devices == 1 else f"{devices} devices are"
