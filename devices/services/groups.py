"""Writes about device groups: a tree per tenant, down which blueprints are handed."""

import uuid
from collections.abc import Callable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection, transaction
from django.db.models import ProtectedError

from config.api.errors import BadRequest, Conflict
from config.api.known import known_ids
from devices.models import Blueprint, DeviceGroup
from devices.selectors import with_subgroups
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

# From the roots down, each group takes its own blueprint or else what the one above it took.
HAND_DOWN_SQL = """
WITH RECURSIVE tree AS (
    SELECT id, blueprint_id AS effective FROM devices_devicegroup WHERE tenant_id = %(tenant)s AND parent_id IS NULL
    UNION ALL
    SELECT child.id, coalesce(child.blueprint_id, tree.effective)
    FROM devices_devicegroup child JOIN tree ON child.parent_id = tree.id
)
UPDATE devices_devicegroup g SET effective_blueprint_id = tree.effective
FROM tree WHERE g.id = tree.id AND g.effective_blueprint_id IS DISTINCT FROM tree.effective
"""

LEAVERS: list[Callable[[DeviceGroup], None]] = []
"""What other rooms do before a group goes, with the tree locked. They add theirs in a module `uses`."""


@transaction.atomic
def create_group(
    *,
    tenant: Tenant,
    name: str,
    actor: Actor,
    parent: DeviceGroup | None = None,
    blueprint: Blueprint | None = None,
    group_id: uuid.UUID | None = None,
) -> DeviceGroup:
    """BadRequest if the parent is another tenant's or has a group of this name already."""
    lock_tree(tenant.pk)
    group = DeviceGroup(
        id=group_id or uuid.uuid4(),
        tenant=tenant,
        name=name,
        parent=parent,
        blueprint=blueprint,
        created_by=actor.name,
        updated_by=actor.name,
    )
    _check(group)
    group.save(force_insert=True)
    hand_blueprints_down(tenant.pk)
    group.refresh_from_db(fields=["effective_blueprint"])
    audit.record(actor=actor, action="device_group.created", subject=group, details=_told(group))
    return group


@transaction.atomic
def update_group(
    *, group: DeviceGroup, name: str, parent: DeviceGroup | None, blueprint: Blueprint | None, actor: Actor
) -> DeviceGroup:
    """Renames, moves, assigns; the subgroups and devices come along. BadRequest for a parent below the group itself.

    Nothing is sent to devices by it: another blueprint reaches them with their next converge.
    """
    lock_tree(group.tenant_id)
    row = DeviceGroup.objects.select_related("parent", "blueprint").get(pk=group.pk)
    if (row.name, row.parent, row.blueprint) == (name, parent, blueprint):
        return row
    if parent is not None and _is_below(parent, row):
        raise BadRequest(f"{parent.name} is {row.name} itself or below it, so it cannot be its parent.")
    row.name, row.parent, row.blueprint, row.updated_by = name, parent, blueprint, actor.name
    _check(row)
    row.save(update_fields=["name", "parent", "blueprint", "updated_by", "updated_at"])
    hand_blueprints_down(row.tenant_id)
    row.refresh_from_db(fields=["effective_blueprint"])
    audit.record(actor=actor, action="device_group.changed", subject=row, details=_told(row))
    return row


@transaction.atomic
def delete_group(*, group: DeviceGroup, actor: Actor) -> None:
    """Its devices are in no group afterwards. Conflict while it has subgroups."""
    lock_tree(group.tenant_id)
    for leave in LEAVERS:
        leave(group)
    DeviceGroup.objects.select_for_update(of=("self",)).filter(pk=group.pk).first()  # nothing is moved into it now
    audit.record(actor=actor, action="device_group.deleted", subject=group, details=_told(group))
    try:
        group.delete()
    except ProtectedError:
        raise Conflict(f"The group {group.name} has subgroups; move or delete them first.") from None


def lock_tree(tenant_id: uuid.UUID) -> None:
    """For changes of a tenant's groups: two at once could close a circle, or hand a blueprint down that has gone."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def hand_blueprints_down(tenant_id: uuid.UUID) -> None:
    """Keeps `effective_blueprint` right, with the tree locked. Groups where it stays are not written."""
    with connection.cursor() as cursor:
        cursor.execute(HAND_DOWN_SQL, {"tenant": tenant_id})


def _is_below(group: DeviceGroup, top: DeviceGroup) -> bool:
    return DeviceGroup.objects.filter(pk__in=with_subgroups(top.tenant, [top.pk])).filter(pk=group.pk).exists()


def _check(group: DeviceGroup) -> None:
    if group.parent is not None and group.parent.tenant_id != group.tenant_id:
        raise BadRequest("The parent is not a group of this tenant.")
    if group.blueprint is not None and group.blueprint.tenant_id != group.tenant_id:
        raise BadRequest("The blueprint is not one of this tenant.")
    if group.blueprint is not None:  # held, so that it is not deleted meanwhile
        known_ids("blueprint", [group.blueprint.pk], Blueprint.objects.select_for_update(no_key=True))
    try:
        group.full_clean()
    except ValidationError as error:
        told = error.message_dict
        told |= {"name": told.pop(NON_FIELD_ERRORS)} if NON_FIELD_ERRORS in told else {}  # the name is taken
        raise BadRequest("; ".join(error.messages), content=told) from None


def _told(group: DeviceGroup) -> dict[str, Any]:
    return {
        "name": group.name,
        "parent": str(group.parent_id) if group.parent_id else None,
        "blueprint": str(group.blueprint_id) if group.blueprint_id else None,
    }
