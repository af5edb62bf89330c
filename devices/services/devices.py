"""Writes about devices."""

import datetime as dt
import uuid

from django.utils import timezone

from devices.models import Device, DeviceState, Heartbeat


def change_state(device_ids: list[uuid.UUID], old: DeviceState, new: DeviceState) -> int:
    """Compare-and-set; how many devices moved."""
    return Device.objects.filter(pk__in=device_ids, state=old).update(state=new, updated_at=timezone.now())


def note_contact(device: Device, *, at: dt.datetime | None = None) -> None:
    """The device was seen. The Apple connect statement does the same by itself."""
    Heartbeat.objects.update_or_create(
        device=device, defaults={"tenant_id": device.tenant_id, "last_seen": at or timezone.now()}
    )


def generated_name(device_id: uuid.UUID) -> str:
    """The name of a device that tells none."""
    return f"MST-{device_id.hex[:4].upper()}-{device_id.hex[4:8].upper()}"
