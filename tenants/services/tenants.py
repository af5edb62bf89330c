"""Writes about tenants and who may see them in the console."""

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from config.api.errors import BadRequest
from tenants import audit
from tenants.actors import Actor
from tenants.models import Membership, Role, Tenant
from tenants.services.authority import create_device_authority
from tenants.zones import require_zone

DEFAULT_COUNTRY = "us"  # of Apple's store


@transaction.atomic
def create_tenant(
    *,
    name: str,
    actor: Actor,
    tenant_id: uuid.UUID | None = None,
    time_zone: str = "UTC",
    store_country: str = DEFAULT_COUNTRY,
) -> Tenant:
    """A tenant with its device authority. BadRequest if the name or the id is taken, the zone unknown, …"""
    tenant = Tenant(
        id=tenant_id or uuid.uuid4(), name=name, time_zone=time_zone, store_country=store_country.strip().lower()
    )
    _check(tenant)
    tenant.save(force_insert=True)
    create_device_authority(tenant=tenant)
    audit.record(actor=actor, action="tenant.created", subject=tenant, tenant=tenant, details={"name": name})
    return tenant


@transaction.atomic
def update_tenant(*, tenant: Tenant, actor: Actor, name: str, time_zone: str, store_country: str) -> Tenant:
    """BadRequest if the name is taken, the zone unknown or the country none. Without a difference nothing is written.

    Apps that are known from the store of another country are asked for in the new one as they get old, or are looked
    up.
    """
    row = Tenant.objects.select_for_update().get(pk=tenant.pk)
    wanted = {"name": name, "time_zone": time_zone, "store_country": store_country.strip().lower()}
    changes = _changes(row, wanted)
    if changes:
        _check(row)
        row.save(update_fields=list(changes))
        audit.record(actor=actor, action="tenant.changed", subject=row, tenant=row, details=changes)
    return row


@transaction.atomic
def set_membership(*, user: User, tenant: Tenant, role: Role, actor: Actor) -> Membership:
    """The user is in the tenant with this role, whatever it was before."""
    membership = Membership.objects.select_for_update().filter(user=user, tenant=tenant).first()
    if membership is None:
        membership = Membership.objects.create(user=user, tenant=tenant, role=role)
    elif membership.role == role:
        return membership
    else:
        membership.role = role
        membership.save(update_fields=["role"])
    details = {"user": user.get_username(), "role": role}
    audit.record(actor=actor, action="membership.set", subject=membership, details=details)
    return membership


@transaction.atomic
def remove_membership(*, membership: Membership, actor: Actor) -> None:
    """The user sees the tenant no more, from the next request on."""
    details = {"user": membership.user.get_username(), "role": membership.role}
    audit.record(actor=actor, action="membership.removed", subject=membership, details=details)
    membership.delete()


def _changes(row: Tenant, wanted: dict[str, Any]) -> dict[str, Any]:
    """Sets what differs and tells what did."""
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
    return changes


def _check(tenant: Tenant) -> None:
    require_zone(tenant.time_zone)
    try:
        tenant.full_clean()
    except ValidationError as error:
        raise BadRequest("; ".join(error.messages), content=error.message_dict) from None
