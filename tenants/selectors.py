"""Reads about tenants."""

import uuid

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.utils import timezone

from config.api.errors import NotFound
from tenants.models import ApnsCertificate, Membership, Role, Tenant


def get_tenant(tenant_id: str | uuid.UUID) -> Tenant:
    """By id or NotFound."""
    try:
        return Tenant.objects.get(pk=uuid.UUID(str(tenant_id)))
    except (Tenant.DoesNotExist, ValueError):
        raise NotFound(f"No tenant has the id {tenant_id}.") from None


def tenants_of_user(user: User | AnonymousUser, needed: Role = Role.VIEWER) -> QuerySet[Tenant]:
    """The tenants a console user may act for with at least this role."""
    if not user.is_active or not user.is_staff:
        return Tenant.objects.none()
    if user.is_superuser:
        return Tenant.objects.all()
    roles = [role for role in Role if role.allows(needed)]
    return Tenant.objects.filter(memberships__user_id=user.pk, memberships__role__in=roles)


def roles_of_user(user: User | AnonymousUser) -> dict[uuid.UUID, Role]:
    """What a console user is in each tenant, by the tenant's id. Superusers have no need of roles."""
    if not user.is_active or not user.is_staff:
        return {}
    rows = Membership.objects.filter(user_id=user.pk).values_list("tenant_id", "role")
    return {tenant_id: Role(role) for tenant_id, role in rows}


def push_certificate(*, tenant_id: uuid.UUID, topic: str) -> ApnsCertificate | None:
    """The newest valid certificate of a topic, to push with; None also while Apple refuses it."""
    return (
        _valid_apns_certificates(tenant_id)
        .filter(topic=topic, topic_stopped_at__isnull=True)
        .order_by("-cert_expiry_on")
        .first()
    )


def enrolment_topic(*, tenant: Tenant) -> str | None:
    """The push topic of new enrolments: that of the certificate that was completed last."""
    return _valid_apns_certificates(tenant.pk).order_by("-created_at").values_list("topic", flat=True).first()


def _valid_apns_certificates(tenant_id: uuid.UUID) -> QuerySet[ApnsCertificate]:
    return ApnsCertificate.objects.filter(
        tenant_id=tenant_id, state=ApnsCertificate.State.COMPLETED, cert_expiry_on__gt=timezone.now()
    )
