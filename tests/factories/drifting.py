"""Devices that differ from their blueprints, and those that do not."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from commands.models import CommandRequest
from devices.models import Device, DeviceInventory, DriftReport
from tenants.models import Tenant
from tests.factories.devices import DeviceFactory

BERLIN = {"timezone_settings": {"timezone": "Europe/Berlin"}}
WRONG_ZONE = {
    "setting": "timezone_settings.timezone",
    "part": "time_zone",
    "wanted": "Europe/Berlin",
    "found": "Asia/Tokyo",
    "reason": "",
    "refused": False,
}


def hours_ago(hours: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(hours=hours)


def settled(device: Device, *, hours: float = 1) -> Device:
    """It told all that it has so many hours ago, and nothing changed since."""
    moment = hours_ago(hours)
    told = dict.fromkeys(("information_at", "profiles_at", "apps_at"), moment)
    DeviceInventory.objects.update_or_create(device=device, defaults=told)
    Device.objects.filter(pk=device.pk).update(updated_at=moment)
    return device


def in_tokyo(tenant: Tenant, **fields: Any) -> Device:
    return settled(DeviceFactory(tenant=tenant, time_zone="Asia/Tokyo", **fields))


def found() -> dict[uuid.UUID, int]:
    return dict(DriftReport.objects.values_list("device", "count"))


# Comparing ------------------------------------------------------------------------------------------------------------


def asked() -> QuerySet[CommandRequest]:
    return CommandRequest.objects.filter(command="DEVICE_INFORMATION").order_by("created_at")
