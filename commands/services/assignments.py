"""Which devices and groups have a blueprint as their own.

Nothing is sent to devices by it: what is in force now reaches them with their next converge.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.api.errors import NotFound
from config.api.known import known_ids
from devices.models import Blueprint, Device, DeviceGroup
from devices.services.groups import hand_blueprints_down, lock_tree
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

Ids = Sequence[uuid.UUID]


@dataclass(frozen=True)
class Changed:
    """What is otherwise than before."""

    devices: list[uuid.UUID]
    groups: list[uuid.UUID]


@transaction.atomic
def assign_blueprint(
    *, tenant: Tenant, actor: Actor, blueprint: Blueprint, device_ids: Ids = (), group_ids: Ids = ()
) -> Changed:
    """Instead of what they had as their own. All or none: BadRequest names the unknown ones."""
    devices, groups = _locked(tenant, blueprint, device_ids, group_ids)
    others = [
        devices.exclude(assigned_blueprint=blueprint).values_list("pk", flat=True),
        groups.exclude(blueprint=blueprint).values_list("pk", flat=True),
    ]
    changed = Changed(*(list(rows) for rows in others))
    _set(tenant, actor, changed, blueprint)
    _tell(actor, "blueprint.assigned", blueprint, changed)
    return changed


@transaction.atomic
def withdraw_blueprint(
    *, tenant: Tenant, actor: Actor, blueprint: Blueprint, device_ids: Ids = (), group_ids: Ids = ()
) -> Changed:
    """From those of them that have it as their own: then their group's is in force. All or none, as above."""
    devices, groups = _locked(tenant, blueprint, device_ids, group_ids)
    holders = [
        devices.filter(assigned_blueprint=blueprint).values_list("pk", flat=True),
        groups.filter(blueprint=blueprint).values_list("pk", flat=True),
    ]
    changed = Changed(*(list(rows) for rows in holders))
    _set(tenant, actor, changed, None)
    _tell(actor, "blueprint.withdrawn", blueprint, changed)
    return changed


def _locked(
    tenant: Tenant, blueprint: Blueprint, device_ids: Ids, group_ids: Ids
) -> tuple[QuerySet[Device], QuerySet[DeviceGroup]]:
    """The tree first, then the blueprint, so that it is not deleted meanwhile, then the rows in their order."""
    lock_tree(tenant.pk)
    held = Blueprint.objects.select_for_update(of=("self",), no_key=True).filter(tenant=tenant, pk=blueprint.pk)
    if held.first() is None:
        raise NotFound("No blueprint has this id.")
    known_devices = known_ids("device", device_ids, Device.objects.filter(tenant=tenant))
    known_groups = known_ids("group", group_ids, DeviceGroup.objects.filter(tenant=tenant))
    devices = Device.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    groups = DeviceGroup.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    return devices.filter(pk__in=known_devices), groups.filter(pk__in=known_groups)


def _set(tenant: Tenant, actor: Actor, changed: Changed, blueprint: Blueprint | None) -> None:
    written: dict[str, Any] = {"updated_by": actor.name, "updated_at": timezone.now()}
    Device.objects.filter(pk__in=changed.devices).update(assigned_blueprint=blueprint, **written)
    if changed.groups:
        DeviceGroup.objects.filter(pk__in=changed.groups).update(blueprint=blueprint, **written)
        hand_blueprints_down(tenant.pk)


def _tell(actor: Actor, action: str, blueprint: Blueprint, changed: Changed) -> None:
    if changed.devices or changed.groups:
        details = {"devices": [str(pk) for pk in changed.devices], "groups": [str(pk) for pk in changed.groups]}
        audit.record(actor=actor, action=action, subject=blueprint, details=details)
