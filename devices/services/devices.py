"""Writes about devices."""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone

from devices.models import (
    Blueprint,
    BlueprintVersion,
    Device,
    DeviceGroup,
    DeviceSettings,
    DeviceState,
    DriftReport,
    Heartbeat,
)
from tenants import audit
from tenants.actors import Actor


def change_state(device_ids: list[uuid.UUID], old: DeviceState, new: DeviceState) -> int:
    """Compare-and-set; how many devices moved."""
    return Device.objects.filter(pk__in=device_ids, state=old).update(state=new, updated_at=timezone.now())


def note_contact(device: Device, *, at: dt.datetime | None = None) -> None:
    """The device was seen. The Apple connect statement does the same by itself."""
    Heartbeat.objects.update_or_create(
        device=device, defaults={"tenant_id": device.tenant_id, "last_seen": at or timezone.now()}
    )


def record_settings(device_id: uuid.UUID, **settings: Any) -> None:
    """What a device has just told or confirmed of its settings; the others stay as they are."""
    DeviceSettings.objects.update_or_create(device_id=device_id, defaults=settings)


def record_time_zone(device_id: uuid.UUID, zone: str) -> None:
    """A name of the IANA database that the device has taken."""
    Device.objects.filter(pk=device_id).update(time_zone=zone, updated_at=timezone.now())


def record_device_name(device_id: uuid.UUID, name: str) -> None:
    """What the device calls itself, as it has confirmed."""
    Device.objects.filter(pk=device_id).update(name=name[:255], updated_at=timezone.now())


def rename_device(device_id: uuid.UUID, alias: str) -> None:
    """What people call it, said by a command."""
    Device.objects.filter(pk=device_id).update(alias=alias, updated_at=timezone.now())


def note_converge(device_id: uuid.UUID, status: Device.ConvergeStatus) -> None:
    """Its latest converge is open (from when it is queued), or failed; `note_converged` notes success.

    The device row keeps this word because this room knows nothing of converges: `blueprint_upgrade_status` needs it.
    """
    note_converges([device_id], status)


def note_converges(device_ids: Collection[uuid.UUID], status: Device.ConvergeStatus) -> None:
    """The same for many devices, in one statement. Blank takes the word back, as when a converge is dropped."""
    rows = Device.objects.filter(pk__in=device_ids).exclude(converge_status=status)
    rows.update(converge_status=status, updated_at=timezone.now())


def note_converged(device_id: uuid.UUID, blueprint: Blueprint, version: BlueprintVersion) -> None:
    """The device is now as this version says: that is its current blueprint. What differed before does no more."""
    note_all_converged([device_id], blueprint.pk, version.pk)


def note_all_converged(device_ids: Collection[uuid.UUID], blueprint_id: uuid.UUID, version_id: uuid.UUID) -> None:
    """The same for many devices."""
    DriftReport.objects.filter(device__in=device_ids).delete()
    Device.objects.filter(pk__in=device_ids).update(
        current_blueprint=blueprint_id,
        current_blueprint_version=version_id,
        converge_status=Device.ConvergeStatus.NONE,
        updated_at=timezone.now(),
    )


def generated_name(device_id: uuid.UUID) -> str:
    """The name of a device that tells none."""
    return f"MST-{device_id.hex[:4].upper()}-{device_id.hex[4:8].upper()}"


@transaction.atomic
def update_device(*, device: Device, alias: str, actor: Actor) -> Device:
    """What people call it. Without a difference nothing is written."""
    row = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device.pk)
    if row.alias == alias:
        return row
    row.alias, row.updated_by = alias, actor.name
    row.save(update_fields=["alias", "updated_by", "updated_at"])
    audit.record(actor=actor, action="device.changed", subject=row, details={"alias": alias})
    return row


def move_into(group: DeviceGroup | None, device_ids: Collection[uuid.UUID], *, actor: Actor) -> list[uuid.UUID]:
    """Within a transaction. The devices that were not there already; `commands.services.moves` is the way in."""
    rows = Device.objects.select_for_update(of=("self",), no_key=True).order_by("pk").filter(pk__in=device_ids)
    group_id = group.pk if group else None
    elsewhere = [pk for pk, at in rows.values_list("pk", "group_id") if at != group_id]
    Device.objects.filter(pk__in=elsewhere).update(group=group, updated_by=actor.name, updated_at=timezone.now())
    return elsewhere
