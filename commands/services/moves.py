"""Moving devices into a group, which brings them to the blueprint that is in force there."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from commands.models import Converge
from commands.services.converges.creation import create_converges
from config.api.errors import NotFound
from config.api.known import known_ids
from devices.models import Device, DeviceGroup
from devices.services.devices import move_into
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant


@dataclass(frozen=True)
class Moved:
    moved: list[uuid.UUID]  # those that were not there already
    converging: list[uuid.UUID]  # those of them that are brought to the group's blueprint


@transaction.atomic
def move_devices(*, tenant: Tenant, actor: Actor, device_ids: Sequence[uuid.UUID], group: DeviceGroup | None) -> Moved:
    """All or none: BadRequest names the devices that are unknown. Without a group they are in none afterwards.

    A device whose blueprint the group now gives converges, with what is for provisioning only; one that has a blueprint
    of its own keeps that and does not.
    """
    wanted = known_ids("device", device_ids, Device.objects.filter(tenant=tenant))
    if group is not None:
        _hold(tenant, group)
    moved = move_into(group, wanted, actor=actor)
    if not moved:
        return Moved([], [])
    details = {"devices": [str(each) for each in moved], "group": str(group.pk) if group else None}
    audit.record(actor=actor, action="device.moved", subject=group or tenant, tenant=tenant, details=details)
    heirs = [] if group is None else _heirs(moved)
    return Moved(
        moved,
        create_converges(tenant=tenant, actor=actor, device_ids=heirs, provision=True, cause=Converge.Cause.MOVE),
    )


@transaction.atomic
def take_out_devices(
    *, tenant: Tenant, actor: Actor, device_ids: Sequence[uuid.UUID], group: DeviceGroup
) -> list[uuid.UUID]:
    """Those of them that were in this group, which are in none now. BadRequest names the devices that are unknown.

    Nothing is sent to them: what the group's blueprint brought stays.
    """
    wanted = known_ids("device", device_ids, Device.objects.filter(tenant=tenant))
    inside = Device.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted, group=group)
    here = list(inside.order_by("pk").values_list("pk", flat=True))
    return move_devices(tenant=tenant, actor=actor, device_ids=here, group=None).moved if here else []


def _heirs(device_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those whose blueprint is their group's."""
    rows = Device.objects.filter(pk__in=device_ids, assigned_blueprint=None, group__effective_blueprint__isnull=False)
    return list(rows.order_by().values_list("pk", flat=True))


def _hold(tenant: Tenant, group: DeviceGroup) -> None:
    """So that it is not deleted meanwhile."""
    rows = DeviceGroup.objects.select_for_update(of=("self",), no_key=True)
    if rows.filter(tenant=tenant, pk=group.pk).first() is None:
        raise NotFound("No device group has this id.")
