"""Devices, groups, heartbeats."""

import datetime as dt
import uuid
from itertools import count
from typing import Any

from django.utils import timezone

from devices.models import Device, DeviceGroup, DeviceState, Heartbeat, Platform
from tests.factories.tenants import TenantFactory

_numbers = count(1)


def DeviceGroupFactory(**fields: Any) -> DeviceGroup:
    """Its `blueprint`, or that of its `parent`, is in force for it."""
    if "tenant" not in fields:
        fields["tenant"] = TenantFactory()
    parent = fields.get("parent")
    inherited = parent.effective_blueprint if parent else None
    fields.setdefault("effective_blueprint", fields.get("blueprint") or inherited)
    return DeviceGroup.objects.create(**{"name": f"Group {next(_numbers)}", **fields})


def DeviceFactory(**fields: Any) -> Device:
    """An active iPhone. `AndroidFactory` makes an Android phone."""
    number = next(_numbers)
    if "tenant" not in fields:
        fields["tenant"] = TenantFactory()
    made: dict[str, Any] = {
        "platform": Platform.APPLE,
        "os": "iOS",
        "os_version": "18.1",
        "state": DeviceState.ACTIVE,
        "name": f"Device {number}",
        "serial": f"SERIAL{number:06}",
        "udid": str(uuid.uuid4()).upper(),
        "device_source": Device.Source.NON_ABM,
    }
    return Device.objects.create(**{**made, **fields})


def AndroidFactory(**fields: Any) -> Device:
    made: dict[str, Any] = {
        "platform": Platform.ANDROID,
        "os": "Android",
        "os_version": "14",
        "udid": "",
        "device_source": "",
    }
    return DeviceFactory(**{**made, **fields})


def some_devices(count: int, **columns: Any) -> list[Device]:
    return [DeviceFactory(**columns) for _ in range(count)]


def seen(device: Device, ago: dt.timedelta = dt.timedelta()) -> Heartbeat:
    """The device was last seen this long ago."""
    told = {"tenant": device.tenant, "last_seen": timezone.now() - ago}
    if Heartbeat.objects.filter(device=device).update(**told):
        return Heartbeat.objects.get(device=device)
    return Heartbeat.objects.create(device=device, **told)
