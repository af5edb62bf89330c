"""Reads about tenants."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet, Value
from django.utils import timezone

from config.api.errors import NotFound
from config.api.fields import parse_id
from tenants.models import ApnsCertificate, DepToken, Membership, Role, Tenant, TenantContact, VppToken

SEALED_IN_DEP_TOKENS = ("private_key", "consumer_key", "consumer_secret", "access_token", "access_secret")


def get_tenant(tenant_id: str | uuid.UUID) -> Tenant:
    """By id or NotFound."""
    try:
        return Tenant.objects.get(pk=uuid.UUID(str(tenant_id)))
    except (Tenant.DoesNotExist, ValueError):
        raise NotFound(f"No tenant has the id {tenant_id}.") from None


def find_tenant(id_or_name: str) -> Tenant:
    """As people name it on a command line, or NotFound."""
    found = Tenant.objects.filter(name=id_or_name).first()
    return found or get_tenant(id_or_name)


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


def tenant_by_id_or_name(text: str) -> Tenant:
    """As people write it on the command line; NotFound if it is neither."""
    key = parse_id(text)
    row = (Tenant.objects.filter(pk=key).first() if key else None) or Tenant.objects.filter(name=text).first()
    if row is None:
        raise NotFound(f"No tenant has the id or the name {text!r}.")
    return row


def recipients_of(tenant: Tenant | None) -> list[str]:
    """The e-mail addresses that hear of a tenant, or of the installation (None).

    A tenant's contacts; if it has none, its admins in the console. The installation's are the superusers.
    """
    if tenant is None:
        return _addresses(User.objects.filter(is_active=True, is_superuser=True).values_list("email", flat=True))
    contacts = TenantContact.objects.filter(tenant=tenant).values_list("email", flat=True)
    return _addresses(contacts) or _addresses(_admins([tenant.pk]).values_list("user__email", flat=True))


def without_recipients(tenant_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the tenants of which nobody would hear. Two queries, however many they are."""
    told = set(TenantContact.objects.filter(tenant_id__in=tenant_ids).values_list("tenant_id", flat=True))
    admins = _admins([pk for pk in tenant_ids if pk not in told]).values_list("tenant_id", "user__email")
    return set(tenant_ids) - told - {tenant_id for tenant_id, email in admins if _addresses([email])}


def _admins(tenant_ids: Collection[uuid.UUID]) -> QuerySet[Membership]:
    return Membership.objects.filter(
        tenant_id__in=tenant_ids, role=Role.ADMIN, user__is_active=True, user__is_staff=True
    )


def _addresses(emails: Iterable[str]) -> list[str]:
    """Each once, in order, without what is no address."""
    return sorted({email.lower(): email for email in emails if _is_address(email)}.values())


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return email.isprintable()


def tenants_with_credentials(tenant_ids: Collection[uuid.UUID]) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Those of them with an APNs certificate, and those with anything that Apple gave. One query."""
    certificates = ApnsCertificate.objects.filter(state=ApnsCertificate.State.COMPLETED)
    dep_tokens = DepToken.objects.filter(state=DepToken.State.COMPLETED)
    kinds: list[QuerySet[Any]] = [certificates, dep_tokens, VppToken.objects.all()]
    first, *others = (
        rows.filter(tenant_id__in=tenant_ids).order_by().annotate(kind=Value(kind)).values_list("tenant_id", "kind")
        for kind, rows in enumerate(kinds)
    )
    found = list(first.union(*others))
    return {tenant_id for tenant_id, kind in found if kind == 0}, {tenant_id for tenant_id, _ in found}


def list_apns_certificates(tenant: Tenant, *, state: str = "") -> QuerySet[ApnsCertificate]:
    """Latest first, without keys and certificates."""
    rows = ApnsCertificate.objects.filter(tenant=tenant).defer("private_key", "signing_request", "certificate")
    return (rows.filter(state=state) if state else rows).order_by("-created_at", "id")


def get_apns_certificate(*, tenant: Tenant, certificate_id: str | uuid.UUID) -> ApnsCertificate:
    """By id or NotFound, which a foreign one is too."""
    known = parse_id(str(certificate_id))
    row = list_apns_certificates(tenant).filter(pk=known).first() if known else None
    if row is None:
        raise NotFound("No APNs certificate has this id.")
    return row


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


def list_dep_tokens(tenant: Tenant, *, state: str = "") -> QuerySet[DepToken]:
    """Latest first, without what is sealed in them."""
    rows = DepToken.objects.filter(tenant=tenant).defer(*SEALED_IN_DEP_TOKENS, "certificate")
    return rows.filter(state=state) if state else rows


def get_dep_token(*, tenant: Tenant, token_id: str) -> DepToken:
    """By id or NotFound, which a foreign one is too."""
    key = parse_id(token_id)
    row = list_dep_tokens(tenant).filter(pk=key).first() if key else None
    if row is None:
        raise NotFound("No DEP token has this id.")
    return row


def list_vpp_tokens(tenant: Tenant) -> QuerySet[VppToken]:
    """Latest first, without what is sealed in them."""
    return VppToken.objects.filter(tenant=tenant).defer("token")
