"""Changes of a tenant's APNs certificate, with what they mean for its enrolled devices."""

from typing import LiteralString

from django.db import transaction
from django.utils import timezone

from commands.selectors import enrolled_by_topic
from config.db import hot_query
from tenants.actors import Actor
from tenants.models import ApnsCertificate, Tenant
from tenants.services import apns

# Whom a push failed, and who waits for the next one; not those whose token is dead. The busy are being pushed anyway.
PUT_OFF_SQL: LiteralString = """
UPDATE commands_appleenrolment SET wake_at = %(now)s WHERE id IN (
    SELECT id FROM commands_appleenrolment
    WHERE tenant_id = %(tenant)s AND topic = %(topic)s AND channel = 'device' AND wake_at > %(now)s
        AND enabled_at IS NOT NULL AND push_token_dead_at IS NULL AND push_error <> ''
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""


@transaction.atomic
def import_certificate(
    *, tenant: Tenant, certificate_file: bytes, key_file: bytes, apple_id: str, actor: Actor, force: bool = False
) -> ApnsCertificate:
    row = apns.import_apns_certificate(
        tenant=tenant,
        certificate_file=certificate_file,
        key_file=key_file,
        apple_id=apple_id,
        actor=actor,
        enrolled=enrolled_by_topic(tenant),
        force=force,
    )
    push_again(row)
    return row


@transaction.atomic
def complete_certificate(
    *, certificate: ApnsCertificate, file: bytes, apple_id: str, actor: Actor, force: bool = False
) -> ApnsCertificate:
    row = apns.complete_apns_certificate(
        certificate=certificate,
        file=file,
        apple_id=apple_id,
        actor=actor,
        enrolled=enrolled_by_topic(certificate.tenant),
        force=force,
    )
    push_again(row)
    return row


def delete_certificate(*, certificate: ApnsCertificate, actor: Actor, force: bool = False) -> None:
    enrolled = enrolled_by_topic(certificate.tenant)
    apns.delete_apns_certificate(certificate=certificate, actor=actor, enrolled=enrolled, force=force)


def push_again(certificate: ApnsCertificate) -> int:
    """Makes the devices of its topic due that were put off, for want of this certificate perhaps; how many."""
    told = {"tenant": certificate.tenant_id, "topic": certificate.topic, "now": timezone.now()}
    return len(hot_query(PUT_OFF_SQL, told))
