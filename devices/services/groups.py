"""Writes about device groups: a tree per tenant."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from config.api.errors import BadRequest, Conflict
from devices.models import DeviceGroup
from devices.selectors import with_subgroups
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant


@transaction.atomic
def create_group(
    *, tenant: Tenant, name: str, actor: Actor, parent: DeviceGroup | None = None, group_id: uuid.UUID | None = None
) -> DeviceGroup:
    """BadRequest if the parent is another tenant's or has a group of this name already."""
    group = DeviceGroup(
        id=group_id or uuid.uuid4(),
        tenant=tenant,
        name=name,
        parent=parent,
        created_by=actor.name,
        updated_by=actor.name,
    )
    _check(group)
    group.save(force_insert=True)
    audit.record(actor=actor, action="device_group.created", subject=group, details=_told(group))
    return group


@transaction.atomic
def update_group(*, group: DeviceGroup, name: str, parent: DeviceGroup | None, actor: Actor) -> DeviceGroup:
    """Renames and moves; the subgroups and devices come along. BadRequest for a parent below the group itself."""
    Tenant.objects.select_for_update().get(pk=group.tenant_id)  # two moves at once could close a circle
    row = DeviceGroup.objects.get(pk=group.pk)
    if (row.name, row.parent) == (name, parent):
        return row
    if parent is not None and _is_below(parent, row):
        raise BadRequest(f"{parent.name} is {row.name} itself or below it, so it cannot be its parent.")
    row.name, row.parent, row.updated_by = name, parent, actor.name
    _check(row)
    row.save(update_fields=["name", "parent", "updated_by", "updated_at"])
    audit.record(actor=actor, action="device_group.changed", subject=row, details=_told(row))
    return row


@transaction.atomic
def delete_group(*, group: DeviceGroup, actor: Actor) -> None:
    """Its devices are in no group afterwards. Conflict while it has subgroups."""
    audit.record(actor=actor, action="device_group.deleted", subject=group, details=_told(group))
    try:
        group.delete()
    except ProtectedError:
        raise Conflict(f"The group {group.name} has subgroups; move or delete them first.") from None


def _is_below(group: DeviceGroup, top: DeviceGroup) -> bool:
    return DeviceGroup.objects.filter(pk__in=with_subgroups(top.tenant, [top.pk])).filter(pk=group.pk).exists()


def _check(group: DeviceGroup) -> None:
    if group.parent is not None and group.parent.tenant_id != group.tenant_id:
        raise BadRequest("The parent is not a group of this tenant.")
    try:
        group.full_clean()
    except ValidationError as error:
        raise BadRequest("; ".join(error.messages), content=error.message_dict) from None


def _told(group: DeviceGroup) -> dict[str, Any]:
    return {"name": group.name, "parent": str(group.parent_id) if group.parent_id else None}
